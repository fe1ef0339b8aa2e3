/** DynamoDB: items got, put and queried, in tables of different sizes. Run: `node --import tsx bench/dynamodb.ts`. */

import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { placeOf } from "../src/services/dynamodb/keys.ts";
import { items, type TableRow, tables } from "../src/services/dynamodb/tables.ts";
import { type Item, itemBytes } from "../src/services/dynamodb/values.ts";
import { compare, count, report, rounds } from "./compare.ts";
import { type CloudkeepServer, cpuMs, removeData, startCloudkeepProcess } from "./processes.ts";
import { inBatches, settle, withStore } from "./seed.ts";
import { requestMaker } from "./signed.ts";

const account = "000000000000";
const region = "us-east-1";
const contentType = "application/x-amz-json-1.0";
/** Items that a table holds before it is measured. */
const sizes = (process.env.BENCH_ITEMS ?? "10000,1000000").split(",").map(Number);
const perPartition = 100;
const data = "x".repeat(370);

function itemOf(i: number): Item {
  return {
    p: { S: `partition-${Math.floor(i / perPartition)}` },
    c: { N: String(i % perPartition) },
    data: { S: data },
  };
}

function clientOf({ port, credentials }: CloudkeepServer): DynamoDB {
  return new DynamoDB({ endpoint: `http://127.0.0.1:${port}`, region, credentials });
}

async function makeTable(server: CloudkeepServer): Promise<void> {
  await clientOf(server).createTable({
    TableName: "bench",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [
      { AttributeName: "p", KeyType: "HASH" },
      { AttributeName: "c", KeyType: "RANGE" },
    ],
    AttributeDefinitions: [
      { AttributeName: "p", AttributeType: "S" },
      { AttributeName: "c", AttributeType: "N" },
    ],
  });
}

/** Rows of items as PutItem writes them. */
async function seedItems(directory: string, size: number): Promise<void> {
  await withStore(directory, async (store) => {
    const table = await store.transact((tx) => tables.get(tx, account, region, "bench"));
    if (table === undefined) throw new Error("The table is missing.");
    await inBatches(store, size, (tx, i) => {
      const item = itemOf(i);
      const { partition, sort } = placeOf(table as TableRow, item);
      items.put(tx, [account, region, table.store, partition, sort], { item, bytes: itemBytes(item) });
    });
  });
}

async function inATableOf(size: number): Promise<void> {
  const suffix = ` in a table of ${size.toLocaleString("en")}`;
  const first = await startCloudkeepProcess();
  await makeTable(first);
  await first.stop();
  await seedItems(first.directory, size);
  if (size > 100_000) await settle(first.directory);
  const server = await startCloudkeepProcess(first.directory);
  try {
    await measure(server, suffix, size);
  } finally {
    await server.stop();
    removeData(server);
  }
}

async function measure(server: CloudkeepServer, suffix: string, size: number): Promise<void> {
  const { port, credentials } = server;
  const maker = requestMaker({ port, service: "dynamodb", credentials });
  const call = (operation: string, input: object) =>
    maker.json(`DynamoDB_20120810.${operation}`, { TableName: "bench", ...input }, contentType);
  const random = () => Math.floor(Math.random() * size);
  const requests = (make: (i: number) => Buffer) => () => Array.from({ length: 5_000 }, () => make(random()));
  const keyOf = (i: number) => {
    const { p, c } = itemOf(i);
    return { p, c };
  };
  const get = requests((i) => call("GetItem", { Key: keyOf(i) }));
  const put = requests((i) => call("PutItem", { Item: itemOf(i) }));
  const hot = call("GetItem", { Key: keyOf(0) });
  const query = requests((i) =>
    call("Query", {
      KeyConditionExpression: "p = :p",
      ExpressionAttributeValues: { ":p": itemOf(i).p },
    }),
  );
  await measured(`GetItem, always the same,${suffix}`, 0.33, server, () => [hot], 460);
  await measured(`GetItem${suffix}`, 0.33, server, get, 460);
  await measured(`PutItem${suffix}`, 0.25, server, put, 2);
  await measured(`Query of 100 items${suffix}`, 0, server, query, 44_000);
}

/** As `compare`, with the CPU time of each call. */
async function measured(
  name: string,
  bar: number,
  server: CloudkeepServer,
  requests: () => Buffer[],
  answerBytes: number,
): Promise<void> {
  const before = cpuMs(server.pid);
  await compare(name, bar, server, requests, answerBytes);
  const microseconds = ((cpuMs(server.pid) - before) * 1_000) / (count * rounds);
  console.log(`${name}: ${microseconds.toFixed(0)} µs of CPU time for each call`);
}

for (const size of sizes) await inATableOf(size);
report({}, "dynamodb");
