import { type FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from "@aws-sdk/client-firehose";
import { CreateBucketCommand, DeleteBucketCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { firehoseClient, mayPut, newBucket, newDeliveryStream, newRole, objectsIn } from "./testing.ts";

/** What waits while the destination refuses. */

const hourMs = 3_600_000;

let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let aws: ReturnType<typeof clients>;
beforeAll(async () => {
  process.env.CLOUDKEEP_FIREHOSE_BACKLOG_MIB = "2";
  cloudkeep = await startForTest();
  firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
  aws = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(async () => {
  delete process.env.CLOUDKEEP_FIREHOSE_BACKLOG_MIB;
  await cloudkeep.stop();
});

/** A stream whose bucket is gone. */
async function refused() {
  const bucket = await newBucket(aws.s3);
  const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket));
  const BufferingHints = { SizeInMBs: 1, IntervalInSeconds: 60 };
  const destination = { RoleARN, BucketARN: `arn:aws:s3:::${bucket}`, BufferingHints };
  const name = await newDeliveryStream(firehose, destination);
  await aws.s3.send(new DeleteBucketCommand({ Bucket: bucket }));
  return { bucket, name };
}

const put = (DeliveryStreamName: string, text: string) =>
  firehose.send(new PutRecordCommand({ DeliveryStreamName, Record: { Data: Buffer.from(text) } }));

const again = (Bucket: string) => aws.s3.send(new CreateBucketCommand({ Bucket }));

async function delivered(bucket: string): Promise<string> {
  return [...(await objectsIn(aws.s3, bucket)).values()].join("");
}

describe("records that cannot be delivered", () => {
  it("are kept for a day, and younger ones arrive once the destination is there", async () => {
    const { bucket, name } = await refused();
    await put(name, "old\n");
    await cloudkeep.clock.advance(20 * hourMs);
    await put(name, "young\n");
    await cloudkeep.clock.advance(5 * hourMs);
    await put(name, "new\n");
    await again(bucket);
    await cloudkeep.clock.advance(hourMs);
    expect(await delivered(bucket)).toBe("young\nnew\n");
  });

  it("all arrive where the destination comes back in time", async () => {
    const { bucket, name } = await refused();
    for (const text of ["a", "b", "c"]) {
      await put(name, text);
      await cloudkeep.clock.advance(7 * hourMs);
    }
    await again(bucket);
    await cloudkeep.clock.advance(hourMs);
    expect(await delivered(bucket)).toBe("abc");
  });

  it("are so many at most, and then nothing more is taken until some are gone", async () => {
    const { bucket, name } = await refused();
    const large = "x".repeat(1_000_000);
    for (let i = 0; i < 3; i += 1) await put(name, large);
    expect(await errorOf(put(name, "more"))).toMatchObject({
      name: "ServiceUnavailableException",
      message: "Slow down.",
      $metadata: { httpStatusCode: 503 },
    });
    const Records = [{ Data: Buffer.from("more") }];
    const batch = await errorOf(
      firehose.send(new PutRecordBatchCommand({ DeliveryStreamName: name, Records })),
    );
    expect(batch.name).toBe("ServiceUnavailableException");
    await again(bucket);
    await cloudkeep.clock.advance(hourMs);
    expect((await delivered(bucket)).length).toBe(3 * large.length);
    await put(name, "more");
    await cloudkeep.clock.advance(hourMs);
    expect((await delivered(bucket)).endsWith("more")).toBe(true);
  });
});
