import {
  GetRecordsCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
  UpdateStreamWarmThroughputCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { iterator, kinesisClient, newStream, readAll, shardsOf, textOf } from "./testing.ts";

let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const whole = 2n ** 128n;
const half = (whole / 2n).toString();
const hourMs = 3_600_000;

async function put(StreamName: string, ExplicitHashKey: string, text: string) {
  const Data = Buffer.from(text);
  return await kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: "k", ExplicitHashKey, Data }));
}

const split = (StreamName: string, ShardToSplit: string, NewStartingHashKey: string) =>
  kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey }));
const merge = (StreamName: string, ShardToMerge: string, AdjacentShardToMerge: string) =>
  kinesis.send(new MergeShardsCommand({ StreamName, ShardToMerge, AdjacentShardToMerge }));
const id = (n: number) => `shardId-${String(n).padStart(12, "0")}`;

describe("shards", () => {
  it("cover all hash keys, evenly, and each record goes where its key says", async () => {
    const { StreamName } = await newStream(kinesis, { ShardCount: 3 });
    const shards = await shardsOf(kinesis, StreamName);
    let next = 0n;
    for (const { HashKeyRange } of shards) {
      expect(HashKeyRange?.StartingHashKey).toBe(next.toString());
      next = BigInt(HashKeyRange?.EndingHashKey ?? 0) + 1n;
    }
    expect(next).toBe(whole);
    const boundary = shards[1]?.HashKeyRange?.StartingHashKey ?? "";
    expect((await put(StreamName, boundary, "a")).ShardId).toBe(id(1));
    expect((await put(StreamName, (BigInt(boundary) - 1n).toString(), "b")).ShardId).toBe(id(0));
    expect((await put(StreamName, (whole - 1n).toString(), "c")).ShardId).toBe(id(2));
    const refused = await errorOf(put(StreamName, whole.toString(), "d"));
    expect([refused.name, refused.message]).toEqual([
      "InvalidArgumentException",
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${whole}`,
    ]);
  });

  it("are split: the parent ends, its children go on, and a reader is led to them", async () => {
    const { StreamName } = await newStream(kinesis);
    await put(StreamName, "5", "before");
    const open = await iterator(kinesis, StreamName);
    await split(StreamName, id(0), half);
    const shards = await shardsOf(kinesis, StreamName);
    expect(shards.map(({ ShardId, ParentShardId }) => [ShardId, ParentShardId])).toEqual([
      [id(0), undefined],
      [id(1), id(0)],
      [id(2), id(0)],
    ]);
    const parentEnd = shards[0]?.SequenceNumberRange?.EndingSequenceNumber ?? "";
    await put(StreamName, "5", "low");
    await put(StreamName, half, "high");
    const first = await kinesis.send(new GetRecordsCommand({ ShardIterator: open }));
    expect(first.Records?.map(textOf)).toEqual(["before"]);
    expect(first.Records?.[0]?.SequenceNumber?.localeCompare(parentEnd)).toBe(-1);
    expect(first.NextShardIterator).toBeUndefined();
    expect(first.ChildShards).toEqual([
      { ShardId: id(1), ParentShards: [id(0)], HashKeyRange: shards[1]?.HashKeyRange },
      { ShardId: id(2), ParentShards: [id(0)], HashKeyRange: shards[2]?.HashKeyRange },
    ]);
    expect((await readAll(kinesis, StreamName, id(1))).map(textOf)).toEqual(["low"]);
    expect((await readAll(kinesis, StreamName, id(2))).map(textOf)).toEqual(["high"]);
  });

  it("are merged if they are neighbours", async () => {
    const { StreamName } = await newStream(kinesis, { ShardCount: 3 });
    const apart = await errorOf(merge(StreamName, id(0), id(2)));
    expect([apart.name, apart.message]).toEqual([
      "InvalidArgumentException",
      `Shards ${id(0)} and ${id(2)} in stream ${StreamName} under account ${cloudkeep.accountId} are not an adjacent pair of shards eligible for merging`,
    ]);
    await merge(StreamName, id(1), id(0));
    const shards = await shardsOf(kinesis, StreamName);
    expect(shards.at(-1)).toMatchObject({
      ShardId: id(3),
      ParentShardId: id(1),
      AdjacentParentShardId: id(0),
      HashKeyRange: {
        StartingHashKey: "0",
        EndingHashKey: shards[1]?.HashKeyRange?.EndingHashKey,
      },
    });
    const again = await errorOf(merge(StreamName, id(0), id(1)));
    expect(again.message).toContain("has already been merged or split");
    const missing = await errorOf(split(StreamName, id(9), "5"));
    expect([missing.name, missing.message]).toEqual([
      "ResourceNotFoundException",
      `Could not find shard ${id(9)} in stream ${StreamName} under account ${cloudkeep.accountId}.`,
    ]);
    const outside = await errorOf(split(StreamName, id(2), "5"));
    expect(outside.message).toContain("is not both greater than one plus the shard's StartingHashKey");
  });

  it("are scaled to even ranges, within AWS's limits", async () => {
    const { StreamName } = await newStream(kinesis, { ShardCount: 2 });
    const scale = (TargetShardCount: number) =>
      kinesis.send(
        new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: "UNIFORM_SCALING" }),
      );
    expect((await errorOf(scale(5))).name).toBe("LimitExceededException");
    expect(await scale(3)).toMatchObject({ CurrentShardCount: 2, TargetShardCount: 3 });
    const open = async () =>
      (await shardsOf(kinesis, StreamName)).filter(
        ({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined,
      );
    expect((await open()).length).toBe(3);
    await scale(6);
    await scale(3);
    const ranges = (await open()).map(({ HashKeyRange }) => HashKeyRange);
    expect(ranges.map((range) => BigInt(range?.StartingHashKey ?? 0))).toEqual(
      [0n, 1n, 2n].map((n) => n * (whole / 3n)),
    );
    expect((await errorOf(scale(1))).message).toContain("cannot scale down below half");
    for (let i = 0; i < 7; i += 1) await scale(3);
    expect((await errorOf(scale(3))).message).toContain("already been scaled 10 times in the last 24 hours");
    await cloudkeep.clock.advance(25 * hourMs);
    await scale(4);
  });

  it("take records from many while they are split and merged, and lose none, and keep their order", async () => {
    const { StreamName } = await newStream(kinesis);
    const writers = 8;
    const each = 60;
    const writing = Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let i = 0; i < each; i += 1) await put(StreamName, String(writer * 1_000), `${writer}/${i}`);
      }),
    );
    await split(StreamName, id(0), half);
    await split(StreamName, id(1), (whole / 4n).toString());
    await merge(StreamName, id(3), id(4));
    await writing;
    const seen: string[] = [];
    let numbers: string[] = [];
    for (const { ShardId } of await shardsOf(kinesis, StreamName)) {
      const records = await readAll(kinesis, StreamName, ShardId);
      seen.push(...records.map(textOf));
      numbers = numbers.concat(records.map(({ SequenceNumber }) => SequenceNumber ?? ""));
    }
    expect(numbers).toEqual([...numbers].sort());
    for (let writer = 0; writer < writers; writer += 1) {
      const own = seen.filter((text) => text.startsWith(`${writer}/`));
      expect(own).toEqual(Array.from({ length: each }, (_, i) => `${writer}/${i}`));
    }
  });
});

describe("ListShards", () => {
  const list = (input: ListShardsCommandInput) => kinesis.send(new ListShardsCommand(input));
  const ids = async (input: ListShardsCommandInput) =>
    (await list(input)).Shards?.map(({ ShardId = "" }) => Number(ShardId.slice(-3)));

  it("pages, and forgets its place after five minutes", async () => {
    const { StreamName } = await newStream(kinesis, { ShardCount: 5 });
    const first = await list({ StreamName, MaxResults: 2 });
    expect(first.Shards?.length).toBe(2);
    const { NextToken } = first;
    expect(await ids({ NextToken, MaxResults: 10 })).toEqual([2, 3, 4]);
    const both = await errorOf(list({ StreamName, NextToken }));
    expect([both.name, both.message]).toEqual([
      "InvalidArgumentException",
      "NextToken and StreamName cannot be provided together.",
    ]);
    expect((await errorOf(list({ NextToken: "nonsense" }))).name).toBe("InvalidArgumentException");
    await cloudkeep.clock.advance(6 * 60_000);
    expect((await errorOf(list({ NextToken }))).name).toBe("ExpiredNextTokenException");
    expect(await ids({ StreamName, ExclusiveStartShardId: id(2) })).toEqual([3, 4]);
  });

  it("filters by what was open, and when", async () => {
    const { StreamName } = await newStream(kinesis, { ShardCount: 2 });
    await cloudkeep.clock.advance(hourMs);
    await split(StreamName, id(0), "5");
    const afterSplit = new Date(cloudkeep.clock.now() + 1_000);
    await cloudkeep.clock.advance(hourMs);
    await merge(StreamName, id(2), id(3));
    const filtered = (ShardFilter: ListShardsCommandInput["ShardFilter"]) => ids({ StreamName, ShardFilter });
    expect(await ids({ StreamName })).toEqual([0, 1, 2, 3, 4]);
    expect(await filtered({ Type: "AT_LATEST" })).toEqual([1, 4]);
    expect(await filtered({ Type: "AFTER_SHARD_ID", ShardId: id(1) })).toEqual([2, 3, 4]);
    expect(await filtered({ Type: "AT_TRIM_HORIZON" })).toEqual([0, 1]);
    expect(await filtered({ Type: "FROM_TRIM_HORIZON" })).toEqual([0, 1, 2, 3, 4]);
    expect(await filtered({ Type: "AT_TIMESTAMP", Timestamp: afterSplit })).toEqual([1, 2, 3]);
    expect(await filtered({ Type: "FROM_TIMESTAMP", Timestamp: afterSplit })).toEqual([1, 2, 3, 4]);
    expect((await errorOf(filtered({ Type: "AT_TIMESTAMP" }))).name).toBe("InvalidArgumentException");
    expect((await errorOf(filtered({ Type: "AFTER_SHARD_ID" }))).name).toBe("InvalidArgumentException");
    // Closed shards go with their records.
    await cloudkeep.clock.advance(26 * hourMs);
    expect(await ids({ StreamName })).toEqual([1, 4]);
    expect(await filtered({ Type: "AT_TRIM_HORIZON" })).toEqual([1, 4]);
  });

  it("knows a stream of the same name from one that is gone", async () => {
    const { StreamName } = await newStream(kinesis);
    const StreamCreationTimestamp = new Date(cloudkeep.clock.now() - hourMs);
    expect((await errorOf(list({ StreamName, StreamCreationTimestamp }))).name).toBe(
      "ResourceNotFoundException",
    );
  });
});

describe("an on-demand stream", () => {
  it("doubles its shards when it is given much", async () => {
    const { StreamName } = await newStream(kinesis, { StreamModeDetails: { StreamMode: "ON_DEMAND" } });
    const Records = Array.from({ length: 500 }, (_, i) => ({
      PartitionKey: `k${i}`,
      Data: Buffer.alloc(4_000),
    }));
    await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    await cloudkeep.clock.advance(1_000);
    const open = async () =>
      (await shardsOf(kinesis, StreamName)).filter((one) => !one.SequenceNumberRange?.EndingSequenceNumber);
    expect((await open()).length).toBe(8);
    const refused = await errorOf(split(StreamName, id(5), "5"));
    expect(refused.message).toContain("On-Demand mode");
    await kinesis.send(new UpdateStreamWarmThroughputCommand({ StreamName, WarmThroughputMiBps: 20 }));
    expect((await open()).length).toBe(20);
  });
});
