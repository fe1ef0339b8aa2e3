import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { randomText } from "../../kit/ids.ts";
import { parseArn } from "../../kit/targets.ts";
import { onTable } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { abandon } from "./deleteTable.ts";
import { shownEncryption, shownKeySchema, shownTable } from "./describe.ts";
import { locate } from "./find.ts";
import { type BackupRow, backups, items, type TableRow } from "./tables.ts";

/** Backups on demand. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_HowItWorks.html */

const pageRows = 200;

/** A table for an operation whose errors are those of backups. */
export async function backedTable(given: string, ctx: Context): Promise<TableRow> {
  const { table, name } = await locate(given, ctx);
  if (table !== undefined) return table;
  throw new AwsError("TableNotFoundException", `Table not found: ${name}`);
}

function backupName(arn: string) {
  const parsed = parseArn(arn);
  const match = /^table\/([^/]+)\/backup\/([^/]+)$/.exec(parsed?.resource ?? "");
  if (parsed?.service !== "dynamodb" || match === null) return undefined;
  const [, table, id] = match as unknown as [string, string, string];
  return { account: parsed.account, region: parsed.region, table, id };
}

export function onBackup(action: string) {
  return ({ BackupArn }: { BackupArn: string }, ctx: Context) => ({
    action: `dynamodb:${action}`,
    resource:
      backupName(BackupArn) === undefined
        ? `arn:aws:dynamodb:${ctx.region}:${ctx.account}:table/*/backup/*`
        : BackupArn,
    resourceType: "AWS::DynamoDB::Table",
  });
}

export async function existingBackup(arn: string, ctx: Context): Promise<BackupRow> {
  const name = backupName(arn);
  const row = name && (await backups.get(ctx.tx, name.account, name.region, name.table, name.id));
  if (row !== undefined) return row;
  throw new AwsError("BackupNotFoundException", `Backup not found: ${arn}`);
}

function shownDetails({ arn, name, created, status, bytes }: BackupRow) {
  return {
    BackupArn: arn,
    BackupName: name,
    BackupSizeBytes: bytes,
    BackupStatus: status,
    BackupType: "USER" as const,
    BackupCreationDateTime: new Date(created),
  };
}

function shownFeatures(table: TableRow) {
  const shown = shownTable(table);
  const encryption = shownEncryption(table);
  return {
    ...("LocalSecondaryIndexes" in shown && {
      LocalSecondaryIndexes: shown.LocalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    }),
    ...("GlobalSecondaryIndexes" in shown && {
      GlobalSecondaryIndexes: table.indexes
        .filter(({ kind }) => kind === "global")
        .map(({ name, key, projection, throughput }) => ({
          IndexName: name,
          KeySchema: shownKeySchema(key),
          Projection: {
            ProjectionType: projection.type,
            ...(projection.attributes && { NonKeyAttributes: [...projection.attributes] }),
          },
          ProvisionedThroughput: {
            ReadCapacityUnits: throughput?.read ?? 0,
            WriteCapacityUnits: throughput?.write ?? 0,
          },
        })),
    }),
    ...(table.stream?.status === "ENABLED" && {
      StreamDescription: { StreamEnabled: true, StreamViewType: table.stream.view },
    }),
    ...(table.timeToLive && {
      TimeToLiveDescription: {
        TimeToLiveStatus: table.timeToLive.status,
        AttributeName: table.timeToLive.attribute,
      },
    }),
    ...(encryption && { SSEDescription: encryption }),
  };
}

function shownBackup(row: BackupRow) {
  const { table } = row;
  return {
    BackupDetails: shownDetails(row),
    SourceTableDetails: {
      TableName: table.name,
      TableId: table.id,
      TableArn: table.arn,
      TableSizeBytes: row.bytes,
      KeySchema: shownKeySchema(table.key),
      TableCreationDateTime: new Date(table.created),
      ProvisionedThroughput: {
        ReadCapacityUnits: table.throughput.read,
        WriteCapacityUnits: table.throughput.write,
      },
      ItemCount: row.items,
      BillingMode: table.billing.mode,
    },
    SourceTableFeatureDetails: shownFeatures(table),
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html */
export const createBackup = dynamodb.operation("CreateBackup", {
  access: onTable("CreateBackup"),
  async handle({ TableName, BackupName }, ctx) {
    const table = await backedTable(TableName, ctx as Context);
    const now = Math.floor(ctx.clock.now());
    const id = `${String(now).padStart(14, "0")}-${randomText(8, "lower36")}`;
    const { account, region, name } = table;
    const row: BackupRow = {
      arn: `${table.arn}/backup/${id}`,
      id,
      name: BackupName,
      created: now,
      status: "CREATING",
      table,
      store: randomText(12, "lower36"),
      items: 0,
      bytes: 0,
    };
    backups.put(ctx.tx, [account, region, name, id], row);
    ctx.outbox.put("copyToBackup", { account, region, name, id }, { account, region, group: `backup/${id}` });
    return { BackupDetails: shownDetails(row) };
  },
});

interface Copy {
  account: string;
  region: string;
  name: string;
  id: string;
  after?: [string, string];
}

/** Copies a page of items; as they lie, for they open with the table's own key. */
export async function copyToBackup({ account, region, name, id, after }: Copy, ctx: Context): Promise<void> {
  const row = await backups.get(ctx.tx, account, region, name, id);
  if (row === undefined) return;
  const page = await ctx.peek((tx) =>
    items.list(tx, [account, region, row.table.store], { limit: pageRows, ...(after && { after }) }),
  );
  let bytes = 0;
  for (const { key, row: item } of page) {
    bytes += item.bytes;
    items.put(ctx.tx, [account, region, row.store, key[3], key[4]], item);
  }
  const last = page.at(-1)?.key;
  const isDone = last === undefined || page.length < pageRows;
  backups.put(ctx.tx, [account, region, name, id], {
    ...row,
    items: row.items + page.length,
    bytes: row.bytes + bytes,
    status: isDone ? "AVAILABLE" : "CREATING",
  });
  if (isDone) return;
  const next = { account, region, name, id, after: [last[3], last[4]] };
  ctx.outbox.put("copyToBackup", next, { group: `backup/${id}` });
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeBackup.html */
export const describeBackup = dynamodb.operation("DescribeBackup", {
  access: onBackup("DescribeBackup"),
  async handle({ BackupArn }, ctx) {
    return { BackupDescription: shownBackup(await existingBackup(BackupArn, ctx as Context)) };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteBackup.html */
export const deleteBackup = dynamodb.operation("DeleteBackup", {
  access: onBackup("DeleteBackup"),
  async handle({ BackupArn }, ctx) {
    const row = await existingBackup(BackupArn, ctx as Context);
    if (row.status === "CREATING") {
      throw ctx.error("BackupInUseException", `Backup is being created: ${BackupArn}`);
    }
    const { account, region, name } = row.table;
    backups.delete(ctx.tx, account, region, name, row.id);
    abandon(row.table, [row.store], ctx as Context);
    const shown = shownBackup(row);
    return {
      BackupDescription: {
        ...shown,
        BackupDetails: { ...shown.BackupDetails, BackupStatus: "DELETED" as const },
      },
    };
  },
});

const maxListed = 100;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListBackups.html */
export const listBackups = dynamodb.operation("ListBackups", {
  access: () => ({ action: "dynamodb:ListBackups", resource: "*" }),
  async handle(input, ctx) {
    const { TableName: given, Limit = maxListed, ExclusiveStartBackupArn: start } = input;
    const name = given?.startsWith("arn:") ? given.slice(given.lastIndexOf("/") + 1) : given;
    const from = input.TimeRangeLowerBound?.getTime() ?? 0;
    const to = input.TimeRangeUpperBound?.getTime() ?? Number.POSITIVE_INFINITY;
    const parts = name === undefined ? [ctx.account, ctx.region] : [ctx.account, ctx.region, name];
    const place = start === undefined ? undefined : backupName(start);
    let after = place && (name === undefined ? [place.table, place.id] : [place.id]);
    const shown: BackupRow[] = [];
    for (;;) {
      const page = await backups.list(ctx.tx, parts, { limit: maxListed, ...(after && { after }) });
      for (const { row } of page) if (row.created >= from && row.created < to) shown.push(row);
      if (page.length < maxListed || shown.length > Limit) break;
      after = page.at(-1)?.key.slice(parts.length);
    }
    const last = shown.length > Limit ? shown[Limit - 1] : undefined;
    return {
      BackupSummaries: shown.slice(0, Limit).map((row) => ({
        ...shownDetails(row),
        TableName: row.table.name,
        TableId: row.table.id,
        TableArn: row.table.arn,
      })),
      ...(last && { LastEvaluatedBackupArn: last.arn }),
    };
  },
});
