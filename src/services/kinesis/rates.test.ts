import {
  GetRecordsCommand,
  type KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { iterator, kinesisClient, newStream } from "./testing.ts";

let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const half = (2n ** 127n).toString();
const id = (n: number) => `shardId-${String(n).padStart(12, "0")}`;

async function put(StreamName: string, ExplicitHashKey: string, text: string) {
  const Data = Buffer.from(text);
  return await kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: "k", ExplicitHashKey, Data }));
}

describe("limits of a shard", () => {
  it("are 1,000 records a second, by the clock; the rest is refused, each by itself", async () => {
    const { StreamName } = await newStream(kinesis, { ShardCount: 2 });
    const Records = Array.from({ length: 500 }, () => ({
      PartitionKey: "k",
      ExplicitHashKey: "0",
      Data: Buffer.of(1),
    }));
    const putAll = async () => await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    let refused = 0;
    let last = await putAll();
    for (let i = 0; i < 5; i += 1) {
      last = await putAll();
      refused += last.FailedRecordCount ?? 0;
    }
    expect(refused).toBeGreaterThan(0);
    expect(last.Records?.at(-1)).toEqual({
      ErrorCode: "ProvisionedThroughputExceededException",
      ErrorMessage: `Rate exceeded for shard ${id(0)} in stream ${StreamName} under account ${cloudkeep.accountId}.`,
    });
    // The other shard has its own.
    expect((await put(StreamName, half, "x")).ShardId).toBe(id(1));
    await cloudkeep.clock.advance(1_000);
    expect((await putAll()).FailedRecordCount).toBe(0);
  });

  it("are 1 MB a second", async () => {
    const { StreamName } = await newStream(kinesis);
    const large = Buffer.alloc(1_000_000);
    const putLarge = () => kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: "k", Data: large }));
    await putLarge();
    expect((await errorOf(putLarge())).name).toBe("ProvisionedThroughputExceededException");
    await cloudkeep.clock.advance(1_000);
    await putLarge();
  });

  it("are five reads a second, and 2 MB", async () => {
    const { StreamName } = await newStream(kinesis);
    const ShardIterator = await iterator(kinesis, StreamName);
    const get = (Limit?: number) => kinesis.send(new GetRecordsCommand({ ShardIterator, Limit }));
    const many = await Promise.allSettled(Array.from({ length: 30 }, () => get()));
    const refused = many.flatMap((one) => (one.status === "rejected" ? [(one.reason as Error).name] : []));
    expect(many.length - refused.length).toBeGreaterThanOrEqual(5);
    expect([...new Set(refused)]).toEqual(["ProvisionedThroughputExceededException"]);
    for (let i = 0; i < 9; i += 1) {
      await cloudkeep.clock.advance(1_000);
      await kinesis.send(
        new PutRecordCommand({ StreamName, PartitionKey: "k", Data: Buffer.alloc(1_000_000) }),
      );
    }
    expect((await get()).Records?.length).toBe(9);
    await cloudkeep.clock.advance(800);
    expect((await errorOf(get())).message).toBe(
      `Rate exceeded for shard ${id(0)} in stream ${StreamName} under account ${cloudkeep.accountId}.`,
    );
    await cloudkeep.clock.advance(3_000);
    await get();
  });
});
