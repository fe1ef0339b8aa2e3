/** SQS: sending, and receiving with deletion, in queues of different lengths. Run: `node --import tsx bench/sqs.ts`. */

import { hash } from "node:crypto";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { messages, type QueueRow, queues, storeOf, tallies, timeKey } from "../src/services/sqs/tables.ts";
import { compare, connections, count, report, rounds } from "./compare.ts";
import { type Follow, runLoad } from "./load.ts";
import { type CloudkeepServer, cpuMs, removeData, startCloudkeepProcess } from "./processes.ts";
import { inBatches, settle, withStore } from "./seed.ts";
import { requestMaker } from "./signed.ts";

const body = "x".repeat(256);
const account = "000000000000";
const region = "us-east-1";
/** Messages that a queue holds before it is measured. */
const lengths = (process.env.BENCH_MESSAGES ?? "1000,1000000").split(",").map(Number);
const sendAnswerBytes = 330;
const receiveAnswerBytes = 620;

/** Rows of messages as SendMessage writes them, sent within the last hour. */
async function seedMessages(directory: string, name: string, length: number): Promise<void> {
  await withStore(directory, async (store) => {
    const queue = await store.transact((tx) => queues.get(tx, account, region, name));
    if (queue === undefined) throw new Error(`The queue ${name} is missing.`);
    const end = Date.now() - 60_000;
    const stepMs = Math.min(1_000, 3_000_000 / length);
    await inBatches(store, length, (tx, i) => {
      const sentAt = Math.floor(end - (length - i) * stepMs);
      const id = `${i.toString(36).padStart(8, "0")}seeded`;
      messages.put(tx, [...storeOf(queue as QueueRow), timeKey(sentAt), id], {
        messageId: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
        body,
        md5: hash("md5", body, "hex"),
        senderId: account,
        sentAt,
        receives: 0,
      });
    });
    await store.transact(async (tx) => tallies.put(tx, storeOf(queue), { total: length }));
  });
}

async function inAQueueOf(length: number): Promise<void> {
  const suffix = ` in a queue of ${length.toLocaleString("en")}`;
  const first = await startCloudkeepProcess();
  await clientOf(first).send(new CreateQueueCommand({ QueueName: "bench" }));
  await first.stop();
  await seedMessages(first.directory, "bench", length);
  if (length > 100_000) await settle(first.directory);
  const server = await startCloudkeepProcess(first.directory);
  try {
    await measure(server, suffix, length);
  } finally {
    await server.stop();
    removeData(server);
  }
}

function clientOf({ port, credentials }: CloudkeepServer): SQSClient {
  return new SQSClient({ endpoint: `http://127.0.0.1:${port}`, region, credentials });
}

async function measure(server: CloudkeepServer, suffix: string, length: number): Promise<void> {
  const { port } = server;
  const QueueUrl = `http://127.0.0.1:${port}/${account}/bench`;
  const maker = requestMaker({ port, service: "sqs", credentials: server.credentials });
  const call = (operation: string, input: object) => maker.json(`AmazonSQS.${operation}`, input);
  const send = call("SendMessage", { QueueUrl, MessageBody: body });
  const receive = call("ReceiveMessage", { QueueUrl });
  const remove = (ReceiptHandle: string) => call("DeleteMessage", { QueueUrl, ReceiptHandle });
  /** Deletes what was received; an answer without a message is followed by the next receive. */
  const follow = (answer: Buffer) => {
    const handle = /"ReceiptHandle":"([^"]+)"/.exec(answer.toString("latin1"))?.[1];
    return handle === undefined ? undefined : remove(handle);
  };
  // A queue that is shorter than the measurement first gets what will be received.
  const lacking = Math.max(0, (count * rounds) / 2 - length);
  await measured(`SendMessage${suffix}`, 0.25, server, send, sendAnswerBytes);
  if (lacking > count * rounds)
    await runLoad({ port, connections, requests: [send], count: lacking - count * rounds });
  await measured(`Receive and Delete${suffix}`, 0.2, server, receive, receiveAnswerBytes, follow);
  await mixed(server, [send, receive], follow, suffix);
  const attributes = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] });
  const { Attributes = {} } = await clientOf(server).send(attributes);
  console.log(`Left in the queue${suffix}: ${Attributes.ApproximateNumberOfMessages}`);
}

/** Senders and receivers side by side: how often do they get into each other's way? */
async function mixed(
  server: CloudkeepServer,
  requests: Buffer[],
  follow: Follow,
  suffix: string,
): Promise<void> {
  const before = await conflictsOf(server);
  const { perSecond, failed } = await runLoad({ port: server.port, connections, requests, count, follow });
  const conflicts = (await conflictsOf(server)) - before;
  const share = ((conflicts / count) * 100).toFixed(2);
  console.log(
    `Senders and receivers${suffix}: ${Math.round(perSecond)} per second, ${failed} failed, ${conflicts} conflicts in ${count} calls (${share}%)`,
  );
}

/** As `compare`, with the CPU time of each call. */
async function measured(
  name: string,
  bar: number,
  server: CloudkeepServer,
  request: Buffer,
  answerBytes: number,
  follow?: Follow,
): Promise<void> {
  const before = cpuMs(server.pid);
  await compare(name, bar, server, () => [request], answerBytes, follow);
  const microseconds = ((cpuMs(server.pid) - before) * 1_000) / (count * rounds);
  console.log(`${name}: ${microseconds.toFixed(0)} µs of CPU time for each call`);
}

async function conflictsOf({ port, credentials }: CloudkeepServer): Promise<number> {
  const maker = requestMaker({ port, service: "cloudkeep", credentials });
  let conflicts = 0;
  const follow = (answer: Buffer) => {
    const { StoreJson } = JSON.parse(answer.toString().split("\r\n\r\n")[1] ?? "") as { StoreJson: string };
    conflicts = (JSON.parse(StoreJson) as { conflicts: number }).conflicts;
    return undefined;
  };
  const requests = [maker.json("Cloudkeep.GetStatus", {})];
  await runLoad({ port, connections: 1, requests, count: 2, follow });
  return conflicts;
}

for (const length of lengths) await inAQueueOf(length);
report({}, "sqs");
