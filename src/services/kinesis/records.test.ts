import {
  EnableEnhancedMonitoringCommand,
  GetRecordsCommand,
  type KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { iterator, kinesisClient, newStream, readAll, textOf } from "./testing.ts";

let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

describe("records", () => {
  it("come out as they went in, in order", async () => {
    const { StreamName } = await newStream(kinesis);
    const one = await kinesis.send(
      new PutRecordCommand({ StreamName, PartitionKey: "ключ", Data: Buffer.from("first") }),
    );
    expect(one).toMatchObject({
      ShardId: "shardId-000000000000",
      SequenceNumber: expect.stringMatching(/^49\d{54}$/),
    });
    const put = await kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: ["second", "", "fourth"].map((text, i) => ({
          PartitionKey: `k${i}`,
          Data: Buffer.from(text),
        })),
      }),
    );
    expect(put.FailedRecordCount).toBe(0);
    const records = await readAll(kinesis, StreamName);
    expect(records.map(textOf)).toEqual(["first", "second", "", "fourth"]);
    expect(records.map(({ PartitionKey }) => PartitionKey)).toEqual(["ключ", "k0", "k1", "k2"]);
    const numbers = [one, ...(put.Records ?? [])].map(({ SequenceNumber }) => SequenceNumber);
    expect(records.map(({ SequenceNumber }) => SequenceNumber)).toEqual(numbers);
    expect(numbers).toEqual([...numbers].sort());
  });

  it("are refused for a stream that is not there, in AWS's words", async () => {
    const refused = await errorOf(
      kinesis.send(new PutRecordCommand({ StreamName: "none", PartitionKey: "k", Data: Buffer.of(1) })),
    );
    expect([refused.name, refused.message]).toEqual([
      "ResourceNotFoundException",
      `Stream none under account ${cloudkeep.accountId} not found.`,
    ]);
  });

  it("that are put at the same time are read once each, in the order of their numbers", async () => {
    const { StreamName } = await newStream(kinesis, { ShardCount: 2 });
    let ShardIterator: string | undefined = await iterator(kinesis, StreamName, {
      ShardIteratorType: "LATEST",
    });
    const put = async (writer: number) => {
      for (let i = 0; i < 10; i += 1) {
        const Data = Buffer.from(`${writer}/${i}`);
        await kinesis.send(
          new PutRecordCommand({ StreamName, PartitionKey: "one", Data, ExplicitHashKey: "0" }),
        );
      }
    };
    const writing = Promise.all(Array.from({ length: 20 }, (_, writer) => put(writer)));
    const read: string[] = [];
    const numbers: string[] = [];
    while (read.length < 200 && ShardIterator !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 210));
      const page: { NextShardIterator?: string; Records?: never[] } = (await kinesis.send(
        new GetRecordsCommand({ ShardIterator, Limit: 60 }),
      )) as never;
      for (const one of page.Records ?? []) {
        read.push(textOf(one));
        numbers.push((one as { SequenceNumber: string }).SequenceNumber);
      }
      ShardIterator = page.NextShardIterator;
    }
    await writing;
    expect(new Set(read).size).toBe(200);
    expect(numbers).toEqual([...numbers].sort());
    for (let writer = 0; writer < 20; writer += 1) {
      const own = read.filter((text) => text.startsWith(`${writer}/`));
      expect(own).toEqual(Array.from({ length: 10 }, (_, i) => `${writer}/${i}`));
    }
  });
});

describe("metrics", () => {
  it("tell of records in and out, of the stream and, where asked for, of each shard", async () => {
    const { StreamName } = await newStream(kinesis);
    const ShardLevelMetrics = ["IncomingRecords" as const];
    await kinesis.send(new EnableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics }));
    const Records = [1, 2, 3].map((n) => ({ PartitionKey: "k", Data: Buffer.of(n) }));
    await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    await readAll(kinesis, StreamName);
    await cloudkeep.clock.advance(60_000);
    const { cloudwatch } = clients(cloudkeep, cloudkeep.credentials);
    const sum = async (MetricName: string, shard?: string) => {
      const Dimensions = [
        { Name: "StreamName", Value: StreamName },
        ...(shard === undefined ? [] : [{ Name: "ShardId", Value: shard }]),
      ];
      const { Datapoints = [] } = await cloudwatch.getMetricStatistics({
        Namespace: "AWS/Kinesis",
        MetricName,
        Dimensions,
        StartTime: new Date(cloudkeep.clock.now() - 600_000),
        EndTime: new Date(cloudkeep.clock.now() + 600_000),
        Period: 3_600,
        Statistics: ["Sum"],
      });
      return Datapoints.reduce((total, { Sum = 0 }) => total + Sum, 0);
    };
    expect(await sum("IncomingRecords")).toBe(3);
    expect(await sum("IncomingBytes")).toBe(6);
    expect(await sum("PutRecords.Success")).toBe(1);
    expect(await sum("GetRecords.Records")).toBe(3);
    expect(await sum("IncomingRecords", "shardId-000000000000")).toBe(3);
    expect(await sum("OutgoingRecords", "shardId-000000000000")).toBe(0);
  });
});
