import type { LogReader } from "../storage/store.ts";

/** The record's rows: one CloudTrail event each, with what `explain` and the event history need beside it. */

/** Name of the append log that holds the record. */
export const recordLog = "record";

let lastSecond = 0;
let lastTime = "";

/** A time as events show it: "2026-11-24T09:58:18Z". The last one is remembered: every event of a second has it. */
export function eventTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastTime = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastTime;
}

/** Services that policies know by another name than their events' source. */
const policyNames: Record<string, string> = { monitoring: "cloudwatch" };

/** The service's name in an event's source, as policies have it: "kms". */
export function serviceOf({ eventSource }: Pick<TrailEvent, "eventSource">): string {
  const name = eventSource.replace(/\.amazonaws\.com$/, "");
  return policyNames[name] ?? name;
}

export interface RecordQuery {
  /** ms since the epoch */
  from: number;
  terms?: string[];
  /** No more than this many; left out, all. */
  limit?: number;
}

/** Most searches end with the first event; those that do not read ever larger pages, up to this. */
const firstPageSize = 20;
const maxPageSize = 1_000;

/** Events of the record with all of the terms, newest first; `atMs` is finer than the event's own time. */
export async function* newestEvents(
  { from, terms, limit = Number.POSITIVE_INFINITY }: RecordQuery,
  ctx: { log(name: string): LogReader },
): AsyncGenerator<{ atMs: number; event: TrailEvent }> {
  let left = limit;
  let pageSize = firstPageSize;
  let after: string | undefined;
  do {
    const page = await ctx.log(recordLog).read({
      from,
      reverse: true,
      limit: Math.min(pageSize, left),
      ...(terms && { terms }),
      ...(after !== undefined && { after }),
    });
    for (const { at, text } of page.entries) yield { atMs: at, event: (JSON.parse(text) as RecordRow).event };
    left -= page.entries.length;
    pageSize = Math.min(pageSize * 4, maxPageSize);
    after = page.next;
  } while (after !== undefined && left > 0);
}

/** A row of the record: the event, for whom it is, and the reasons behind it. */
export interface RecordRow {
  account: string;
  region: string;
  event: TrailEvent;
  /** What LookupEvents shows as the event's resources. */
  resources?: { type: string; name: string }[] | undefined;
  /** The name that LookupEvents shows as the event's user. */
  userName?: string | undefined;
  /** How many deliveries led to the call, each causing the next. */
  hops?: number | undefined;
  decisions?: unknown[] | undefined;
}

/** Members that are undefined do not stand in the record: its texts are JSON. */
export interface TrailEvent {
  eventVersion: string;
  userIdentity: Record<string, unknown>;
  eventTime: string;
  eventSource: string;
  eventName: string;
  awsRegion: string;
  sourceIPAddress: string;
  userAgent: string;
  errorCode?: string | undefined;
  errorMessage?: string | undefined;
  requestParameters: unknown;
  responseElements: unknown;
  additionalEventData?: Record<string, unknown> | undefined;
  requestID?: string | undefined;
  eventID: string;
  readOnly: boolean;
  resources?: { accountId: string; type: string; ARN: string }[] | undefined;
  eventType: string;
  managementEvent: boolean;
  recipientAccountId: string;
  sharedEventID?: string | undefined;
  eventCategory: string;
  tlsDetails?: Record<string, string> | undefined;
}

/** Why a call was allowed or denied, as the record keeps it for `cloudkeep explain`. */
export interface Reason {
  action: string;
  resource: string;
  principal: string;
  allowed: boolean;
  /** Which policy and statement decided, if one did. */
  decidedBy?: unknown;
  /** Denials: the whole reasoning, line by line, and what would have allowed the call. */
  lines?: string[] | undefined;
  remedy?: unknown;
}

/** A call that the gate refused before any policy was asked. It has no event: AWS records none either. */
export interface Refusal {
  requestId: string;
  /** ms since the epoch */
  atMs: number;
  /** "kms"; undefined if the request names no service. */
  service?: string;
  code: string;
  message: string;
  /** What the client is not told: which check failed. */
  detail?: string;
}
