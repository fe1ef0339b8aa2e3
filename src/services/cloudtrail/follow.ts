import type { AwsEvent, Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { RecordRow, TrailEvent } from "../../kit/record.ts";
import { maxHops } from "../../kit/targets.ts";
import { putLines } from "./destinations.ts";
import { ingest } from "./lake/ingest.ts";
import { keyOf, outcome, timerId } from "./logging.ts";
import type { TrailName } from "./names.ts";
import { logs } from "./selectors.ts";
import { active, statuses, type TrailRow, trails } from "./tables.ts";

/**
 * What trails make of the record as it grows: EventBridge and log groups learn of an event at once; log files are
 * written some minutes later, from the record itself.
 */

/** AWS delivers log files within about five minutes. */
const filesAfterMs = 5 * 60_000;

interface ActiveTrail {
  trail: TrailName;
  row: TrailRow;
}

/** Gets every event of the record, as long as any trail logs or any event data store takes events in. */
export async function followRecord(entries: readonly RecordRow[], ctx: Context): Promise<void> {
  await ingest(entries, ctx);
  const known = await activeTrails(ctx);
  const emitted: AwsEvent[] = [];
  const lines = new Map<ActiveTrail, RecordRow[]>();
  for (const entry of entries) {
    const logging = (known.get(entry.account) ?? []).filter(({ trail, row }) =>
      logs(row, trail.region, entry.event),
    );
    if (logging.length === 0) continue;
    emitted.push(eventOf(entry));
    for (const one of logging) {
      const list = lines.get(one);
      if (list === undefined) lines.set(one, [entry]);
      else list.push(entry);
    }
  }
  ctx.emit(...emitted);
  for (const [{ trail, row }, events] of lines) {
    await filesDue(trail, ctx);
    // Writing lines takes the trail's role, which the trail logs, too: events of such events end somewhere.
    const told = events.filter(({ hops = 0 }) => hops <= maxHops);
    if (row.logGroupArn === undefined || told.length === 0) continue;
    const hops = Math.max(...told.map(({ hops: led = 0 }) => led));
    const payload = { trail, events: told.map(({ event }) => event) };
    ctx.outbox.put("logLines", payload, { group: `logs/${keyOf(trail)}`, hops });
  }
}

async function activeTrails(ctx: Context): Promise<Map<string, ActiveTrail[]>> {
  const byAccount = new Map<string, ActiveTrail[]>();
  for (const { key } of await active.list(ctx.tx, [])) {
    const [account, region, name] = key;
    const row = await trails.get(ctx.tx, account, region, name);
    if (row === undefined) continue;
    const list = byAccount.get(account) ?? [];
    list.push({ trail: { account, region, name }, row });
    byAccount.set(account, list);
  }
  return byAccount;
}

const detailTypes: Record<string, string> = {
  AwsApiCall: "AWS API Call via CloudTrail",
  AwsServiceEvent: "AWS Service Event via CloudTrail",
  AwsConsoleSignIn: "AWS Console Sign In via CloudTrail",
};

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html */
function eventOf({ account, region, event, hops }: RecordRow): AwsEvent {
  return {
    source: `aws.${event.eventSource.split(".")[0]}`,
    detailType: detailTypes[event.eventType] ?? "AWS API Call via CloudTrail",
    detail: event as unknown as Record<string, unknown>,
    atMs: Date.parse(event.eventTime),
    account,
    region,
    ...(hops !== undefined && { hops }),
  };
}

/** The trail has something to write: a timer sees to it, if none is set. */
async function filesDue(trail: TrailName, ctx: Context): Promise<void> {
  const status = await statuses.get(ctx.tx, ...keyOf(trail));
  if (status === undefined || status.filesDueMs !== undefined) return;
  const filesDueMs = ctx.clock.now() + filesAfterMs;
  statuses.put(ctx.tx, keyOf(trail), { ...status, filesDueMs });
  ctx.timers.set(timerId("files", trail), "writeLogFiles", filesDueMs, { ...trail });
}

/** A call of PutLogEvents takes this much. */
const maxLines = 1_000;

/** Lines for the trail's log group, in order. */
export const logLines = {
  async settle({ trail, events }: { trail: TrailName; events: TrailEvent[] }, ctx: Context): Promise<void> {
    const row = await trails.get(ctx.tx, ...keyOf(trail));
    const status = await statuses.get(ctx.tx, ...keyOf(trail));
    if (row?.logGroupArn === undefined || status === undefined) return;
    let error: string | undefined;
    try {
      for (const [region, list] of byRegion(events)) {
        const lines = list.map((event) => ({
          timestamp: Date.parse(event.eventTime),
          message: JSON.stringify(event),
        }));
        lines.sort((a, b) => a.timestamp - b.timestamp);
        for (let at = 0; at < lines.length; at += maxLines)
          await putLines(trail, row, region, lines.slice(at, at + maxLines), ctx);
      }
    } catch (problem) {
      if (!(problem instanceof AwsError)) throw problem;
      error = problem.message;
    }
    statuses.put(ctx.tx, keyOf(trail), { ...status, logs: outcome(status.logs, error, ctx) });
  },
};

export function byRegion(events: readonly TrailEvent[]): Map<string, TrailEvent[]> {
  const regions = new Map<string, TrailEvent[]>();
  for (const event of events) {
    const list = regions.get(event.awsRegion);
    if (list === undefined) regions.set(event.awsRegion, [event]);
    else list.push(event);
  }
  return regions;
}
