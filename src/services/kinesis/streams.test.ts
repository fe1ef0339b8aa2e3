import {
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeLimitsCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  IncreaseStreamRetentionPeriodCommand,
  type KinesisClient,
  ListStreamsCommand,
  PutRecordCommand,
  UpdateMaxRecordSizeCommand,
  UpdateStreamModeCommand,
  UpdateStreamWarmThroughputCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { iterator, kinesisClient, newStream, readAll, shardsOf, textOf } from "./testing.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await start({ store });
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const hourMs = 3_600_000;
const put = (StreamName: string, text: string | Buffer) =>
  kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: "k", Data: Buffer.from(text) }));

describe("streams", () => {
  it("are described", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis, { ShardCount: 3, Tags: { team: "data" } });
    const account = cloudkeep.accountId;
    expect(StreamARN).toBe(`arn:aws:kinesis:us-east-1:${account}:stream/${StreamName}`);
    const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamName, Limit: 2 }));
    expect(StreamDescription).toMatchObject({
      StreamName,
      StreamARN,
      StreamStatus: "ACTIVE",
      StreamModeDetails: { StreamMode: "PROVISIONED" },
      HasMoreShards: true,
      RetentionPeriodHours: 24,
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: "NONE",
    });
    expect(StreamDescription?.Shards?.length).toBe(2);
    const rest = await kinesis.send(
      new DescribeStreamCommand({ StreamARN, ExclusiveStartShardId: "shardId-000000000001" }),
    );
    expect(rest.StreamDescription?.Shards?.map(({ ShardId }) => ShardId)).toEqual(["shardId-000000000002"]);
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    expect(StreamDescriptionSummary).toMatchObject({
      OpenShardCount: 3,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: 1_024,
    });
  });

  it("have names of their own", async () => {
    const { StreamName } = await newStream(kinesis);
    const again = await errorOf(kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 })));
    expect([again.name, again.message]).toEqual([
      "ResourceInUseException",
      `Stream ${StreamName} under account ${cloudkeep.accountId} already exists.`,
    ]);
    const elsewhere = kinesisClient(cloudkeep, cloudkeep.credentials, "eu-west-1");
    await elsewhere.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    expect((await elsewhere.send(new ListStreamsCommand({}))).StreamNames).toEqual([StreamName]);
  });

  it("are not made beyond the shard limit", async () => {
    const refused = await errorOf(
      kinesis.send(new CreateStreamCommand({ StreamName: "vast", ShardCount: 30_000 })),
    );
    expect(refused.name).toBe("LimitExceededException");
    expect(refused.message).toContain("This request would exceed the shard limit for the account");
    const none = await errorOf(kinesis.send(new CreateStreamCommand({ StreamName: "none" })));
    expect(none.name).toBe("InvalidArgumentException");
  });

  it("are listed in pages", async () => {
    const west = kinesisClient(cloudkeep, cloudkeep.credentials, "us-west-2");
    for (const StreamName of ["c", "a", "b"]) {
      await west.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    }
    const first = await west.send(new ListStreamsCommand({ Limit: 2 }));
    expect([first.StreamNames, first.HasMoreStreams]).toEqual([["a", "b"], true]);
    const next = await west.send(new ListStreamsCommand({ NextToken: first.NextToken }));
    expect([next.StreamNames, next.HasMoreStreams]).toEqual([["c"], false]);
    const after = await west.send(new ListStreamsCommand({ ExclusiveStartStreamName: "a" }));
    expect(after.StreamSummaries?.map(({ StreamName }) => StreamName)).toEqual(["b", "c"]);
    const { OpenShardCount } = await west.send(new DescribeLimitsCommand({}));
    expect(OpenShardCount).toBe(3);
  });

  it("leave nothing behind when they are deleted", async () => {
    const { StreamName } = await newStream(kinesis);
    await put(StreamName, "small");
    await put(StreamName, Buffer.alloc(100_000));
    await kinesis.send(new DeleteStreamCommand({ StreamName }));
    expect((await errorOf(put(StreamName, "x"))).name).toBe("ResourceNotFoundException");
    await cloudkeep.clock.advance(1);
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    expect(await readAll(kinesis, StreamName)).toEqual([]);
  });

  it("change mode twice a day, and know what each mode allows", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis, {
      StreamModeDetails: { StreamMode: "ON_DEMAND" },
    });
    expect((await shardsOf(kinesis, StreamName)).length).toBe(4);
    await kinesis.send(new UpdateStreamWarmThroughputCommand({ StreamARN, WarmThroughputMiBps: 50 }));
    const mode = (StreamMode: "PROVISIONED" | "ON_DEMAND") =>
      kinesis.send(new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode } }));
    await mode("PROVISIONED");
    const warm = await errorOf(
      kinesis.send(new UpdateStreamWarmThroughputCommand({ StreamARN, WarmThroughputMiBps: 50 })),
    );
    expect(warm.name).toBe("ValidationException");
    await mode("ON_DEMAND");
    expect((await errorOf(mode("PROVISIONED"))).name).toBe("LimitExceededException");
    await cloudkeep.clock.advance(25 * hourMs);
    await mode("PROVISIONED");
  });

  it("take records as large as they say", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis);
    const large = Buffer.alloc(2 * 2 ** 20, "x");
    expect((await errorOf(put(StreamName, large))).name).toBe("InvalidArgumentException");
    await kinesis.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 4_096 }));
    await put(StreamName, large);
    expect((await readAll(kinesis, StreamName)).map((one) => textOf(one).length)).toEqual([large.length]);
  });
});

describe("retention", () => {
  it("is by the clock: what expired is not shown, and goes", async () => {
    const { StreamName } = await newStream(kinesis);
    await put(StreamName, "old");
    await put(StreamName, Buffer.alloc(50_000, "o"));
    await cloudkeep.clock.advance(23 * hourMs);
    await put(StreamName, "new");
    expect((await readAll(kinesis, StreamName)).length).toBe(3);
    await cloudkeep.clock.advance(2 * hourMs);
    expect((await readAll(kinesis, StreamName)).map(textOf)).toEqual(["new"]);
    await cloudkeep.clock.advance(30 * hourMs);
    const left = await store.transact((tx) => tx.range("kinesis/frames", "kinesis/frames~"));
    const rows = await store.transact((tx) => tx.range("kinesis/records", "kinesis/records~"));
    expect([left.length, rows.length]).toEqual([0, 0]);
  });

  it("is made longer and shorter, in AWS's words", async () => {
    const { StreamName } = await newStream(kinesis);
    const longer = (RetentionPeriodHours: number) =>
      kinesis.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours }));
    const shorter = (RetentionPeriodHours: number) =>
      kinesis.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours }));
    await longer(48);
    await put(StreamName, "kept");
    await cloudkeep.clock.advance(40 * hourMs);
    expect((await readAll(kinesis, StreamName)).map(textOf)).toEqual(["kept"]);
    expect((await errorOf(longer(24))).message).toBe(
      `Requested retention period (24 hours) for stream ${StreamName} can not be shorter than existing retention period (48 hours). Use DecreaseRetentionPeriod API.`,
    );
    expect((await errorOf(shorter(72))).message).toContain("Use IncreaseRetentionPeriod API.");
    expect((await errorOf(longer(8_761))).name).toBe("InvalidArgumentException");
    await shorter(24);
    expect(await readAll(kinesis, StreamName)).toEqual([]);
  });
});

describe("iterators", () => {
  it("start where each type says", async () => {
    const { StreamName } = await newStream(kinesis);
    const one = await put(StreamName, "1");
    await cloudkeep.clock.advance(1_000);
    const Timestamp = new Date(cloudkeep.clock.now());
    await put(StreamName, "2");
    const latest = await iterator(kinesis, StreamName, { ShardIteratorType: "LATEST" });
    await put(StreamName, "3");
    const read = async (ShardIterator: string) =>
      (await kinesis.send(new GetRecordsCommand({ ShardIterator }))).Records?.map(textOf);
    const from = async (
      ShardIteratorType: "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER" | "AT_TIMESTAMP",
    ) => {
      await cloudkeep.clock.advance(1_000);
      const at =
        ShardIteratorType === "AT_TIMESTAMP" ? { Timestamp } : { StartingSequenceNumber: one.SequenceNumber };
      return await read(await iterator(kinesis, StreamName, { ShardIteratorType, ...at }));
    };
    expect(await from("AT_SEQUENCE_NUMBER")).toEqual(["1", "2", "3"]);
    expect(await from("AFTER_SEQUENCE_NUMBER")).toEqual(["2", "3"]);
    expect(await from("AT_TIMESTAMP")).toEqual(["2", "3"]);
    expect(await read(latest)).toEqual(["3"]);
    const { SequenceNumberRange } = (await shardsOf(kinesis, StreamName))[0] ?? {};
    const atStart = await iterator(kinesis, StreamName, {
      ShardIteratorType: "AT_SEQUENCE_NUMBER",
      StartingSequenceNumber: SequenceNumberRange?.StartingSequenceNumber,
    });
    expect(await read(atStart)).toEqual(["1", "2", "3"]);
  });

  it("expire after five minutes, and are refused where they are none", async () => {
    const { StreamName } = await newStream(kinesis);
    const ShardIterator = await iterator(kinesis, StreamName);
    await cloudkeep.clock.advance(5 * 60_000 + 1);
    const expired = await errorOf(kinesis.send(new GetRecordsCommand({ ShardIterator })));
    expect([expired.name, expired.message]).toEqual([
      "ExpiredIteratorException",
      expect.stringMatching(
        /^Iterator expired\. The iterator was created at time \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4} while right now it is .* which is further in the future than the tolerated delay of 300000 milliseconds\.$/,
      ),
    ]);
    const invalid = await errorOf(kinesis.send(new GetRecordsCommand({ ShardIterator: "AAAA" })));
    expect([invalid.name, invalid.message]).toEqual(["InvalidArgumentException", "Invalid ShardIterator."]);
    const noShard = await errorOf(iterator(kinesis, StreamName, { ShardId: "shardId-000000000007" }));
    expect([noShard.name, noShard.message]).toEqual([
      "ResourceNotFoundException",
      `Shard shardId-000000000007 in stream ${StreamName} under account ${cloudkeep.accountId} does not exist`,
    ]);
    const other = await errorOf(
      iterator(kinesis, StreamName, {
        ShardIteratorType: "AT_SEQUENCE_NUMBER",
        StartingSequenceNumber: "17",
      }),
    );
    expect(other.message).toContain("is invalid because it did not come from this stream.");
    const future = await errorOf(
      iterator(kinesis, StreamName, {
        ShardIteratorType: "AT_TIMESTAMP",
        Timestamp: new Date(cloudkeep.clock.now() + hourMs),
      }),
    );
    expect(future.message).toContain("cannot be greater than the currentTimestampInMillis");
  });

  it("put records behind a given one", async () => {
    const { StreamName } = await newStream(kinesis);
    const first = await put(StreamName, "1");
    const ordered = (SequenceNumberForOrdering?: string) =>
      kinesis.send(
        new PutRecordCommand({
          StreamName,
          PartitionKey: "k",
          Data: Buffer.of(2),
          SequenceNumberForOrdering,
        }),
      );
    const second = await ordered(first.SequenceNumber);
    expect((second.SequenceNumber ?? "") > (first.SequenceNumber ?? "")).toBe(true);
    const refused = await errorOf(ordered("12345"));
    expect([refused.name, refused.message]).toEqual([
      "InvalidArgumentException",
      `ExclusiveMinimumSequenceNumber 12345 used in PutRecord on stream ${StreamName} under account ${cloudkeep.accountId} is invalid.`,
    ]);
  });
});
