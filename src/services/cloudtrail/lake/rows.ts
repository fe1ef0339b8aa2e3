import type {
  AdvancedEventSelector,
  BillingMode,
  ContextKeySelector,
  InsightSelector,
  MaxEventSize,
} from "@aws-sdk/client-cloudtrail";
import { table } from "../../../kit/table.ts";

/** Event data stores and queries of them, by account and Region. */

export type StoreStatus = "ENABLED" | "STOPPED_INGESTION" | "PENDING_DELETION";

export interface StoreRow {
  id: string;
  arn: string;
  name: string;
  status: StoreStatus;
  /** What it was before its deletion was begun. */
  statusBefore?: StoreStatus;
  selectors: AdvancedEventSelector[];
  multiRegion: boolean;
  retentionDays: number;
  terminationProtection: boolean;
  billingMode: BillingMode;
  createdAt: number;
  updatedAt: number;
  /** When it is deleted: its timer's time. */
  deletedAtMs?: number;
  tags: Record<string, string>;
  policy?: string;
  insights?: { selectors: InsightSelector[]; destination: string };
  configuration?: EventConfiguration;
}

/** As the operations take and show it. */
export interface EventConfiguration {
  MaxEventSize: MaxEventSize;
  ContextKeySelectors: ContextKeySelector[];
}

type Key = [account: string, region: string, id: string];

export const stores = table<StoreRow, Key>("cloudtrail", "eventDataStores");
/** Those that take events in, of all accounts: what a new event is held against. */
export const ingesting = table<Record<string, never>, Key>("cloudtrail", "ingesting");

export type QueryStatus = "QUEUED" | "FINISHED" | "FAILED" | "CANCELLED" | "TIMED_OUT";

export interface LakeQueryRow {
  queryId: string;
  storeId: string;
  statement: string;
  parameters: string[];
  status: QueryStatus;
  createdAt: number;
  error?: string;
  statistics?: { matched: number; scanned: number; bytes: number; ms: number; rows: number };
  /** Rows of `lakeAnswers` that hold the answer. */
  pages?: number;
}

export const lakeQueries = table<LakeQueryRow, Key>("cloudtrail", "queries");
/** Of a store, newest first: 15 digits that fall as time goes on. */
export const lakeQueriesByTime = table<
  { queryId: string },
  [account: string, region: string, storeId: string, time: string, queryId: string]
>("cloudtrail", "queriesByTime");
export const lakeAnswers = table<{ rows: [name: string, value: string][][] }, [...Key, page: string]>(
  "cloudtrail",
  "queryAnswers",
);

/** The append log that holds a store's events. */
export function logOf({ id }: Pick<StoreRow, "id">): string {
  return `lake-${id}`;
}

export const dayMs = 24 * 60 * 60_000;
