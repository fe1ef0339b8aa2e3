import type { AdvancedEventSelector, EventSelector, InsightSelector } from "@aws-sdk/client-cloudtrail";
import { table } from "../../kit/table.ts";

/** Trails. The Region in every key is the trail's home Region. */

export interface TrailRow {
  bucket: string;
  prefix?: string;
  topicArn?: string;
  includeGlobal: boolean;
  multiRegion: boolean;
  validation: boolean;
  logGroupArn?: string;
  logsRoleArn?: string;
  kmsKeyId?: string;
  tags: Record<string, string>;
  selectors?: EventSelector[];
  advancedSelectors?: AdvancedEventSelector[];
  insights?: InsightSelector[];
}

type TrailKey = [account: string, region: string, name: string];

export const trails = table<TrailRow, TrailKey>("cloudtrail", "trails");

/** Of a trail that was ever started: apart from the trail, as every delivery changes it. */
export interface StatusRow {
  isLogging: boolean;
  startedAt: number;
  stoppedAt?: number;
  /** Position in the record up to which events are in log files. */
  position: string;
  /** When the next log files are due; absent while there is nothing to write. */
  filesDueMs?: number;
  /** When the next digests are due, and the start of the hour that they cover. */
  digestsDueMs?: number;
  digestsFromMs?: number;
  delivery?: Outcome;
  notification?: Outcome;
  logs?: Outcome;
  digest?: Outcome;
}

/** How the latest attempt went. */
export interface Outcome {
  /** Of the latest success, ms since the epoch. */
  at?: number;
  attemptedAt: number;
  error?: string;
}

export const statuses = table<StatusRow, TrailKey>("cloudtrail", "statuses");

/** Trails that log, in all accounts: those that a new event is held against. */
export const active = table<Record<string, never>, TrailKey>("cloudtrail", "active");

/** A log file that no digest names yet. */
export interface LogFileRow {
  hash: string;
  oldest: string;
  newest: string;
}

export const logFiles = table<
  LogFileRow,
  [account: string, region: string, name: string, fileRegion: string, key: string]
>("cloudtrail", "logFiles");

/** The latest digest of a trail for a Region: the next one names it. */
export interface DigestRow {
  bucket: string;
  key: string;
  hash: string;
  signature: string;
}

export const digests = table<DigestRow, [account: string, region: string, name: string, fileRegion: string]>(
  "cloudtrail",
  "digests",
);

/** A key that signs digests. */
export interface SigningKeyRow {
  /** PKCS #8, DER in base64. */
  privateKey: string;
  /** PKCS #1, DER in base64. */
  publicKey: string;
  fromMs: number;
}

export const signingKeys = table<SigningKeyRow, [account: string, region: string, fingerprint: string]>(
  "cloudtrail",
  "signingKeys",
);
