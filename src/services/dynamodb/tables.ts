import { table } from "../../kit/table.ts";
import type { Item } from "./values.ts";

/** DynamoDB's tables of its own, by account and Region. */

type Scope = [account: string, region: string];

export type KeyType = "S" | "N" | "B";

/** Attributes of a key, with their types. An index may have several of each, a table has one. */
export interface KeySchema {
  hash: readonly KeyAttribute[];
  range: readonly KeyAttribute[];
}

export interface KeyAttribute {
  name: string;
  type: KeyType;
}

export interface Throughput {
  read: number;
  write: number;
  increasedAt?: number;
  decreasedAt?: number;
  decreases?: number;
}

export interface IndexRow {
  name: string;
  kind: "global" | "local";
  key: KeySchema;
  projection: { type: "ALL" | "KEYS_ONLY" | "INCLUDE"; attributes?: readonly string[] };
  status: "CREATING" | "ACTIVE" | "DELETING" | "UPDATING";
  backfilling?: true;
  /** Where its rows are. */
  store: string;
  throughput?: Throughput;
  onDemand?: { read?: number; write?: number };
  warm?: { read: number; write: number };
}

export interface StreamRow {
  label: string;
  arn: string;
  view: "KEYS_ONLY" | "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES";
  tableName: string;
  key: KeySchema;
  /** Where its records are. */
  store: string;
  created: number;
  /** The first number that a record may have. */
  starting: string;
  status: "ENABLED" | "DISABLED";
  /** Set when it was disabled. */
  endedAt?: number;
  ending?: string;
}

export interface TableRow {
  name: string;
  account: string;
  region: string;
  id: string;
  arn: string;
  /** ms since the epoch, as all times in rows. */
  created: number;
  status: "CREATING" | "ACTIVE" | "UPDATING" | "DELETING";
  key: KeySchema;
  /** In the order in which they were given. */
  attributes: readonly KeyAttribute[];
  indexes: readonly IndexRow[];
  /** Where its items are; it differs for a table of the same name that is made later. */
  store: string;
  /** Partition keys in row keys are hashed with it; hexadecimal. */
  secret: string;
  billing: { mode: "PROVISIONED" | "PAY_PER_REQUEST"; changedAt?: number };
  throughput: Throughput;
  onDemand?: { read?: number; write?: number };
  warm?: { read: number; write: number };
  tableClass?: { name: string; changedAt?: number };
  deletionProtected: boolean;
  stream?: StreamRow;
  encryption?: EncryptionRow;
  timeToLive?: { attribute: string; changedAt: number; status: "ENABLED" | "ENABLING" | "DISABLING" };
  recovery?: { since: number; days: number };
  /** Auto scaling of its capacity, as it was set for a global table's. */
  autoScaling?: AutoScalingRow;
  /** Of a global table: its tables in other Regions. */
  replicas?: readonly ReplicaRow[];
  /** Kinesis streams that changes go to, or went to. */
  destinations?: readonly DestinationRow[];
  restored?: { at: number; from: string; backup?: string };
  policy?: { document: string; revision: string };
  tags: Readonly<Record<string, string>>;
  /** What a job last counted. */
  counted?: {
    items: number;
    bytes: number;
    indexes: Readonly<Record<string, { items: number; bytes: number }>>;
  };
}

/** Auto scaling that is kept: of the table under "", and of each index. */
export type AutoScalingRow = Readonly<Record<string, { read?: ScalingRow; write?: ScalingRow }>>;

export interface ScalingRow {
  min: number;
  max: number;
  roleArn?: string;
  policy: { name: string; target: ScalingTarget };
}

/** As it was given. */
export interface ScalingTarget {
  DisableScaleIn?: boolean;
  ScaleInCooldown?: number;
  ScaleOutCooldown?: number;
  TargetValue: number;
}

/** Another table of a global table, as one of them knows it. */
export interface ReplicaRow {
  region: string;
  tableId: string;
  status: "CREATING" | "ACTIVE" | "REPLICATION_NOT_AUTHORIZED";
  /** Where changes wait that are to be made there. */
  queue: string;
  /** When it was begun to be filled from this table. */
  sourcedAt?: number;
  /** Its customer's KMS key. */
  kmsKeyArn?: string;
  /** Settings of its own, where they are not the global table's. */
  overrides?: ReplicaOverrides;
}

export interface ReplicaOverrides {
  read?: number;
  onDemandRead?: number;
  tableClass?: string;
  indexes?: Readonly<Record<string, { read?: number; onDemandRead?: number }>>;
}

/** A Kinesis stream that a table's changes go to. */
export interface DestinationRow {
  streamArn: string;
  status: "ENABLING" | "ACTIVE" | "DISABLING" | "DISABLED" | "ENABLE_FAILED" | "UPDATING";
  /** Why it could not be enabled. */
  description?: string;
  precision?: "MILLISECOND" | "MICROSECOND";
  /** Where changes wait for it. */
  queue: string;
}

/** The KMS key under whose data key the table's items are sealed besides. */
export interface EncryptionRow {
  kmsKeyArn: string;
  /** The data key under the KMS key, in base64, by its number. */
  dataKeys: Readonly<Record<string, string>>;
  /** Which of them seals what is written now; 0 for none, after the table went back to no KMS key. */
  current: number;
  /** What the service was granted. */
  grants: readonly { keyArn: string; grantId: string }[];
}

/** An item, or what an index holds of one. */
export interface ItemRow {
  item: Item;
  /** What DynamoDB counts as its size. */
  bytes: number;
  /** Of global tables: which write it is of, over all Regions. */
  stamp?: string;
}

/** How items lie under a table's KMS key. */
export interface SealedRow {
  sealed: { key: number; iv: string; tag: string; text: string };
  bytes: number;
  stamp?: string;
}

type Store = [...Scope, store: string];

export const tables = table<TableRow, [...Scope, name: string]>("dynamodb", "tables");

/** Items of tables: by the hash of their partition key, and their sort key in order. */
export const items = table<ItemRow | SealedRow, [...Store, partition: string, sort: string]>(
  "dynamodb",
  "items",
);
/** What indexes hold; `tie` tells items with the same index key apart. */
export const entries = table<ItemRow | SealedRow, [...Store, partition: string, sort: string, tie: string]>(
  "dynamodb",
  "entries",
);

/** Items of global tables that were deleted: what was written before, and comes later, does not bring them back. */
export const tombstones = table<TombstoneRow, [...Store, partition: string, sort: string]>(
  "dynamodb",
  "tombstones",
);

export interface TombstoneRow {
  stamp: string;
  at: number;
}

/** Results of transactions, by their token, in periods of the time for which they are remembered. */
export const tokens = table<TokenRow, [...Scope, period: string, token: string]>("dynamodb", "tokens");

export interface TokenRow {
  at: number;
  /** Of the request that came with the token. */
  digest: string;
}

/** When items expire, by second. */
export const expiries = table<{ partition: string; sort: string }, [...Store, second: string, tie: string]>(
  "dynamodb",
  "expiries",
);

/** Streams by their label, those that are no longer written included. */
export const streams = table<StreamRow, [...Scope, table: string, label: string]>("dynamodb", "streams");

/** Records of streams, by their sequence number. */
export const records = table<RecordRow, [...Store, sequence: string]>("dynamodb", "records");

export interface RecordRow {
  id: string;
  at: number;
  event: "INSERT" | "MODIFY" | "REMOVE";
  keys: Item;
  before?: Item;
  after?: Item;
  bytes: number;
  byService?: true;
}

/** Changes of items that wait to be taken elsewhere, in the order in which they were committed. */
export const changes = table<ChangeRow, [...Scope, queue: string, sequence: string]>("dynamodb", "changes");

export interface ChangeRow {
  at: number;
  /** Where the item lies. */
  partition: string;
  sort: string;
  keys: Item;
  before?: Item;
  after?: Item;
  byService?: true;
  /** Of a write to a global table. */
  stamp?: string;
  /** Of the time, where the destination has one set. */
  precision?: NonNullable<DestinationRow["precision"]>;
}

/** A time in seconds as a part of a key: text order is the order of times. */
export function secondKey(seconds: number): string {
  return String(Math.max(0, Math.floor(seconds))).padStart(12, "0");
}

/** What was there before each write, of tables with point-in-time recovery. */
export const recoverables = table<RecoverableRow, [...Store, sequence: string]>("dynamodb", "recoverables");

/** A write that can be taken back. */
export interface RecoverableRow {
  keys: Item;
  at: number;
  /** Left out where there was nothing. */
  before?: ItemRow | SealedRow;
}

/** Copies of tables. */
export interface BackupRow {
  arn: string;
  id: string;
  name: string;
  created: number;
  status: "CREATING" | "AVAILABLE";
  /** The table as it was. */
  table: TableRow;
  /** Where the copies of its items are. */
  store: string;
  items: number;
  bytes: number;
}

export const backups = table<BackupRow, [...Scope, table: string, id: string]>("dynamodb", "backups");
