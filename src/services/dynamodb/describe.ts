import { shownReplicas } from "./replicas/show.ts";
import type { IndexRow, KeySchema, TableRow, Throughput } from "./tables.ts";

/** Tables as DescribeTable shows them. */

export function shownKeySchema({ hash, range }: KeySchema) {
  return [
    ...hash.map(({ name }) => ({ AttributeName: name, KeyType: "HASH" as const })),
    ...range.map(({ name }) => ({ AttributeName: name, KeyType: "RANGE" as const })),
  ];
}

function shownThroughput({ read, write, increasedAt, decreasedAt, decreases }: Throughput) {
  return {
    ...(increasedAt !== undefined && { LastIncreaseDateTime: new Date(increasedAt) }),
    ...(decreasedAt !== undefined && { LastDecreaseDateTime: new Date(decreasedAt) }),
    NumberOfDecreasesToday: decreases ?? 0,
    ReadCapacityUnits: read,
    WriteCapacityUnits: write,
  };
}

export const noThroughput: Throughput = { read: 0, write: 0 };

/** What an on-demand table can take at once. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html */
const onDemandWarm = { read: 12_000, write: 4_000 };

type Warm = { read: number; write: number };

export function warmOf(table: TableRow, throughput: Throughput, given: Warm | undefined): Warm {
  if (given !== undefined) return given;
  return table.billing.mode === "PAY_PER_REQUEST" ? onDemandWarm : throughput;
}

function shownWarm({ read, write }: Warm, Status: "ACTIVE" | "UPDATING") {
  return { ReadUnitsPerSecond: read, WriteUnitsPerSecond: write, Status };
}

function shownOnDemand({ read, write }: { read?: number; write?: number }) {
  return {
    ...(read !== undefined && { MaxReadRequestUnits: read }),
    ...(write !== undefined && { MaxWriteRequestUnits: write }),
  };
}

export interface ShownOptions {
  /** Of a table that is just being made or changed: AWS tells some things only later. */
  status?: TableRow["status"];
  indexStatus?: IndexRow["status"];
}

function shownIndex(table: TableRow, index: IndexRow, { status, indexStatus }: ShownOptions) {
  const counted = table.counted?.indexes[index.name];
  const { type, attributes } = index.projection;
  const common = {
    IndexName: index.name,
    KeySchema: shownKeySchema(index.key),
    Projection: { ProjectionType: type, ...(attributes && { NonKeyAttributes: [...attributes] }) },
    IndexSizeBytes: counted?.bytes ?? 0,
    ItemCount: counted?.items ?? 0,
    IndexArn: `${table.arn}/index/${index.name}`,
  };
  if (index.kind === "local") return common;
  const throughput = index.throughput ?? noThroughput;
  return {
    ...common,
    IndexStatus: indexStatus ?? index.status,
    ...(index.backfilling && { Backfilling: true }),
    ProvisionedThroughput: shownThroughput(throughput),
    ...(index.onDemand && { OnDemandThroughput: shownOnDemand(index.onDemand) }),
    ...((status === undefined || index.warm) && {
      WarmThroughput: shownWarm(
        warmOf(table, throughput, index.warm),
        status === "CREATING" ? "UPDATING" : "ACTIVE",
      ),
    }),
  };
}

function shownStream({ stream }: TableRow) {
  if (stream === undefined) return {};
  const enabled = stream.status === "ENABLED";
  return {
    ...(enabled && { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.view } }),
    LatestStreamLabel: stream.label,
    LatestStreamArn: stream.arn,
  };
}

function shownBilling({ billing }: TableRow, isNew: boolean) {
  if (billing.mode === "PROVISIONED" && billing.changedAt === undefined) return {};
  return {
    BillingModeSummary: {
      BillingMode: billing.mode,
      ...(billing.changedAt !== undefined &&
        !isNew && { LastUpdateToPayPerRequestDateTime: new Date(billing.changedAt) }),
    },
  };
}

export function shownEncryption({ encryption }: TableRow, Status: "ENABLED" | "UPDATING" = "ENABLED") {
  // Of a table that went back to the store's own sealing, AWS shows nothing in the end.
  if (encryption?.current === 0 && Status === "ENABLED") return undefined;
  return encryption && { Status, SSEType: "KMS" as const, KMSMasterKeyArn: encryption.kmsKeyArn };
}

function shownRestore({ restored }: TableRow) {
  if (restored === undefined) return {};
  return {
    RestoreSummary: {
      ...(restored.backup !== undefined && { SourceBackupArn: restored.backup }),
      SourceTableArn: restored.from,
      RestoreDateTime: new Date(restored.at),
      RestoreInProgress: false,
    },
  };
}

export function shownTable(table: TableRow, options: ShownOptions = {}) {
  const { status } = options;
  const isNew = status === "CREATING";
  const locals = table.indexes.filter(({ kind }) => kind === "local");
  const globals = table.indexes.filter(({ kind }) => kind === "global");
  const encryption = shownEncryption(table);
  return {
    AttributeDefinitions: table.attributes.map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    TableName: table.name,
    KeySchema: shownKeySchema(table.key),
    TableStatus: status ?? table.status,
    CreationDateTime: new Date(table.created),
    ProvisionedThroughput: shownThroughput(table.throughput),
    TableSizeBytes: table.counted?.bytes ?? 0,
    ItemCount: table.counted?.items ?? 0,
    TableArn: table.arn,
    TableId: table.id,
    ...shownBilling(table, isNew),
    ...(locals.length > 0 && {
      LocalSecondaryIndexes: locals.map((index) => shownIndex(table, index, options)),
    }),
    ...(globals.length > 0 && {
      GlobalSecondaryIndexes: globals.map((index) => shownIndex(table, index, options)),
    }),
    ...shownStream(table),
    ...shownRestore(table),
    ...(encryption && { SSEDescription: encryption }),
    ...(table.tableClass && {
      TableClassSummary: {
        TableClass: table.tableClass.name as "STANDARD",
        ...(table.tableClass.changedAt !== undefined && {
          LastUpdateDateTime: new Date(table.tableClass.changedAt),
        }),
      },
    }),
    DeletionProtectionEnabled: table.deletionProtected,
    ...shownReplicas(table, shownWarm(warmOf(table, table.throughput, table.warm), "ACTIVE")),
    ...(table.onDemand && { OnDemandThroughput: shownOnDemand(table.onDemand) }),
    ...((status === undefined || table.warm) && {
      WarmThroughput: shownWarm(warmOf(table, table.throughput, table.warm), isNew ? "UPDATING" : "ACTIVE"),
    }),
  };
}
