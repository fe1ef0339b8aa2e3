import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { accessTo, leadingKeysOf } from "./access.ts";
import { collectionMetrics, shownItem } from "./answers.ts";
import { Meters, readUnits } from "./capacity.ts";
import { checkNotMixed } from "./conditions.ts";
import { dynamodb } from "./contract.ts";
import { Bindings } from "./expressions/bindings.ts";
import { type Projection, parseProjection, projected } from "./expressions/projection.ts";
import { locate, tableForData } from "./find.ts";
import { itemKeys, legacyProjection, namedAttributes } from "./items.ts";
import { checkedKey, checkItemKey, hasKey, type Place, placeOf } from "./keys.ts";
import { forgetRuns } from "./records.ts";
import { items, type TableRow } from "./tables.ts";
import { charge, checkThroughput } from "./throttle.ts";
import { checkedItem, type Item } from "./values.ts";
import { vaultOf } from "./vault.ts";
import { validation } from "./words.ts";
import { write } from "./write.ts";

/** Many items at once, each by itself: what a table has no throughput for is answered as unprocessed. */

const maxWrites = 25;
const maxGets = 100;
const maxAnswerBytes = 16 * 2 ** 20;

/** Refuses a batch that names one item twice. */
class Places {
  readonly #seen = new Set<string>();

  add({ store }: TableRow, { partition, sort }: Place): void {
    const name = `${store}/${partition}/${sort}`;
    if (this.#seen.has(name)) throw validation("Provided list of item keys contains duplicates");
    this.#seen.add(name);
  }
}

function isThrottled(table: TableRow, kind: "read" | "write", ctx: Context): AwsError | undefined {
  try {
    checkThroughput(table, kind, ctx);
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

interface GivenWrite {
  PutRequest?: { Item: unknown } | undefined;
  DeleteRequest?: { Key: unknown } | undefined;
}

interface BatchWrite {
  table: TableRow;
  place: Place;
  item: Item;
  isPut: boolean;
}

function readWrite(table: TableRow, { PutRequest, DeleteRequest }: GivenWrite): BatchWrite {
  if (PutRequest !== undefined && DeleteRequest !== undefined) {
    throw validation(
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    );
  }
  if (PutRequest !== undefined) {
    const item = checkedItem(PutRequest.Item);
    // As recorded from AWS: a batch does not tell which attribute of the key it misses.
    if (!hasKey(table.key, item)) throw validation("The provided key element does not match the schema");
    checkItemKey(table.key, item);
    return { table, place: placeOf(table, item), item, isPut: true };
  }
  if (DeleteRequest !== undefined) {
    const key = checkedKey(table.key, DeleteRequest.Key);
    return { table, place: placeOf(table, key), item: key, isPut: false };
  }
  throw validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export const batchWriteItem = dynamodb.operation("BatchWriteItem", {
  access: async (input, ctx) =>
    await Promise.all(
      Object.entries(input.RequestItems).map(async ([name, writes]) => {
        const named = await locate(name, ctx as Context);
        const given = writes.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key);
        const attributes = () => [...new Set(given.flatMap((one) => Object.keys(one ?? {})))];
        return accessTo("BatchWriteItem", named, {
          context: () => itemKeys(input, leadingKeysOf(named, given), attributes()),
        });
      }),
    ),
  async handle(input, ctx) {
    forgetRuns(ctx as Context);
    const given = Object.entries(input.RequestItems);
    if (given.reduce((sum, [, writes]) => sum + writes.length, 0) > maxWrites)
      throw validation("Too many items requested for the BatchWriteItem call");
    const places = new Places();
    const writes: [name: string, table: TableRow, writes: BatchWrite[]][] = [];
    for (const [name, requests] of given) {
      const table = await tableForData(name, ctx as Context);
      const read = requests.map((request) => readWrite(table, request as GivenWrite));
      for (const { place } of read) places.add(table, place);
      writes.push([name, table, read]);
    }
    const meters = new Meters();
    const UnprocessedItems: Record<string, (typeof given)[number][1]> = {};
    const ItemCollectionMetrics: Record<string, unknown[]> = {};
    let throttled: AwsError | undefined;
    for (const [name, table, list] of writes) {
      const refusal = isThrottled(table, "write", ctx as Context);
      if (refusal !== undefined) {
        throttled = refusal;
        UnprocessedItems[name] = input.RequestItems[name] ?? [];
        continue;
      }
      for (const { place, item, isPut } of list) {
        const change = isPut ? () => item : () => undefined;
        const needsBefore = input.ReturnConsumedCapacity !== undefined;
        await write({ table, place, change, needsBefore }, meters.of(table), ctx as Context);
        const wanted = input.ReturnItemCollectionMetrics;
        const metrics = await collectionMetrics(table, place, item, wanted, ctx as Context);
        if (metrics !== undefined) {
          ItemCollectionMetrics[table.name] ??= [];
          ItemCollectionMetrics[table.name]?.push(metrics);
        }
      }
    }
    if (throttled !== undefined && Object.keys(UnprocessedItems).length === given.length) throw throttled;
    for (const meter of meters.all) charge(meter, ctx as Context);
    const capacity = meters.shown(input.ReturnConsumedCapacity);
    return {
      UnprocessedItems: UnprocessedItems as never,
      ...(Object.keys(ItemCollectionMetrics).length > 0 && {
        ItemCollectionMetrics: ItemCollectionMetrics as never,
      }),
      ...(capacity && { ConsumedCapacity: capacity }),
    };
  },
  record: {
    data: true,
    requestOnly: ({ RequestItems }) => ({ requestItems: Object.keys(RequestItems ?? {}) }),
    response: () => null,
  },
});

interface GivenGet {
  Keys: unknown[];
  ConsistentRead?: boolean | undefined;
  AttributesToGet?: string[] | undefined;
  ProjectionExpression?: string | undefined;
  ExpressionAttributeNames?: Record<string, string> | undefined;
}

function readProjection(given: GivenGet): Projection | undefined {
  const { ProjectionExpression: text, AttributesToGet, ExpressionAttributeNames } = given;
  checkNotMixed(given, ["ProjectionExpression"], ["AttributesToGet"]);
  const bindings = new Bindings({ ExpressionAttributeNames }, { ProjectionExpression: text });
  const projection = text === undefined ? legacyProjection(AttributesToGet) : parseProjection(text, bindings);
  bindings.checkUsed();
  return projection;
}

interface BatchGet {
  name: string;
  table: TableRow;
  given: GivenGet;
  projection: Projection | undefined;
  places: Place[];
}

/** Items of one table, as far as the answer has room; the keys of the others are left. */
async function getAll(
  { table, given, projection, places }: BatchGet,
  room: { bytes: number },
  meters: Meters,
  ctx: Context,
): Promise<{ found: Item[]; left: unknown[] }> {
  const found: Item[] = [];
  const left: unknown[] = [];
  const { account, region, store } = table;
  const vault = await vaultOf(table, ctx);
  for (const [i, { partition, sort }] of places.entries()) {
    const row = await items.get(ctx.tx, account, region, store, partition, sort);
    if (room.bytes <= 0 || (row !== undefined && row.bytes > room.bytes)) {
      room.bytes = 0;
      left.push(given.Keys[i]);
      continue;
    }
    meters.of(table).read(readUnits(row?.bytes ?? 0, given.ConsistentRead === true));
    if (row === undefined) continue;
    room.bytes -= row.bytes;
    const item = vault.open(row);
    found.push(projection === undefined ? item : projected(item, projection));
  }
  return { found, left };
}

async function readGets(given: Record<string, GivenGet>, ctx: Context): Promise<BatchGet[]> {
  const seen = new Places();
  const gets: BatchGet[] = [];
  for (const [name, one] of Object.entries(given)) {
    const table = await tableForData(name, ctx);
    const places = one.Keys.map((key) => placeOf(table, checkedKey(table.key, key)));
    for (const place of places) seen.add(table, place);
    gets.push({ name, table, given: one, projection: readProjection(one), places });
  }
  return gets;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
export const batchGetItem = dynamodb.operation("BatchGetItem", {
  access: async (input, ctx) =>
    await Promise.all(
      Object.entries(input.RequestItems).map(async ([name, given]) => {
        const named = await locate(name, ctx as Context);
        const attributes = () => [
          ...new Set([
            ...given.Keys.flatMap((key) => Object.keys(key)),
            ...namedAttributes(given, given.ProjectionExpression),
          ]),
        ];
        return accessTo("BatchGetItem", named, {
          context: () => itemKeys(input, leadingKeysOf(named, given.Keys), attributes()),
        });
      }),
    ),
  async handle(input, ctx) {
    const given = input.RequestItems as unknown as Record<string, GivenGet>;
    const count = Object.values(given).reduce((sum, { Keys }) => sum + Keys.length, 0);
    if (count > maxGets) throw validation("Too many items requested for the BatchGetItem call");
    const gets = await readGets(given, ctx as Context);
    const meters = new Meters();
    const Responses: Record<string, Item[]> = {};
    const UnprocessedKeys: Record<string, GivenGet> = {};
    const room = { bytes: maxAnswerBytes };
    let throttled: AwsError | undefined;
    for (const get of gets) {
      const refusal = isThrottled(get.table, "read", ctx as Context);
      if (refusal !== undefined) {
        throttled = refusal;
        UnprocessedKeys[get.name] = get.given;
        continue;
      }
      const { found, left } = await getAll(get, room, meters, ctx as Context);
      Responses[get.name] = found;
      if (left.length > 0) UnprocessedKeys[get.name] = { ...get.given, Keys: left };
    }
    if (throttled !== undefined && Object.keys(Responses).length === 0) throw throttled;
    for (const meter of meters.all) charge(meter, ctx as Context);
    const capacity = meters.shown(input.ReturnConsumedCapacity);
    return {
      Responses: Object.fromEntries(
        Object.entries(Responses).map(([name, found]) => [name, found.map(shownItem)]),
      ),
      UnprocessedKeys: UnprocessedKeys as never,
      ...(capacity && { ConsumedCapacity: capacity }),
    };
  },
  record: {
    data: true,
    requestOnly: ({ RequestItems }) => ({ requestItems: Object.keys(RequestItems ?? {}) }),
  },
});
