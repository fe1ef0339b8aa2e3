import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  CreateStreamCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { expect, it } from "vitest";
import { type Child, newEncodedKey, start, temporaryDirectory } from "./children.ts";

/**
 * Records that were acknowledged are read again under their numbers, each once, in order, however often the process is
 * killed; and what each writer put one after the other stands so in its shard.
 */

const cycles = Number(process.env.CLOUDKEEP_KINESIS_CYCLES ?? 40);
const writers = 6;
const longestRunMs = 250;
const StreamName = "durable";
const shards = ["shardId-000000000000", "shardId-000000000001"];

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const credentials = {
  accessKeyId: "AKIAKINESISKINESISKI",
  secretAccessKey: "kinesis/only+000000000000000000000000000",
};

interface Running {
  child: Child;
  kinesis: KinesisClient;
}

async function begin(dir: string, rootKey: string): Promise<Running> {
  process.env.CLOUDKEEP_ROOT_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.CLOUDKEEP_ROOT_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  process.env.XDG_CONFIG_HOME = dir;
  const child = start(program, ["start", "--port", "0", "--data", `${dir}/data`, "--log", "error"], rootKey);
  const endpoint = /http:\/\/\S+/.exec((await child.firstLine) ?? "")?.[0] ?? "";
  expect(endpoint, child.errors()).not.toBe("");
  // HTTP/1.1: a connection that dies fails its calls at once.
  const requestHandler = new NodeHttpHandler();
  return {
    child,
    kinesis: new KinesisClient({
      endpoint,
      region: "us-east-1",
      credentials,
      maxAttempts: 1,
      requestHandler,
    }),
  };
}

async function end({ child }: Running, signal: NodeJS.Signals): Promise<void> {
  child.process.kill(signal);
  await child.lines;
}

/** Puts until the process dies, alone and in batches; what was acknowledged, by its number. */
async function write({ kinesis }: Running, cycle: number, acknowledged: Map<string, string>): Promise<void> {
  const writer = async (number: number) => {
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
  };
  await Promise.all(Array.from({ length: writers }, (_, number) => writer(number)));
}

async function readShard({ kinesis }: Running, ShardId: string): Promise<[number: string, text: string][]> {
  const asked = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
  let next = (await kinesis.send(new GetShardIteratorCommand(asked))).ShardIterator;
  const read: [string, string][] = [];
  while (next !== undefined) {
    const page: GetRecordsCommandOutput | undefined = await kinesis
      .send(new GetRecordsCommand({ ShardIterator: next, Limit: 2_000 }))
      .catch((error: Error) => {
        if (error.name !== "ProvisionedThroughputExceededException") throw error;
        return undefined;
      });
    if (page === undefined) await sleep(250);
    else {
      for (const { SequenceNumber = "", Data } of page.Records ?? [])
        read.push([
          SequenceNumber,
          Buffer.from(Data ?? [])
            .toString()
            .trimEnd(),
        ]);
      next = page.MillisBehindLatest === 0 ? undefined : page.NextShardIterator;
    }
  }
  return read;
}

/** Whether `later` was put after `earlier` by the same writer. */
function isLater(later: string, earlier: string): boolean {
  const [a, b] = [later, earlier].map((text) => text.split("/").map(Number)) as [number[], number[]];
  for (let i = 1; i < a.length; i += 1) if (a[i] !== b[i]) return (a[i] as number) > (b[i] as number);
  return false;
}

it(
  `records outlive ${cycles} kills, each once and in order`,
  async () => {
    const { dir, remove } = temporaryDirectory();
    const rootKey = newEncodedKey();
    const acknowledged = new Map<string, string>();
    try {
      const first = await begin(dir, rootKey);
      await first.kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: shards.length }));
      await end(first, "SIGTERM");
      for (let cycle = 0; cycle < cycles; cycle += 1) {
        const running = await begin(dir, rootKey);
        const writing = write(running, cycle, acknowledged);
        await sleep(Math.random() * longestRunMs);
        await end(running, "SIGKILL");
        await writing;
      }
      const last = await begin(dir, rootKey);
      const all = new Map<string, string>();
      for (const ShardId of shards) {
        const read = await readShard(last, ShardId);
        const numbers = read.map(([number]) => number);
        expect(numbers).toEqual([...new Set(numbers)].sort());
        const latest = new Map<string, string>();
        for (const [number, text] of read) {
          all.set(number, text);
          const writer = text.slice(0, text.indexOf("/"));
          const before = latest.get(writer);
          if (before !== undefined)
            expect([text, before, isLater(text, before)]).toEqual([text, before, true]);
          latest.set(writer, text);
        }
      }
      const lost = [...acknowledged].filter(([number, text]) => all.get(number) !== text);
      expect(lost).toEqual([]);
      expect(acknowledged.size).toBeGreaterThan(cycles);
      await end(last, "SIGTERM");
    } finally {
      remove();
    }
  },
  120_000 + cycles * 5_000,
);
