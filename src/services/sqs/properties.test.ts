import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seeded } from "../../../test/hostile/random.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { LevelStore } from "../../storage/level.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { bodiesOf, fifo, newQueue, receive, send, sqsClient } from "./testing.ts";

/** What must hold whatever many senders and receivers do at once. */

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let sqs: SQSClient;
beforeAll(async () => {
  cloudkeep = await start({ store });
  sqs = sqsClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const workers = 16;
const together = (count: number, work: (i: number) => Promise<void>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)));

/** Receives until nothing is left; each message is deleted, or left to come back. */
async function consume(
  url: string,
  seed: number,
  deletes: number,
  got: (body: string, id: string) => void,
): Promise<void> {
  const random = seeded(seed);
  for (let empty = 0; empty < 3; ) {
    const messages = await receive(sqs, url, { MaxNumberOfMessages: 1 + Math.floor(random() * 10) });
    empty = messages.length === 0 ? empty + 1 : 0;
    for (const { Body = "", MessageId = "", ReceiptHandle } of messages) {
      if (random() >= deletes) continue;
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
      got(Body, MessageId);
    }
  }
}

describe("a standard queue", () => {
  it("gives every message to somebody, and to nobody twice while it is hidden", async () => {
    const url = await newQueue(sqs);
    const count = 300;
    const got: string[] = [];
    await Promise.all([
      together(workers, async (i) => {
        for (let n = i; n < count; n += workers) await send(sqs, url, String(n));
      }),
      together(workers, (i) => consume(url, i, 1, (body) => got.push(body))),
    ]);
    await consume(url, 99, 1, (body) => got.push(body));
    expect(got.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  it("loses nothing that is received and not deleted", async () => {
    const url = await newQueue(sqs, { VisibilityTimeout: "30" });
    const count = 100;
    for (let i = 0; i < count; i += 1) await send(sqs, url, String(i));
    const got = new Set<string>();
    for (let round = 0; got.size < count && round < 20; round += 1) {
      await together(4, (i) => consume(url, round * 10 + i, 0.4, (body) => got.add(body)));
      await cloudkeep.clock.advance(31_000);
    }
    expect(got.size).toBe(count);
    const AttributeNames = ["All" as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }));
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
    });
  });

  it("keeps receivers and senders out of each other's way", async () => {
    const url = await newQueue(sqs);
    const before = store.stats().conflicts as number;
    const calls = 640;
    await Promise.all([
      together(32, async (i) => {
        for (let n = i; n < calls / 2; n += 32) await send(sqs, url, String(n));
      }),
      together(32, (i) => consume(url, i, 1, () => {})),
    ]);
    // In a hundred calls, no more than one has to run again.
    expect((store.stats().conflicts as number) - before).toBeLessThan(calls / 100);
  });
});

describe("a FIFO queue", () => {
  it("keeps the order of each group with many receivers, and delivers nothing twice", async () => {
    const url = await newQueue(sqs, { FifoQueue: "true" });
    const groups = ["a", "b", "c", "d"];
    const perGroup = 30;
    const got: Record<string, number[]> = { a: [], b: [], c: [], d: [] };
    const note = (body: string) => {
      const [group = "", number] = body.split("-");
      got[group]?.push(Number(number));
    };
    await Promise.all([
      ...groups.map(async (group) => {
        for (let i = 0; i < perGroup; i += 1) {
          const body = `${group}-${i}`;
          // Each is sent twice: the second time as a client that had no answer.
          await send(sqs, url, body, fifo(group, body));
          await send(sqs, url, body, fifo(group, body));
        }
      }),
      together(8, (i) => consume(url, i, 1, note)),
    ]);
    await consume(url, 99, 1, note);
    for (const group of groups) expect(got[group]).toEqual(Array.from({ length: perGroup }, (_, i) => i));
  });

  it("keeps the order when messages come back", async () => {
    const url = await newQueue(sqs, { FifoQueue: "true" });
    const count = 20;
    for (let i = 0; i < count; i += 1) await send(sqs, url, String(i), fifo("a", String(i)));
    const random = seeded(7);
    const got: number[] = [];
    while (got.length < count) {
      const messages = await receive(sqs, url, { MaxNumberOfMessages: 3 });
      let kept = false;
      for (const { Body, ReceiptHandle } of messages) {
        // A receiver that fails gives back the rest of what it has.
        kept ||= random() < 0.3;
        if (kept) {
          const show = { QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 };
          await sqs.send(new ChangeMessageVisibilityCommand(show));
        } else {
          await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
          got.push(Number(Body));
        }
      }
    }
    expect(got).toEqual(Array.from({ length: count }, (_, i) => i));
  });
});

describe("after a restart", () => {
  it("queues hold what they held, handles hold, and what was sent is not sent again", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cloudkeep-sqs-"));
    const before = process.env.XDG_CONFIG_HOME;
    process.env.XDG_CONFIG_HOME = join(dir, "config");
    try {
      const open = async (port = 0) =>
        await start({
          store: await LevelStore.open({ dir: join(dir, "data") }),
          credentialsFile: join(dir, "credentials"),
          port,
        });
      let running = await open();
      let client = sqsClient(running, running.credentials);
      const url = await newQueue(client);
      const ordered = await newQueue(client, { FifoQueue: "true" });
      for (const body of ["1", "2", "3"]) await send(client, url, body);
      for (const body of ["1", "2"]) await send(client, ordered, body, fifo("a", body));
      const [held] = await receive(client, url, { MaxNumberOfMessages: 1 });
      const { port } = running;
      await running.stop();
      running = await open(port);
      client = sqsClient(running, running.credentials);
      const delivered = await receive(client, url);
      expect(bodiesOf(delivered).sort()).toEqual(["2", "3"]);
      await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: held?.ReceiptHandle }));
      await running.clock.advance(31_000);
      expect(bodiesOf(await receive(client, url)).sort()).toEqual(["2", "3"]);
      await send(client, ordered, "1", fifo("a", "1"));
      expect(bodiesOf(await receive(client, ordered))).toEqual(["1", "2"]);
      await running.stop();
    } finally {
      process.env.XDG_CONFIG_HOME = before;
      rmSync(dir, { recursive: true, force: true });
    }
  }, 30_000);
});
