import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { randomText, uuid } from "../../kit/ids.ts";
import { accessTo } from "./access.ts";
import { backedTable, existingBackup, onBackup } from "./backups.ts";
import { restorable } from "./continuousBackups.ts";
import { dynamodb } from "./contract.ts";
import { shownTable } from "./describe.ts";
import { type GivenEncryption, newEncryption } from "./encryption.ts";
import { checkName, locate, tableArn } from "./find.ts";
import { readOnDemand, readThroughput } from "./schema.ts";
import { type IndexRow, type TableRow, tables } from "./tables.ts";
import { validation } from "./words.ts";

/** Tables made of backups, or of what a table was at a time. */

interface RestoreInput {
  TargetTableName: string;
  BillingModeOverride?: string | undefined;
  GlobalSecondaryIndexOverride?: { IndexName: string }[] | undefined;
  LocalSecondaryIndexOverride?: { IndexName: string }[] | undefined;
  ProvisionedThroughputOverride?: { ReadCapacityUnits: number; WriteCapacityUnits: number } | undefined;
  OnDemandThroughputOverride?: { MaxReadRequestUnits?: number; MaxWriteRequestUnits?: number } | undefined;
  SSESpecificationOverride?: GivenEncryption | undefined;
}

/** Indexes can be left out; new ones cannot be named. */
function keptIndexes(source: TableRow, input: RestoreInput): IndexRow[] {
  const overrides = {
    global: input.GlobalSecondaryIndexOverride,
    local: input.LocalSecondaryIndexOverride,
  };
  for (const [kind, given] of Object.entries(overrides)) {
    const strange = given?.find(
      ({ IndexName }) => !source.indexes.some((index) => index.kind === kind && index.name === IndexName),
    );
    if (strange !== undefined)
      throw validation(`The index ${strange.IndexName} is none of the source table's indexes`);
  }
  return source.indexes
    .filter(({ kind, name }) => overrides[kind]?.some(({ IndexName }) => IndexName === name) ?? true)
    .map((index) => {
      const { backfilling: _, ...rest } = index;
      return { ...rest, status: "ACTIVE", store: randomText(12, "lower36") };
    });
}

/** The new table: as the source was, without its stream, its tags, its policy and its expiry. */
async function target(source: TableRow, input: RestoreInput, ctx: Context): Promise<TableRow> {
  const { TargetTableName: name, OnDemandThroughputOverride: onDemand } = input;
  checkName(name);
  const { table: standing } = await locate(name, ctx);
  if (standing !== undefined)
    throw new AwsError("TableAlreadyExistsException", `Table already exists: ${name}`);
  const asked = input.BillingModeOverride;
  const mode = asked === "PROVISIONED" || asked === "PAY_PER_REQUEST" ? asked : source.billing.mode;
  const given = input.ProvisionedThroughputOverride;
  const throughput =
    given === undefined && mode === source.billing.mode ? source.throughput : readThroughput(given, mode);
  const now = ctx.clock.now();
  const { account, region } = ctx;
  const indexes = keptIndexes(source, input);
  const keys = [source.key, ...indexes.map(({ key }) => key)];
  const used = new Set(keys.flatMap(({ hash, range }) => [...hash, ...range].map((one) => one.name)));
  const table: TableRow = {
    name,
    account,
    region,
    id: uuid(),
    arn: tableArn(account, region, name),
    created: now,
    status: "CREATING",
    key: source.key,
    attributes: source.attributes.filter((one) => used.has(one.name)),
    indexes,
    store: randomText(12, "lower36"),
    secret: randomText(43, "mixed62"),
    billing: { mode, ...(mode === "PAY_PER_REQUEST" && { changedAt: now }) },
    throughput,
    ...(onDemand && { onDemand: readOnDemand(onDemand) }),
    deletionProtected: false,
    tags: {},
  };
  const { encryption: held } = source;
  const usual = held && held.current > 0 ? { Enabled: true, KMSMasterKeyId: held.kmsKeyArn } : undefined;
  const encryption = await newEncryption(table, input.SSESpecificationOverride ?? usual, ctx);
  return { ...table, ...(encryption && { encryption }) };
}

function begin(table: TableRow, from: Record<string, unknown>, ctx: Context): void {
  const { account, region, name, store } = table;
  tables.put(ctx.tx, [account, region, name], table);
  ctx.outbox.put(
    "restoreItems",
    { account, region, name, store, ...from },
    { account, region, group: `restore/${store}` },
  );
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableFromBackup.html */
export const restoreTableFromBackup = dynamodb.operation("RestoreTableFromBackup", {
  access: async (input, ctx) => [
    onBackup("RestoreTableFromBackup")(input, ctx as Context),
    accessTo("RestoreTableFromBackup", await locate(input.TargetTableName, ctx as Context)),
  ],
  async handle(input, ctx) {
    const backup = await existingBackup(input.BackupArn, ctx as Context);
    if (backup.status === "CREATING")
      throw ctx.error("BackupInUseException", `Backup is being created: ${backup.arn}`);
    const made = await target(backup.table, input as RestoreInput, ctx as Context);
    const restored = { at: ctx.clock.now(), from: backup.table.arn, backup: backup.arn };
    const table: TableRow = { ...made, restored };
    begin(table, { source: backup.table, from: backup.store }, ctx as Context);
    return { TableDescription: shownTable(table, { status: "CREATING" }) };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html */
export const restoreTableToPointInTime = dynamodb.operation("RestoreTableToPointInTime", {
  access: async (input, ctx) => {
    const source = input.SourceTableArn ?? input.SourceTableName;
    const named = [input.TargetTableName, ...(source === undefined ? [] : [source])];
    return await Promise.all(
      named.map(async (name) => accessTo("RestoreTableToPointInTime", await locate(name, ctx as Context))),
    );
  },
  async handle(input, ctx) {
    const given = input.SourceTableArn ?? input.SourceTableName;
    if (given === undefined) throw validation("Either SourceTableArn or SourceTableName must be specified");
    const source = await backedTable(given, ctx as Context);
    const now = Math.floor(ctx.clock.now());
    const span = restorable(source, now);
    if (span === undefined) {
      throw ctx.error(
        "PointInTimeRecoveryUnavailableException",
        `Point in time recovery is not enabled for table '${source.name}'`,
      );
    }
    const { UseLatestRestorableTime: latest, RestoreDateTime: asked } = input;
    if (!latest && asked === undefined)
      throw validation("Either RestoreDateTime or UseLatestRestorableTime must be specified");
    const at = latest || asked === undefined ? span.latest : asked.getTime();
    // Clients tell whole seconds.
    if (at < span.earliest - 1000 || at > span.latest)
      throw ctx.error(
        "InvalidRestoreTimeException",
        "The point in time to restore to is not within the restorable window",
      );
    const made = await target(source, input as RestoreInput, ctx as Context);
    const table: TableRow = { ...made, restored: { at, from: source.arn } };
    begin(table, { source, from: source.store, at }, ctx as Context);
    return { TableDescription: shownTable(table, { status: "CREATING" }) };
  },
});
