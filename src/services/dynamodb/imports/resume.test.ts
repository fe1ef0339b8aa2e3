import type { ImportTableDescription } from "@aws-sdk/client-dynamodb";
import { expect, it } from "vitest";
import { clients } from "../../../../test/harness.ts";
import { start } from "../../../start.ts";
import { MemoryStore } from "../../../storage/memory.ts";
import { newBucket, put } from "../../s3/testing.ts";
import { dynamoClients } from "../testing.ts";
import { importJobs } from "../transfer/tables.ts";

/** The same over a stop: a store that outlives the Cloudkeep that used it. */
class LastingStore extends MemoryStore {
  override async close(): Promise<void> {}
}

it("an import that is interrupted goes on where it was, and counts nothing twice", async () => {
  const store = new LastingStore();
  const first = await start({ store });
  const { s3 } = clients(first, first.credentials);
  const S3Bucket = await newBucket(s3);
  const [objects, linesEach] = [40, 250];
  const count = objects * linesEach;
  // Bodies that are small stand in the store.
  for (let n = 0; n < objects; n += 1) {
    const lines = Array.from({ length: linesEach }, (_, i) =>
      JSON.stringify({ Item: { p: { S: `${n}/${i}` } } }),
    );
    await put(s3, S3Bucket, `${n}.json`, `${lines.join("\n")}\nno item`);
  }
  const { dynamodb } = dynamoClients(first, first.credentials);
  const begun = await dynamodb.importTable({
    S3BucketSource: { S3Bucket },
    InputFormat: "DYNAMODB_JSON",
    TableCreationParameters: {
      TableName: "large",
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "p", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }],
    },
  });
  const ImportArn = begun.ImportTableDescription?.ImportArn;
  await new Promise((resolve) => setTimeout(resolve, 50));
  await first.stop();
  const [held] = await store.transact((tx) => importJobs.list(tx, [first.accountId, first.region]));
  expect(held?.row.status).toBe("IN_PROGRESS");
  expect(held?.row.processed.items).toBeLessThan(count);
  const second = await start({ store, accountId: first.accountId });
  try {
    const again = dynamoClients(second, second.credentials).dynamodb;
    let done: ImportTableDescription | undefined;
    do done = (await again.describeImport({ ImportArn })).ImportTableDescription;
    while (done?.ImportStatus === "IN_PROGRESS");
    expect(done).toMatchObject({
      ProcessedItemCount: count + objects,
      ImportedItemCount: count,
      ErrorCount: objects,
    });
    const { Count } = await again.scan({ TableName: "large", Select: "COUNT" });
    expect(Count).toBe(count);
  } finally {
    await second.stop();
  }
});
