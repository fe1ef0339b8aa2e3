import type { Caller } from "../../../kit/caller.ts";
import { table } from "../../../kit/table.ts";
import type { ItemRow, SealedRow, TableRow } from "../tables.ts";
import type { Item } from "../values.ts";

/** Jobs that write tables into S3, and read them from there. */

type Scope = [account: string, region: string];

/** Why a job failed, as its description says. */
export interface Failure {
  code: string;
  message: string;
}

export interface ExportRow {
  arn: string;
  id: string;
  status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  /** The table, as it was when it was last looked at: what is exported opens with its keys. */
  table: TableRow;
  /** ms since the epoch, as all times in rows. */
  started: number;
  ended?: number;
  /** Of a full export, the time as of which it shows the table. */
  at?: number;
  /** Of an incremental one: changes from a time on, and before another. */
  changes?: { from: number; to: number; view: "NEW_IMAGE" | "NEW_AND_OLD_IMAGES" };
  format: "DYNAMODB_JSON" | "ION";
  clientToken?: string;
  bucket: string;
  bucketOwner?: string;
  prefix?: string;
  encryption: { algorithm: "AES256" | "KMS"; keyId?: string };
  /** Where what is to be exported is gathered. */
  store: string;
  items: number;
  bytes: number;
  files: number;
  failure?: Failure;
  /** Who asked: S3 is called as him. */
  caller: Caller;
}

/** Exports, by an id that begins with their time. */
export const exportJobs = table<ExportRow, [...Scope, id: string]>("dynamodb", "exports");

/** One data file of an export, as its manifest names it. */
export interface ExportFileRow {
  itemCount: number;
  md5Checksum: string;
  etag: string;
  dataFileS3Key: string;
}

export const exportFiles = table<ExportFileRow, [...Scope, id: string, number: string]>(
  "dynamodb",
  "exportFiles",
);

/** What an incremental export knows of an item that was changed. */
export interface ChangedItemRow {
  keys: Item;
  /** As it was at the beginning. */
  old?: ItemRow | SealedRow;
  /** As it was at the end. */
  new?: ItemRow | SealedRow;
  /** Whether `new` is known for certain: the first write after the end tells; until then it is what was last seen. */
  isSettled?: true;
  /** Of the last change, ms since the epoch. */
  at: number;
}

export const changedItems = table<ChangedItemRow, [...Scope, store: string, partition: string, sort: string]>(
  "dynamodb",
  "changedItems",
);

/** What was asked with a client token, for as long as it is remembered. */
export const jobTokens = table<JobTokenRow, [...Scope, kind: string, token: string]>("dynamodb", "jobTokens");

export interface JobTokenRow {
  digest: string;
  id: string;
  until: number;
}

export interface ImportRow {
  arn: string;
  id: string;
  status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  /** The table that is filled. */
  table: { name: string; arn: string; id: string; store: string };
  started: number;
  ended?: number;
  clientToken?: string;
  source: { bucket: string; owner: string; prefix?: string };
  format: "DYNAMODB_JSON" | "ION" | "CSV";
  csv?: { delimiter?: string; headers?: readonly string[] };
  compression: "GZIP" | "ZSTD" | "NONE";
  /** The definition of the table, as it was given. */
  creation: Readonly<Record<string, unknown>>;
  processed: { items: number; bytes: number };
  imported: number;
  errors: number;
  /** How far the object is dealt with that is being read. */
  reading?: { object: number; records: number; items: number };
  failure?: Failure;
  /** Who asked: S3 and the logs are called as him. */
  caller: Caller;
}

/** Imports, by an id that begins with their time. */
export const importJobs = table<ImportRow, [...Scope, id: string]>("dynamodb", "imports");

/** The objects of an import, in the order in which they are read. */
export const importObjects = table<ImportObjectRow, [...Scope, id: string, number: string]>(
  "dynamodb",
  "importObjects",
);

export interface ImportObjectRow {
  key: string;
  size: number;
  etag: string;
}
