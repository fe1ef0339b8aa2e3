import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import {
  DeleteResourcePolicyCommand,
  type KinesisClient,
  PutResourcePolicyCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { kinesisClient, newStream, readAll } from "../../kinesis/testing.ts";
import { dynamoClients, eventually, newTable } from "../testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const S = (text: string) => ({ S: text });

type Precision = "MILLISECOND" | "MICROSECOND";

async function statusOf(TableName: string, StreamArn: string) {
  const { KinesisDataStreamDestinations: all = [] } = await dynamodb.describeKinesisStreamingDestination({
    TableName,
  });
  return all.find((one) => one.StreamArn === StreamArn);
}

const settled = (TableName: string, StreamArn: string) =>
  eventually(
    () => statusOf(TableName, StreamArn),
    (one) => one?.DestinationStatus !== "ENABLING",
  );

async function streamed(precision?: Precision) {
  const TableName = await newTable(dynamodb);
  const { StreamName, StreamARN: StreamArn } = await newStream(kinesis);
  await dynamodb.enableKinesisStreamingDestination({
    TableName,
    StreamArn,
    ...(precision && {
      EnableKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: precision },
    }),
  });
  expect((await settled(TableName, StreamArn))?.DestinationStatus).toBe("ACTIVE");
  return { TableName, StreamName, StreamArn };
}

/** What the stream holds, once there is as much; a shard may be read five times in a second. */
async function records(StreamName: string, count: number) {
  for (;;) {
    const found = await readAll(kinesis, StreamName);
    if (found.length >= count) return found.map(changeIn);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function changeIn({ Data, PartitionKey: key }: { Data?: Uint8Array; PartitionKey?: string }) {
  return { key, ...JSON.parse(Buffer.from(Data ?? []).toString()) };
}

describe("a Kinesis stream as a table's destination", () => {
  it("gets each change, in AWS's form", async () => {
    const { TableName, StreamName } = await streamed();
    const item = { p: S("a"), c: S("1"), v: S("x") };
    await dynamodb.putItem({ TableName, Item: item });
    await dynamodb.putItem({ TableName, Item: item });
    await dynamodb.putItem({ TableName, Item: { ...item, v: S("y") } });
    await dynamodb.deleteItem({ TableName, Key: { p: S("a"), c: S("1") } });
    const found = await records(StreamName, 3);
    const { ApproximateCreationDateTime: at, ...rest } = found[0].dynamodb;
    expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
    expect({ ...found[0], dynamodb: rest }).toEqual({
      key: expect.stringMatching(/^[0-9A-F]{32}$/),
      awsRegion: "us-east-1",
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      eventName: "INSERT",
      userIdentity: null,
      recordFormat: "application/json",
      tableName: TableName,
      dynamodb: { Keys: { p: S("a"), c: S("1") }, NewImage: item, SizeBytes: 10 },
      eventSource: "aws:dynamodb",
    });
    expect(
      found.map(({ eventName, dynamodb: { OldImage, NewImage } }) => [eventName, OldImage, NewImage]),
    ).toEqual([
      ["INSERT", undefined, item],
      ["MODIFY", item, { ...item, v: S("y") }],
      ["REMOVE", { ...item, v: S("y") }, undefined],
    ]);
  });

  it("gets an item's changes in their order, however many are written at once", async () => {
    const { TableName, StreamName } = await streamed();
    const count = 60;
    await Promise.all(
      Array.from({ length: count }, () =>
        dynamodb.updateItem({
          TableName,
          Key: { p: S("counter"), c: S("1") },
          UpdateExpression: "ADD n :one",
          ExpressionAttributeValues: { ":one": { N: "1" } },
        }),
      ),
    );
    const found = await records(StreamName, count);
    expect(found.map(({ dynamodb: { NewImage } }) => Number(NewImage.n.N))).toEqual(
      Array.from({ length: count }, (_, i) => i + 1),
    );
  });

  it("is told of transactions, batches, and of what expired", async () => {
    const { TableName, StreamName } = await streamed("MICROSECOND");
    await dynamodb.updateTimeToLive({
      TableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: "until" },
    });
    const until = { N: String(Math.floor(Date.now() / 1000) - 60) };
    await dynamodb.transactWriteItems({
      TransactItems: ["1", "2"].map((c) => ({ Put: { TableName, Item: { p: S("t"), c: S(c) } } })),
    });
    await dynamodb.batchWriteItem({
      RequestItems: { [TableName]: [{ PutRequest: { Item: { p: S("b"), c: S("1"), until } } }] },
    });
    const found = await records(StreamName, 4);
    const expired = found.find(({ eventName }) => eventName === "REMOVE");
    expect(expired.userIdentity).toEqual({ principalId: "dynamodb.amazonaws.com", type: "Service" });
    expect(expired.dynamodb.ApproximateCreationDateTimePrecision).toBe("MICROSECOND");
    expect(expired.dynamodb.ApproximateCreationDateTime).toBeGreaterThan(Date.now() * 900);
    expect(found.filter(({ userIdentity }) => userIdentity === null)).toHaveLength(3);
  });

  it("gets nothing once it is disabled, and can be enabled again", async () => {
    const { TableName, StreamName, StreamArn } = await streamed();
    await dynamodb.putItem({ TableName, Item: { p: S("a"), c: S("1") } });
    await dynamodb.disableKinesisStreamingDestination({ TableName, StreamArn });
    expect(await statusOf(TableName, StreamArn)).toEqual({ StreamArn, DestinationStatus: "DISABLED" });
    await dynamodb.putItem({ TableName, Item: { p: S("a"), c: S("2") } });
    await dynamodb.enableKinesisStreamingDestination({ TableName, StreamArn });
    await settled(TableName, StreamArn);
    await dynamodb.putItem({ TableName, Item: { p: S("a"), c: S("3") } });
    const found = await records(StreamName, 2);
    expect(found.map(({ dynamodb: { Keys } }) => Keys.c.S)).toEqual(["1", "3"]);
  });

  it("is one at a time; one that cannot be used says so", async () => {
    const { TableName, StreamArn } = await streamed();
    const other = StreamArn.replace(/stream\/.*/, "stream/absent");
    const refused = await errorOf(
      dynamodb.enableKinesisStreamingDestination({ TableName, StreamArn: other }),
    );
    expect(refused.message).toMatch(/must be DISABLED or ENABLE_FAILED to perform ENABLE operation\.$/);
    await dynamodb.disableKinesisStreamingDestination({ TableName, StreamArn });
    await dynamodb.enableKinesisStreamingDestination({ TableName, StreamArn: other });
    expect(await settled(TableName, other)).toEqual({
      StreamArn: other,
      DestinationStatus: "ENABLE_FAILED",
      DestinationStatusDescription: "User does not have a permission to use kinesis stream",
    });
    const again = await errorOf(dynamodb.disableKinesisStreamingDestination({ TableName, StreamArn: other }));
    expect(again.message).toMatch(/must be ACTIVE to perform DISABLE operation\.$/);
  });

  it("gets later what could not be put", async () => {
    const { TableName, StreamName, StreamArn } = await streamed();
    const policy = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Principal: "*", Action: "kinesis:PutRecords", Resource: StreamArn }],
    };
    await kinesis.send(
      new PutResourcePolicyCommand({ ResourceARN: StreamArn, Policy: JSON.stringify(policy) }),
    );
    await dynamodb.putItem({ TableName, Item: { p: S("a"), c: S("1") } });
    await dynamodb.putItem({ TableName, Item: { p: S("a"), c: S("2") } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await readAll(kinesis, StreamName)).toEqual([]);
    await kinesis.send(new DeleteResourcePolicyCommand({ ResourceARN: StreamArn }));
    const found = await records(StreamName, 2);
    expect(found.map(({ dynamodb: { Keys } }) => Keys.c.S)).toEqual(["1", "2"]);
  });
});
