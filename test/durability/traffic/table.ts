import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  paginateScan,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type _Record as StreamRecord,
} from "@aws-sdk/client-dynamodb-streams";
import { expect } from "vitest";
import type { Running, Traffic } from "../program.ts";

/**
 * DynamoDB: items that were acknowledged are there, counters count each call at most once, transactions happen whole,
 * and once for each token; and the table's stream tells every change of every item, once, in order.
 */

export const TableName = "durable";
const writers = 2;
const S = (text: string) => ({ S: text });
const one = { ":one": { N: "1" }, ":less": { N: "-1" } };

type Item = Record<string, AttributeValue>;

interface Told {
  /** Keys of items that were put. */
  put: Set<string>;
  /** Of each counter: the last value that was answered, and how many calls were made. */
  counters: { answered: number; calls: number }[];
  /** Of each writer: how many transfers were answered. The next may have happened. */
  transfers: number[];
}

const clientOf = ({ options }: Running) => new DynamoDBClient(options);

export function tableTraffic(): Traffic {
  const told: Told = {
    put: new Set(),
    counters: Array.from({ length: writers }, () => ({ answered: 0, calls: 0 })),
    transfers: new Array<number>(writers).fill(0),
  };
  return {
    async build(running) {
      await clientOf(running).send(
        new CreateTableCommand({
          TableName,
          AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }],
          KeySchema: [{ AttributeName: "p", KeyType: "HASH" }],
          BillingMode: "PAY_PER_REQUEST",
          StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
        }),
      );
    },
    async drive(running, cycle) {
      const dynamodb = clientOf(running);
      const writing = Array.from({ length: writers }, (_, writer) => [
        put(dynamodb, `put/${writer}/${cycle}`, told),
        count(dynamodb, writer, told),
        transfer(dynamodb, writer, told),
      ]);
      await Promise.all(writing.flat());
    },
    async check(running) {
      const items = await scanned(running);
      checkItems(items, told);
      expect(replayed(await readStream(running))).toEqual(items);
    },
  };
}

/** Calls until the process dies. */
async function untilKilled(call: (i: number) => Promise<void>): Promise<void> {
  for (let i = 0; ; i += 1) {
    try {
      await call(i);
    } catch {
      return;
    }
  }
}

const put = (dynamodb: DynamoDBClient, prefix: string, told: Told) =>
  untilKilled(async (i) => {
    const key = `${prefix}/${i}`;
    await dynamodb.send(new PutItemCommand({ TableName, Item: { p: S(key), text: S("x".repeat(200)) } }));
    told.put.add(key);
  });

const add = (key: string, value: ":one" | ":less") => ({
  TableName,
  Key: { p: S(key) },
  UpdateExpression: `ADD n ${value}`,
  ExpressionAttributeValues: { [value]: one[value] },
});

const count = (dynamodb: DynamoDBClient, writer: number, { counters }: Told) =>
  untilKilled(async () => {
    const counter = counters[writer] as Told["counters"][number];
    counter.calls += 1;
    const update = { ...add(`count/${writer}`, ":one"), ReturnValues: "UPDATED_NEW" as const };
    const { Attributes } = await dynamodb.send(new UpdateItemCommand(update));
    counter.answered = Number(Attributes?.n?.N);
  });

/** A transfer that was not answered is asked for again, with its token, by the next process. */
const transfer = (dynamodb: DynamoDBClient, writer: number, { transfers }: Told) =>
  untilKilled(async () => {
    const next = transfers[writer] as number;
    const TransactItems = [
      { Update: add(`from/${writer}`, ":less") },
      { Update: add(`to/${writer}`, ":one") },
      { Update: add(`transfer/${writer}/${next}`, ":one") },
    ];
    const ClientRequestToken = `transfer-${writer}-${next}`;
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
    transfers[writer] = next + 1;
  });

async function scanned(running: Running): Promise<Map<string, Item>> {
  const items = new Map<string, Item>();
  for await (const { Items = [] } of paginateScan({ client: clientOf(running) }, { TableName }))
    for (const item of Items) items.set(item.p?.S ?? "", item);
  return items;
}

function checkItems(items: ReadonlyMap<string, Item>, told: Told): void {
  const numberOf = (key: string) => Number(items.get(key)?.n?.N ?? 0);
  expect([...told.put].filter((key) => !items.has(key))).toEqual([]);
  expect(told.put.size).toBeGreaterThan(0);
  for (const [writer, { answered, calls }] of told.counters.entries()) {
    expect(numberOf(`count/${writer}`)).toBeGreaterThanOrEqual(answered);
    expect(numberOf(`count/${writer}`)).toBeLessThanOrEqual(calls);
  }
  for (const [writer, answered] of told.transfers.entries()) {
    const keys = [...items.keys()].filter((key) => key.startsWith(`transfer/${writer}/`));
    expect(keys.filter((key) => numberOf(key) !== 1)).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    expect([answered, answered + 1]).toContain(keys.length);
    expect([numberOf(`from/${writer}`), numberOf(`to/${writer}`)]).toEqual([-keys.length, keys.length]);
  }
}

/** All records of the table's stream. */
export async function readStream({ options }: Running): Promise<StreamRecord[]> {
  const streams = new DynamoDBStreamsClient(options);
  const StreamArn = await streamArn({ options });
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const records: StreamRecord[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const from = { StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
    let { ShardIterator } = await streams.send(new GetShardIteratorCommand(from));
    for (;;) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
      if ((page.Records ?? []).length === 0) break;
      records.push(...(page.Records ?? []));
      ShardIterator = page.NextShardIterator;
    }
  }
  return records;
}

export async function streamArn({ options }: Pick<Running, "options">): Promise<string> {
  const { Streams } = await new DynamoDBStreamsClient(options).send(new ListStreamsCommand({ TableName }));
  return Streams?.[0]?.StreamArn ?? "";
}

/** What the records make of an empty table; each must begin with what the one before it has left. */
function replayed(records: readonly StreamRecord[]): Map<string, Item> {
  const items = new Map<string, Item>();
  let latest = 0n;
  for (const { dynamodb } of records) {
    const number = BigInt(dynamodb?.SequenceNumber ?? 0);
    expect(number > latest).toBe(true);
    latest = number;
    const key = dynamodb?.Keys?.p?.S ?? "";
    expect([key, dynamodb?.OldImage]).toEqual([key, items.get(key)]);
    items.set(key, dynamodb?.NewImage as Item);
  }
  return items;
}
