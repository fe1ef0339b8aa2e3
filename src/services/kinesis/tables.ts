import { table } from "../../kit/table.ts";

/** Kinesis' tables, by account and Region. The records themselves are in `recordRows.ts`. */

export interface StreamRow {
  /** Names can be used again after a deletion; what belongs to a stream is found by this. */
  streamId: string;
  name: string;
  arn: string;
  account: string;
  region: string;
  /** ms since the epoch, as all times in rows. */
  created: number;
  mode: "PROVISIONED" | "ON_DEMAND";
  retentionHours: number;
  maxRecordKiB: number;
  tags: Record<string, string>;
  /** Metrics of each shard, besides those of the stream. */
  shardMetrics: string[];
  /** As it was given: ARN, id or alias of the KMS key that new records are sealed under. */
  kmsKeyId?: string;
  policy?: string;
  consumers: number;
  openShards: number;
  warmMiBps?: number;
  /** When it was scaled and when its mode was changed, within the last day. */
  scalings: number[];
  modeChanges: number[];
}

export interface ShardRow {
  /** 12 is "shardId-000000000012". */
  number: number;
  /** 32 hexadecimal digits, both inclusive. */
  from: string;
  to: string;
  start: string;
  created: number;
  parent?: number;
  adjacentParent?: number;
  /** Set once it is closed. */
  end?: string;
  closed?: number;
}

/** All shards of a stream, by number. One row: a call that puts records needs all that are open. */
export interface ShardsRow {
  shards: ShardRow[];
  /** Of the next shard. */
  next: number;
}

export interface ConsumerRow {
  name: string;
  arn: string;
  created: number;
  tags: Record<string, string>;
  policy?: string;
}

export interface AccountRow {
  billingCommitment: "ENABLED" | "DISABLED";
  since?: number;
}

type Scope = [account: string, region: string];

export const streams = table<StreamRow, [...Scope, name: string]>("kinesis", "streams");
export const shardLists = table<ShardsRow, [...Scope, streamId: string]>("kinesis", "shards");
export const consumers = table<ConsumerRow, [...Scope, streamId: string, name: string]>(
  "kinesis",
  "consumers",
);
export const accounts = table<AccountRow, Scope>("kinesis", "accounts");
