import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { abandon } from "./deleteTable.ts";
import { indexNamed } from "./find.ts";
import { forgetInsights } from "./insights.ts";
import {
  checkIndexes,
  type GivenAttribute,
  type GivenIndex,
  readAttributes,
  readIndex,
  readOnDemand,
  readThroughput,
} from "./schema.ts";
import type { IndexRow, KeyAttribute, TableRow, Throughput } from "./tables.ts";
import { invalidParameter, validation } from "./words.ts";

/** Global indexes that UpdateTable makes, changes and deletes. */

export interface GivenIndexUpdate {
  Create?: GivenIndex | undefined;
  Update?:
    | Pick<GivenIndex, "IndexName" | "ProvisionedThroughput" | "OnDemandThroughput" | "WarmThroughput">
    | undefined;
  Delete?: { IndexName: string } | undefined;
}

export interface IndexesInput {
  AttributeDefinitions?: GivenAttribute[] | undefined;
  GlobalSecondaryIndexUpdates?: GivenIndexUpdate[] | undefined;
}

const oneAtATime =
  "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table";

function checkUpdates(updates: readonly GivenIndexUpdate[]): void {
  for (const { Create, Update, Delete } of updates) {
    const count = [Create, Update, Delete].filter((one) => one !== undefined).length;
    if (count === 0) {
      throw invalidParameter(
        "One of GlobalSecondaryIndexUpdate's Create, Update or Delete must be specified",
      );
    }
    if (count > 1) {
      throw invalidParameter(
        "Only one of GlobalSecondaryIndexUpdate's Create, Update or Delete may be specified",
      );
    }
  }
  if (updates.filter(({ Update }) => Update === undefined).length > 1)
    throw new AwsError("LimitExceededException", oneAtATime);
}

/** The table's attributes, and those that are new; what is known cannot be of another type. */
function joinedAttributes(table: TableRow, given: readonly GivenAttribute[] | undefined): KeyAttribute[] {
  const added = given === undefined ? [] : readAttributes(given);
  for (const { name, type } of added) {
    const known = table.attributes.find((one) => one.name === name);
    if (known !== undefined && known.type !== type) {
      throw invalidParameter(
        `Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: Schema:[SchemaElement: key{${name}:${known.type}:HASH}] New schema: Schema:[SchemaElement: key{${name}:${type}:HASH}]`,
      );
    }
  }
  const more = added.filter(({ name }) => !table.attributes.some((one) => one.name === name));
  return [...table.attributes, ...more];
}

export function changedThroughput(held: Throughput, given: Throughput, now: number): Throughput {
  const isMore = given.read > held.read || given.write > held.write;
  const isLess = given.read < held.read || given.write < held.write;
  return {
    ...held,
    ...given,
    ...(isMore && { increasedAt: now }),
    ...(isLess && { decreasedAt: now, decreases: (held.decreases ?? 0) + 1 }),
  };
}

function createIndex(table: TableRow, given: GivenIndex, input: IndexesInput, ctx: Context): TableRow {
  if (indexNamed(table, given.IndexName) !== undefined)
    throw validation("Attempting to create an index which already exists");
  const attributes = joinedAttributes(table, input.AttributeDefinitions);
  const defined = readAttributes(input.AttributeDefinitions ?? []);
  const index: IndexRow = {
    ...readIndex(given, "global", defined, table),
    throughput: readThroughput(given.ProvisionedThroughput, table.billing.mode, given.IndexName),
    status: "CREATING",
    backfilling: true,
  };
  const indexes = [...table.indexes, index];
  checkIndexes(indexes);
  const used = new Set(
    [table.key, ...indexes.map(({ key }) => key)].flatMap(({ hash, range }) =>
      [...hash, ...range].map(({ name }) => name),
    ),
  );
  const { account, region, name, store } = table;
  ctx.outbox.put(
    "backfill",
    { account, region, name, store, index: index.store },
    { account, region, group: `backfill/${index.store}` },
  );
  return { ...table, attributes: attributes.filter((one) => used.has(one.name)), indexes };
}

async function deleteIndex(table: TableRow, name: string, ctx: Context): Promise<TableRow> {
  const index = indexNamed(table, name);
  if (index === undefined) {
    throw new AwsError("ResourceNotFoundException", `Requested resource not found: Index: ${name} not found`);
  }
  if (index.kind === "local") throw validation(`The index ${name} is not a global secondary index`);
  abandon(table, [index.store], ctx);
  await forgetInsights(table, ctx, name);
  const indexes = table.indexes.filter((one) => one !== index);
  const used = new Set(
    [table.key, ...indexes.map(({ key }) => key)].flatMap(({ hash, range }) =>
      [...hash, ...range].map((one) => one.name),
    ),
  );
  return { ...table, indexes, attributes: table.attributes.filter((one) => used.has(one.name)) };
}

function updateIndex(table: TableRow, given: NonNullable<GivenIndexUpdate["Update"]>, now: number): TableRow {
  const held = indexNamed(table, given.IndexName);
  if (held === undefined) {
    throw new AwsError(
      "ResourceNotFoundException",
      `Requested resource not found: Index: ${given.IndexName} not found`,
    );
  }
  const { ProvisionedThroughput: asked, OnDemandThroughput: onDemand, WarmThroughput: warm } = given;
  const index: IndexRow = {
    ...held,
    ...(asked && {
      throughput: changedThroughput(
        held.throughput ?? { read: 0, write: 0 },
        readThroughput(asked, table.billing.mode, held.name),
        now,
      ),
    }),
    ...(onDemand && { onDemand: readOnDemand(onDemand) }),
    ...(warm && { warm: { read: warm.ReadUnitsPerSecond ?? 0, write: warm.WriteUnitsPerSecond ?? 0 } }),
  };
  return { ...table, indexes: table.indexes.map((one) => (one === held ? index : one)) };
}

export async function withIndexes(table: TableRow, input: IndexesInput, ctx: Context): Promise<TableRow> {
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  checkUpdates(updates);
  let changed = table;
  for (const { Create, Update, Delete } of updates) {
    if (Create !== undefined) changed = createIndex(changed, Create, input, ctx);
    else if (Delete !== undefined) changed = await deleteIndex(changed, Delete.IndexName, ctx);
    else if (Update !== undefined) changed = updateIndex(changed, Update, ctx.clock.now());
  }
  return changed;
}
