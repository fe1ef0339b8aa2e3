import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreams } from "@aws-sdk/client-dynamodb-streams";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { dynamoClients, newTable, recordsOf } from "../testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let streams: DynamoDBStreams;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb, streams } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

type View = "KEYS_ONLY" | "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES";
const S = (text: string) => ({ S: text });
const streamed = (StreamViewType: View) =>
  newTable(dynamodb, { types: { p: "S" }, StreamSpecification: { StreamEnabled: true, StreamViewType } });

async function shardOf(TableName: string) {
  const { Streams } = await streams.listStreams({ TableName });
  const StreamArn = Streams?.[0]?.StreamArn;
  const { StreamDescription } = await streams.describeStream({ StreamArn });
  return { StreamArn, ShardId: StreamDescription?.Shards?.[0]?.ShardId, StreamDescription };
}

describe("streams", () => {
  it.each([
    ["KEYS_ONLY", [[], [], []]],
    ["NEW_IMAGE", [["NewImage"], ["NewImage"], []]],
    ["OLD_IMAGE", [[], ["OldImage"], ["OldImage"]]],
    ["NEW_AND_OLD_IMAGES", [["NewImage"], ["NewImage", "OldImage"], ["OldImage"]]],
  ] as const)("of %s show that much", async (view, images) => {
    const TableName = await streamed(view);
    await dynamodb.putItem({ TableName, Item: { p: S("x"), n: { N: "1" } } });
    await dynamodb.putItem({ TableName, Item: { p: S("x"), n: { N: "2" } } });
    // What changes nothing leaves no record.
    await dynamodb.putItem({ TableName, Item: { p: S("x"), n: { N: "2.0" } } });
    await dynamodb.deleteItem({ TableName, Key: { p: S("x") } });
    const records = await recordsOf(streams, TableName);
    expect(records.map(({ eventName }) => eventName)).toEqual(["INSERT", "MODIFY", "REMOVE"]);
    expect(
      records.map(({ dynamodb: shown }) =>
        (["NewImage", "OldImage"] as const).filter((name) => shown?.[name] !== undefined),
      ),
    ).toEqual(images);
    expect(records[0]?.dynamodb?.Keys).toEqual({ p: S("x") });
  });

  it("are read from where an iterator stands", async () => {
    const TableName = await streamed("KEYS_ONLY");
    const { StreamArn, ShardId } = await shardOf(TableName);
    const put = (p: string) => dynamodb.putItem({ TableName, Item: { p: S(p) } });
    const keysOf = async (ShardIterator: string | undefined, Limit?: number) => {
      const answer = await streams.getRecords({ ShardIterator, Limit });
      return {
        keys: answer.Records?.map(({ dynamodb: shown }) => shown?.Keys?.p?.S),
        next: answer.NextShardIterator,
        records: answer.Records,
      };
    };
    await put("a");
    const latest = await streams.getShardIterator({ StreamArn, ShardId, ShardIteratorType: "LATEST" });
    await put("b");
    await put("c");
    const first = await keysOf(latest.ShardIterator, 1);
    expect(first.keys).toEqual(["b"]);
    const second = await keysOf(first.next);
    expect(second.keys).toEqual(["c"]);
    expect((await keysOf(second.next)).keys).toEqual([]);
    const SequenceNumber = first.records?.[0]?.dynamodb?.SequenceNumber;
    const at = async (ShardIteratorType: "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER") => {
      const { ShardIterator } = await streams.getShardIterator({
        StreamArn,
        ShardId,
        ShardIteratorType,
        SequenceNumber,
      });
      return (await keysOf(ShardIterator)).keys;
    };
    expect(await at("AT_SEQUENCE_NUMBER")).toEqual(["b", "c"]);
    expect(await at("AFTER_SEQUENCE_NUMBER")).toEqual(["c"]);
  });

  it("miss no record that is written while they are read", async () => {
    const TableName = await streamed("KEYS_ONLY");
    const { StreamArn, ShardId } = await shardOf(TableName);
    let { ShardIterator: next } = await streams.getShardIterator({
      StreamArn,
      ShardId,
      ShardIteratorType: "TRIM_HORIZON",
    });
    const seen: string[] = [];
    let isWriting = true;
    const read = async () => {
      const answer = await streams.getRecords({ ShardIterator: next });
      seen.push(...(answer.Records ?? []).map(({ dynamodb: shown }) => shown?.Keys?.p?.S ?? ""));
      next = answer.NextShardIterator;
    };
    const reading = (async () => {
      while (isWriting) await read();
    })();
    const wanted = Array.from({ length: 200 }, (_, i) => `key-${i}`);
    await Promise.all(
      Array.from({ length: 10 }, async (_, writer) => {
        for (let i = writer; i < wanted.length; i += 10)
          await dynamodb.putItem({ TableName, Item: { p: S(wanted[i] as string) } });
      }),
    );
    isWriting = false;
    await reading;
    await read();
    expect(seen.sort()).toEqual([...wanted].sort());
  });

  it("tell that the service deleted what expired", async () => {
    const TableName = await streamed("OLD_IMAGE");
    await dynamodb.updateTimeToLive({
      TableName,
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
    });
    const ttl = { N: String(Math.floor(cloudkeep.clock.now() / 1000) + 60) };
    await dynamodb.putItem({ TableName, Item: { p: S("x"), ttl } });
    await cloudkeep.clock.advance(120_000);
    const last = (await recordsOf(streams, TableName)).at(-1);
    expect(last).toMatchObject({
      eventName: "REMOVE",
      userIdentity: { PrincipalId: "dynamodb.amazonaws.com", Type: "Service" },
      dynamodb: { OldImage: { p: S("x"), ttl } },
    });
  });

  it("keep records for a day, and iterators for a quarter of an hour", async () => {
    const TableName = await streamed("KEYS_ONLY");
    const { StreamArn, ShardId } = await shardOf(TableName);
    await dynamodb.putItem({ TableName, Item: { p: S("x") } });
    const [record] = await recordsOf(streams, TableName);
    const { ShardIterator } = await streams.getShardIterator({
      StreamArn,
      ShardId,
      ShardIteratorType: "LATEST",
    });
    await cloudkeep.clock.advance(16 * 60_000);
    expect((await errorOf(streams.getRecords({ ShardIterator }))).name).toBe("ExpiredIteratorException");
    await cloudkeep.clock.advance(25 * 3_600_000);
    expect(await recordsOf(streams, TableName)).toEqual([]);
    const trimmed = streams.getShardIterator({
      StreamArn,
      ShardId,
      ShardIteratorType: "AT_SEQUENCE_NUMBER",
      SequenceNumber: record?.dynamodb?.SequenceNumber,
    });
    expect((await errorOf(trimmed)).name).toBe("TrimmedDataAccessException");
  });

  it("end when they are turned off, and can be read for another day", async () => {
    const TableName = await streamed("KEYS_ONLY");
    await dynamodb.putItem({ TableName, Item: { p: S("x") } });
    const { StreamArn, ShardId } = await shardOf(TableName);
    await dynamodb.updateTable({ TableName, StreamSpecification: { StreamEnabled: false } });
    await dynamodb.putItem({ TableName, Item: { p: S("y") } });
    const { StreamDescription } = await shardOf(TableName);
    expect(StreamDescription?.StreamStatus).toBe("DISABLED");
    expect(StreamDescription?.Shards?.[0]?.SequenceNumberRange?.EndingSequenceNumber).toBeDefined();
    const { ShardIterator } = await streams.getShardIterator({
      StreamArn,
      ShardId,
      ShardIteratorType: "TRIM_HORIZON",
    });
    const { Records, NextShardIterator } = await streams.getRecords({ ShardIterator });
    expect(Records).toHaveLength(1);
    expect(NextShardIterator).toBeUndefined();
    await cloudkeep.clock.advance(26 * 3_600_000);
    expect((await errorOf(streams.describeStream({ StreamArn }))).name).toBe("ResourceNotFoundException");
  });
});
