import {
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  KinesisClient,
  ListStreamConsumersCommand,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  type StartingPosition,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { kinesisClient, newStream, shardsOf, textOf } from "./testing.ts";

let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const ShardId = "shardId-000000000000";
const put = (StreamName: string, text: string) =>
  kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: "k", Data: Buffer.from(text) }));

async function register(StreamARN: string, ConsumerName = "consumer") {
  const { Consumer } = await kinesis.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }));
  return Consumer?.ConsumerARN ?? "";
}

const subscribe = (ConsumerARN: string, position: StartingPosition, client = kinesis, shard = ShardId) =>
  client.send(new SubscribeToShardCommand({ ConsumerARN, ShardId: shard, StartingPosition: position }));

/** Events until `enough`; then the connection is given up. */
async function events(
  stream: Awaited<ReturnType<typeof subscribe>>["EventStream"],
  enough: (seen: SubscribeToShardEvent[]) => boolean,
): Promise<SubscribeToShardEvent[]> {
  const seen: SubscribeToShardEvent[] = [];
  for await (const event of stream ?? []) {
    if (event.SubscribeToShardEvent !== undefined) seen.push(event.SubscribeToShardEvent);
    if (enough(seen)) break;
  }
  return seen;
}

const texts = (seen: readonly SubscribeToShardEvent[]) =>
  seen.flatMap(({ Records = [] }) => Records.map(textOf));

describe("consumers", () => {
  it("are registered, described, listed and taken off", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis);
    const ConsumerARN = await register(StreamARN);
    expect(ConsumerARN).toMatch(new RegExp(`^${StreamARN}/consumer/consumer:\\d{10}$`));
    await register(StreamARN, "another");
    const { ConsumerDescription } = await kinesis.send(new DescribeStreamConsumerCommand({ ConsumerARN }));
    expect(ConsumerDescription).toMatchObject({
      ConsumerName: "consumer",
      ConsumerStatus: "ACTIVE",
      StreamARN,
    });
    const page = await kinesis.send(new ListStreamConsumersCommand({ StreamARN, MaxResults: 1 }));
    expect(page.Consumers?.map(({ ConsumerName }) => ConsumerName)).toEqual(["another"]);
    const rest = await kinesis.send(new ListStreamConsumersCommand({ StreamARN, NextToken: page.NextToken }));
    expect(rest.Consumers?.map(({ ConsumerName }) => ConsumerName)).toEqual(["consumer"]);
    expect((await errorOf(register(StreamARN))).name).toBe("ResourceInUseException");
    const inUse = await errorOf(kinesis.send(new DeleteStreamCommand({ StreamName })));
    expect(inUse.name).toBe("ResourceInUseException");
    await kinesis.send(new DeregisterStreamConsumerCommand({ StreamARN, ConsumerName: "another" }));
    await kinesis.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }));
    const gone = await errorOf(kinesis.send(new DescribeStreamConsumerCommand({ ConsumerARN })));
    expect(gone.name).toBe("ResourceNotFoundException");
  });

  it("are at most twenty", async () => {
    const { StreamARN } = await newStream(kinesis);
    for (let i = 0; i < 20; i += 1) await register(StreamARN, `c${i}`);
    expect((await errorOf(register(StreamARN, "c20"))).name).toBe("LimitExceededException");
  });
});

describe("SubscribeToShard", () => {
  for (const [wire, handler] of [
    ["HTTP/2", undefined],
    ["HTTP/1.1", new NodeHttpHandler()],
  ] as const) {
    it(`pushes what is there and what comes, over ${wire}`, async () => {
      const { StreamName, StreamARN } = await newStream(kinesis);
      const ConsumerARN = await register(StreamARN);
      await put(StreamName, "before");
      const client = new KinesisClient({
        ...optionsOf(cloudkeep, cloudkeep.credentials),
        ...(handler && { requestHandler: handler }),
      });
      const { EventStream } = await subscribe(ConsumerARN, { Type: "TRIM_HORIZON" }, client);
      const coming = (async () => {
        for (let i = 0; i < 5; i += 1) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          await put(StreamName, `after ${i}`);
        }
      })();
      const seen = await events(EventStream, (all) => texts(all).length === 6);
      await coming;
      expect(texts(seen)).toEqual(["before", "after 0", "after 1", "after 2", "after 3", "after 4"]);
      const last = seen.at(-1);
      expect(last?.ContinuationSequenceNumber).toBe(last?.Records?.at(-1)?.SequenceNumber);
      expect(last?.MillisBehindLatest).toBe(0);
      client.destroy();
    });
  }

  it("goes on where a sequence number says", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis);
    const ConsumerARN = await register(StreamARN);
    const { SequenceNumber } = await put(StreamName, "1");
    await put(StreamName, "2");
    const { EventStream } = await subscribe(ConsumerARN, { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber });
    expect(texts(await events(EventStream, (all) => texts(all).length === 1))).toEqual(["2"]);
  });

  it("is one for each consumer and shard: a second is refused at first", async () => {
    const { StreamARN } = await newStream(kinesis);
    const ConsumerARN = await register(StreamARN);
    const { EventStream } = await subscribe(ConsumerARN, { Type: "LATEST" });
    const first = events(EventStream, (all) => all.length > 0);
    const second = await errorOf(subscribe(ConsumerARN, { Type: "LATEST" }));
    expect(second.name).toBe("ResourceInUseException");
    expect((await first).length).toBe(1);
    const other = await register(StreamARN, "other");
    const { EventStream: othersStream } = await subscribe(other, { Type: "LATEST" });
    await events(othersStream, (all) => all.length > 0);
  });

  it("ends with the shard, and names its children", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis);
    const ConsumerARN = await register(StreamARN);
    await put(StreamName, "1");
    const { EventStream } = await subscribe(ConsumerARN, { Type: "TRIM_HORIZON" });
    const reading = events(EventStream, () => false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await kinesis.send(
      new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: "1000" }),
    );
    const seen = await reading;
    expect(texts(seen)).toEqual(["1"]);
    const children = (await shardsOf(kinesis, StreamName)).slice(1).map((shard) => shard.ShardId);
    expect(seen.at(-1)?.ChildShards?.map((shard) => shard.ShardId)).toEqual(children);
    expect(seen.at(-1)?.ContinuationSequenceNumber).toBeUndefined();
  });

  it("is refused for a consumer that is not there", async () => {
    const { StreamARN } = await newStream(kinesis);
    const missing = await errorOf(subscribe(`${StreamARN}/consumer/none:1700000000`, { Type: "LATEST" }));
    expect(missing.name).toBe("ResourceNotFoundException");
  });
});
