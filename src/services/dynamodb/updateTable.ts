import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { onTable } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { abandon } from "./deleteTable.ts";
import { shownEncryption, shownTable } from "./describe.ts";
import { encryptedUnder, type GivenEncryption } from "./encryption.ts";
import { existingTable, indexNamed } from "./find.ts";
import { forgetInsights } from "./insights.ts";
import {
  checkIndexes,
  type GivenAttribute,
  type GivenIndex,
  type GivenThroughput,
  readAttributes,
  readIndex,
  readOnDemand,
  readThroughput,
} from "./schema.ts";
import { endStream, type GivenStream, newStream } from "./tableStreams.ts";
import { type IndexRow, type KeyAttribute, type TableRow, type Throughput, tables } from "./tables.ts";
import { invalidParameter, validation } from "./words.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html */

interface GivenIndexUpdate {
  Create?: GivenIndex | undefined;
  Update?:
    | Pick<GivenIndex, "IndexName" | "ProvisionedThroughput" | "OnDemandThroughput" | "WarmThroughput">
    | undefined;
  Delete?: { IndexName: string } | undefined;
}

interface UpdateInput {
  AttributeDefinitions?: GivenAttribute[] | undefined;
  BillingMode?: string | undefined;
  ProvisionedThroughput?: GivenThroughput | undefined;
  GlobalSecondaryIndexUpdates?: GivenIndexUpdate[] | undefined;
  StreamSpecification?: GivenStream | undefined;
  SSESpecification?: GivenEncryption | undefined;
  TableClass?: string | undefined;
  DeletionProtectionEnabled?: boolean | undefined;
  OnDemandThroughput?: GivenIndex["OnDemandThroughput"];
  WarmThroughput?: GivenIndex["WarmThroughput"];
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

function changedThroughput(held: Throughput, given: Throughput, now: number): Throughput {
  const isMore = given.read > held.read || given.write > held.write;
  const isLess = given.read < held.read || given.write < held.write;
  return {
    ...held,
    ...given,
    ...(isMore && { increasedAt: now }),
    ...(isLess && { decreasedAt: now, decreases: (held.decreases ?? 0) + 1 }),
  };
}

function withBilling(table: TableRow, input: UpdateInput, ctx: Context): TableRow {
  const { BillingMode: asked, ProvisionedThroughput: given } = input;
  const now = ctx.clock.now();
  const mode = asked === "PAY_PER_REQUEST" || asked === "PROVISIONED" ? asked : table.billing.mode;
  if (asked === undefined && given === undefined) return table;
  if (mode === "PAY_PER_REQUEST") {
    const throughput = readThroughput(given, mode);
    const indexes = table.indexes.map((index) =>
      index.kind === "global" ? { ...index, throughput } : index,
    );
    const changedAt = table.billing.mode === mode ? (table.billing.changedAt ?? now) : now;
    return { ...table, billing: { mode, changedAt }, throughput, indexes };
  }
  if (given === undefined && table.billing.mode === mode) return table;
  const throughput = readThroughput(given, mode);
  const { read, write } = table.throughput;
  if (table.billing.mode === mode && read === throughput.read && write === throughput.write) {
    throw validation(
      `The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: ${read}. Requested ReadCapacityUnits: ${read}. Current WriteCapacityUnits provisioned for the table: ${write}. Requested WriteCapacityUnits: ${write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  }
  const { changedAt } = table.billing;
  return {
    ...table,
    billing: { mode, ...(changedAt !== undefined && { changedAt }) },
    throughput: changedThroughput(table.throughput, throughput, now),
  };
}

function createIndex(table: TableRow, given: GivenIndex, input: UpdateInput, ctx: Context): TableRow {
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

async function withIndexes(table: TableRow, input: UpdateInput, ctx: Context): Promise<TableRow> {
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

function withStream(table: TableRow, given: GivenStream | undefined, ctx: Context): TableRow {
  if (given === undefined) return table;
  const isOn = table.stream?.status === "ENABLED";
  if (given.StreamEnabled === true) {
    if (isOn) throw validation(`Table already has an enabled stream: TableName: ${table.name}`);
    const stream = newStream(table, given, ctx);
    return { ...table, ...(stream && { stream }) };
  }
  if (!isOn) throw validation(`Table already has a disabled stream: TableName: ${table.name}`);
  const stream = endStream(table, ctx);
  return { ...table, ...(stream && { stream }) };
}

async function withEncryption(
  table: TableRow,
  given: GivenEncryption | undefined,
  ctx: Context,
): Promise<TableRow> {
  if (given === undefined) return table;
  const { account, region, name, store, encryption: held } = table;
  const wanted = given.Enabled ? (given.KMSMasterKeyId ?? "alias/aws/dynamodb") : undefined;
  if (wanted === undefined && (held === undefined || held.current === 0)) {
    throw invalidParameter("Table is already encrypted by default");
  }
  const encryption =
    wanted === undefined ? held && { ...held, current: 0 } : await encryptedUnder(table, wanted, ctx);
  ctx.outbox.put("reseal", { account, region, name, store }, { account, region, group: `reseal/${store}` });
  return { ...table, ...(encryption && { encryption }) };
}

const settings = [
  "BillingMode",
  "ProvisionedThroughput",
  "GlobalSecondaryIndexUpdates",
  "StreamSpecification",
  "SSESpecification",
  "TableClass",
  "DeletionProtectionEnabled",
  "OnDemandThroughput",
  "WarmThroughput",
] as const;

function checkChangesAnything(input: UpdateInput): void {
  const isGiven = (name: (typeof settings)[number]) => {
    const value = input[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  };
  if (settings.some(isGiven)) return;
  throw validation(
    "At least one of ProvisionedThroughput, BillingMode, UpdateTableClass, GlobalSecondaryIndexUpdates, SSESpecification, StreamSpecification or ReplicaUpdates is required to UpdateTable",
  );
}

export const updateTable = dynamodb.operation("UpdateTable", {
  access: onTable("UpdateTable"),
  async handle(given, ctx) {
    const input = given as UpdateInput;
    const table = await existingTable(given.TableName, ctx);
    if (given.ReplicaUpdates !== undefined || given.VectorIndexUpdates !== undefined)
      throw validation("Global tables and vector indexes are not built here.");
    checkChangesAnything(input);
    const now = ctx.clock.now();
    const { TableClass, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput: warm } = input;
    const billed = withBilling(table, input, ctx as Context);
    const indexed = await withIndexes(billed, input, ctx as Context);
    const streamed = withStream(indexed, input.StreamSpecification, ctx as Context);
    const sealed = await withEncryption(streamed, input.SSESpecification, ctx as Context);
    const changed: TableRow = {
      ...sealed,
      ...(TableClass !== undefined && { tableClass: { name: TableClass, changedAt: now } }),
      ...(DeletionProtectionEnabled !== undefined && { deletionProtected: DeletionProtectionEnabled }),
      ...(OnDemandThroughput && { onDemand: readOnDemand(OnDemandThroughput) }),
      ...(warm && { warm: { read: warm.ReadUnitsPerSecond ?? 0, write: warm.WriteUnitsPerSecond ?? 0 } }),
    };
    tables.put(ctx.tx, [changed.account, changed.region, changed.name], changed);
    const shown = shownTable(changed, { status: "UPDATING" });
    return {
      TableDescription: {
        ...shown,
        ...(input.SSESpecification !== undefined && {
          SSEDescription: shownEncryption(changed, "UPDATING"),
        }),
      },
    };
  },
});
