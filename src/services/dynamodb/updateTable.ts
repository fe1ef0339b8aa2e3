import type { Context } from "../../kit/context.ts";
import { onTable } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { shownEncryption, shownTable } from "./describe.ts";
import { encryptedUnder, type GivenEncryption } from "./encryption.ts";
import { checkNotCreating, existingTable } from "./find.ts";
import { shareSettings } from "./replicas/settings.ts";
import { type ReplicaUpdate, replicaAccess, updateReplicas } from "./replicas/updates.ts";
import { type GivenIndex, type GivenThroughput, readOnDemand, readThroughput } from "./schema.ts";
import { endStream, type GivenStream, newStream } from "./tableStreams.ts";
import { type TableRow, tables } from "./tables.ts";
import { changedThroughput, type IndexesInput, withIndexes } from "./updateIndexes.ts";
import { invalidParameter, validation } from "./words.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html */

interface UpdateInput extends IndexesInput {
  BillingMode?: string | undefined;
  ProvisionedThroughput?: GivenThroughput | undefined;
  StreamSpecification?: GivenStream | undefined;
  SSESpecification?: GivenEncryption | undefined;
  TableClass?: string | undefined;
  DeletionProtectionEnabled?: boolean | undefined;
  OnDemandThroughput?: GivenIndex["OnDemandThroughput"];
  WarmThroughput?: GivenIndex["WarmThroughput"];
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

function withStream(table: TableRow, given: GivenStream | undefined, ctx: Context): TableRow {
  if (given === undefined) return table;
  const isOn = table.stream?.status === "ENABLED";
  if (table.replicas !== undefined && given.StreamEnabled !== true)
    throw invalidParameter("Disabling Stream is not allowed for a Global Table replica.");
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

function changesAnything(input: UpdateInput): boolean {
  return settings.some((name) => {
    const value = input[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  });
}

interface ReplicasInput {
  TableName: string;
  ReplicaUpdates: ReplicaUpdate[];
}

function checkOnlyReplicas(input: UpdateInput): void {
  if (changesAnything(input))
    throw invalidParameter("Replica modification must be the only operation in the request");
}

function checkChangesAnything(input: UpdateInput): void {
  if (changesAnything(input)) return;
  throw validation(
    "At least one of ProvisionedThroughput, BillingMode, UpdateTableClass, GlobalSecondaryIndexUpdates, SSESpecification, StreamSpecification or ReplicaUpdates is required to UpdateTable",
  );
}

export const updateTable = dynamodb.operation("UpdateTable", {
  access: async (input, ctx) => [
    await onTable("UpdateTable")(input, ctx as Context),
    ...(await replicaAccess(input as ReplicasInput, ctx as Context)),
  ],
  async handle(given, ctx) {
    const input = given as UpdateInput;
    const table = await existingTable(given.TableName, ctx);
    checkNotCreating(table);
    if (given.VectorIndexUpdates !== undefined) throw validation("Vector indexes are not built here.");
    if (given.MultiRegionConsistency === "STRONG" || given.GlobalTableWitnessUpdates !== undefined)
      throw validation("Multi-Region strong consistency is not built here.");
    if (given.ReplicaUpdates !== undefined) {
      checkOnlyReplicas(input);
      const changed = await updateReplicas(table, (given as ReplicasInput).ReplicaUpdates, ctx as Context);
      return { TableDescription: shownTable(changed, { status: "UPDATING" }) };
    }
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
    await shareSettings(changed, input, ctx as Context);
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
