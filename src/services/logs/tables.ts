import { table } from "../../kit/table.ts";

/** CloudWatch Logs' tables, by account and Region. The lines themselves are in `store/chunkRows.ts`. */

export type LogGroupClass = "STANDARD" | "INFREQUENT_ACCESS" | "DELIVERY" | "ESSENTIALS";

export interface GroupRow {
  /** Names can be used again after a deletion; what belongs to a group is found by this. */
  groupId: string;
  name: string;
  arn: string;
  /** ms since the epoch, as all times in rows. */
  creationTime: number;
  class: LogGroupClass;
  tags: Record<string, string>;
  deletionProtection: boolean;
  retentionInDays?: number;
  /** How many metric filters the group has: a write looks for them only if there are any. */
  metricFilters: number;
  /** How many subscription filters; absent where there never was one. */
  subscriptionFilters?: number;
  /** KMS keys that its lines are or were sealed under; absent where there never was one. */
  encryption?: GroupEncryption;
  /** It has a data protection policy, or had one. */
  isProtected?: boolean;
  /** It has a transformer, or had one. */
  isTransformed?: boolean;
  /** A resource policy of the group itself. */
  policy?: PolicyRow;
  /** Which classes of chunks there are in it, as bits: a read looks for no others. See `store/place.ts`. */
  classes: number;
}

export interface GroupEncryption {
  /** ARN of the associated KMS key; absent once disassociated: older lines stay sealed. */
  kmsKeyArn?: string;
  /** Number of the data key that new lines are sealed under. */
  current?: number;
  /** Data keys under their KMS keys, in base64, by number. */
  dataKeys: Readonly<Record<string, string>>;
}

export interface StreamRow {
  streamId: string;
  name: string;
  creationTime: number;
  /** As the group's. */
  classes: number;
}

/** What is known of a stream's lines; brought up to date a few seconds after a write. */
export interface StreamFacts {
  firstEvent: number;
  lastEvent: number;
  lastIngestion: number;
}

export interface GroupFacts {
  storedBytes: number;
}

/** A chunk that was written and not yet counted or merged. */
export interface JournalRow {
  streamId: string;
  streamName: string;
  /** The chunk's place: see `store/place.ts`. */
  place: string;
  lines: number;
  bytes: number;
  lastIngestion: number;
}

/** Where a chunk of a group lies; ordered by time over all of its streams. */
export interface IndexRow {
  streamId: string;
  streamName: string;
  lines: number;
  bytes: number;
}

export interface MetricFilterRow {
  filterName: string;
  logGroupName: string;
  filterPattern: string;
  creationTime: number;
  transformation: {
    metricName: string;
    metricNamespace: string;
    metricValue: string;
    defaultValue?: number;
    dimensions?: Record<string, string>;
    unit?: string;
  };
  applyOnTransformedLogs: boolean;
}

export interface SubscriptionFilterRow {
  filterName: string;
  logGroupName: string;
  filterPattern: string;
  destinationArn: string;
  roleArn?: string;
  distribution: "Random" | "ByLogStream";
  creationTime: number;
  applyOnTransformedLogs: boolean;
}

/** What subscription filters of other accounts may send to. */
export interface DestinationRow {
  destinationName: string;
  targetArn: string;
  roleArn: string;
  arn: string;
  creationTime: number;
  accessPolicy?: string;
  tags: Record<string, string>;
}

export interface PolicyRow {
  policyName: string;
  document: string;
  lastUpdatedTime: number;
  revisionId: string;
}

/** An account's resource policies, in one row: every call that they might allow reads them. */
export interface PoliciesRow {
  policies: Record<string, PolicyRow>;
  /** All their statements as one document. */
  merged: string;
}

export type QueryStatus = "Scheduled" | "Running" | "Complete" | "Failed" | "Cancelled" | "Timeout";

export interface QueryRow {
  queryId: string;
  queryString: string;
  /** As DescribeQueries shows it: with its sources and its time. */
  shown: string;
  status: QueryStatus;
  createTime: number;
  endedTime?: number;
  /** ms, both inclusive. */
  startTime: number;
  endTime: number;
  limit?: number;
  groups: { name: string; groupId: string; arn: string }[];
  /** The scheduled query that it is a run of. */
  scheduled?: { id: string; triggeredAt: number };
  /** It shows what is masked: so its answer is for those who may see that. */
  unmasks?: true;
  statistics?: QueryStatistics;
  /** How many rows of `queryResults` hold the answer. */
  pages?: number;
}

export interface QueryStatistics {
  recordsMatched: number;
  recordsScanned: number;
  bytesScanned: number;
  logGroupsScanned: number;
  resultCount: number;
}

export interface QueryDefinitionRow {
  queryDefinitionId: string;
  name: string;
  queryString: string;
  lastModified: number;
  logGroupNames: string[];
  queryLanguage: string;
  parameters?: { name: string; defaultValue?: string; description?: string }[];
}

type Scope = [account: string, region: string];

export const groups = table<GroupRow, [...Scope, name: string]>("logs", "groups");
export const groupFacts = table<GroupFacts, [...Scope, groupId: string]>("logs", "groupFacts");
export const streams = table<StreamRow, [...Scope, groupId: string, name: string]>("logs", "streams");
export const streamFacts = table<StreamFacts, [...Scope, groupId: string, name: string]>(
  "logs",
  "streamFacts",
);
/** Streams by their last event, its time with leading zeros. */
export const streamsByLast = table<object, [...Scope, groupId: string, last: string, name: string]>(
  "logs",
  "streamsByLast",
);
export const index = table<IndexRow, [...Scope, groupId: string, place: string]>("logs", "index");
export const journal = table<
  JournalRow,
  [...Scope, groupId: string, tier: string, bucket: string, id: string]
>("logs", "journal");
export const metricFilters = table<MetricFilterRow, [...Scope, groupName: string, filterName: string]>(
  "logs",
  "metricFilters",
);
export const subscriptionFilters = table<
  SubscriptionFilterRow,
  [...Scope, groupName: string, filterName: string]
>("logs", "subscriptionFilters");
export const destinations = table<DestinationRow, [...Scope, name: string]>("logs", "destinations");
export const policies = table<PoliciesRow, Scope>("logs", "policies");
export const queries = table<QueryRow, [...Scope, queryId: string]>("logs", "queries");
/** Queries by when they were made, newest first: 15 digits that fall as time goes on. */
export const queriesByTime = table<{ queryId: string }, [...Scope, time: string, queryId: string]>(
  "logs",
  "queriesByTime",
);
export const queryResults = table<
  { rows: [field: string, value: string][][] },
  [...Scope, queryId: string, page: string]
>("logs", "queryResults");
export const queryDefinitions = table<QueryDefinitionRow, [...Scope, id: string]>("logs", "queryDefinitions");

/** A time as part of a key. */
export function timeKey(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(15, "0");
}
