import {
  CreateStreamCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { expect } from "vitest";
import { type Running, readUntil, type Traffic } from "../program.ts";

/**
 * Kinesis: records that were acknowledged are read again under their numbers, each once, in order; and what each writer
 * put one after the other stands so in its shard.
 */

const StreamName = "durable";
const shards = ["shardId-000000000000", "shardId-000000000001"];
const writers = 3;

const clientOf = ({ options }: Running) => new KinesisClient(options);

export function shardTraffic(): Traffic {
  const acknowledged = new Map<string, string>();
  return {
    async build(running) {
      const ShardCount = shards.length;
      await clientOf(running).send(new CreateStreamCommand({ StreamName, ShardCount }));
    },
    async drive(running, cycle) {
      const kinesis = clientOf(running);
      const writing = Array.from({ length: writers }, (_, number) =>
        write(kinesis, number, cycle, acknowledged),
      );
      await Promise.all(writing);
    },
    async check(running) {
      const all = new Map<string, string>();
      for (const ShardId of shards) {
        const read = await readShard(clientOf(running), ShardId);
        inOrder(read);
        for (const [number, text] of read) all.set(number, text);
      }
      const lost = [...acknowledged].filter(([number, text]) => all.get(number) !== text);
      expect(lost).toEqual([]);
      expect(acknowledged.size).toBeGreaterThan(0);
    },
  };
}

/** Puts until the process dies, alone and in batches; what was acknowledged, by its number. */
async function write(
  kinesis: KinesisClient,
  number: number,
  cycle: number,
  acknowledged: Map<string, string>,
): Promise<void> {
  const PartitionKey = `writer-${number}`;
  for (let i = 0; ; i += 1) {
    const texts = Array.from({ length: 1 + (i % 3) * 20 }, (_, k) => `${number}/${cycle}/${i}/${k}`);
    const Records = texts.map((text) => ({ PartitionKey, Data: Buffer.from(text.padEnd(400)) }));
    try {
      const [first] = Records;
      const answers =
        Records.length === 1 && first !== undefined
          ? [await kinesis.send(new PutRecordCommand({ StreamName, ...first }))]
          : ((await kinesis.send(new PutRecordsCommand({ StreamName, Records }))).Records ?? []);
      for (const [k, { SequenceNumber }] of answers.entries()) {
        if (SequenceNumber !== undefined) acknowledged.set(SequenceNumber, texts[k] as string);
      }
    } catch {
      return;
    }
  }
}

type Read = [number: string, text: string][];

async function readShard(kinesis: KinesisClient, ShardId: string): Promise<Read> {
  const from = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
  let next = (await kinesis.send(new GetShardIteratorCommand(from))).ShardIterator;
  const read: Read = [];
  while (next !== undefined) {
    // A shard gives so much in a second, and refuses more.
    const page: GetRecordsCommandOutput | undefined = await readUntil(
      () => kinesis.send(new GetRecordsCommand({ ShardIterator: next, Limit: 2_000 })).catch(refused),
      (answer) => answer !== undefined,
    );
    for (const { SequenceNumber = "", Data } of page?.Records ?? []) {
      const text = Buffer.from(Data ?? []).toString();
      read.push([SequenceNumber, text.trimEnd()]);
    }
    next = page?.MillisBehindLatest === 0 ? undefined : page?.NextShardIterator;
  }
  return read;
}

function refused(error: Error): undefined {
  if (error.name !== "ProvisionedThroughputExceededException") throw error;
}

function inOrder(read: Read): void {
  const numbers = read.map(([number]) => number);
  expect(numbers).toEqual([...new Set(numbers)].sort());
  const latest = new Map<string, string>();
  for (const [, text] of read) {
    const writer = text.slice(0, text.indexOf("/"));
    const before = latest.get(writer);
    if (before !== undefined) expect([text, before, isLater(text, before)]).toEqual([text, before, true]);
    latest.set(writer, text);
  }
}

/** Whether `later` was put after `earlier` by the same writer. */
function isLater(later: string, earlier: string): boolean {
  const [a, b] = [later, earlier].map((text) => text.split("/").map(Number)) as [number[], number[]];
  for (let i = 1; i < a.length; i += 1) if (a[i] !== b[i]) return (a[i] as number) > (b[i] as number);
  return false;
}
