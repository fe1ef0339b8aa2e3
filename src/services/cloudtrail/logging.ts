import type { Context } from "../../kit/context.ts";
import { eventTime, recordLog } from "../../kit/record.ts";
import { cloudtrail } from "./contract.ts";
import { ingesting } from "./lake/rows.ts";
import { checkHome, existingTrail, type TrailName, trailAccess } from "./names.ts";
import { active, type Outcome, type StatusRow, statuses } from "./tables.ts";

/** Trails that log, and how their deliveries go. */

export const hourMs = 3_600_000;

export function timerId(kind: string, { account, region, name }: TrailName): string {
  return `${kind}/${account}/${region}/${name}`;
}

export function keyOf({ account, region, name }: TrailName): [string, string, string] {
  return [account, region, name];
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html */
export const startLogging = cloudtrail.operation("StartLogging", {
  access: ({ Name }, ctx) => trailAccess("StartLogging", Name, ctx),
  async handle({ Name }, ctx) {
    const { trail } = await existingTrail(Name, ctx);
    checkHome(trail, ctx);
    const known = await statuses.get(ctx.tx, ...keyOf(trail));
    if (known?.isLogging) return {};
    const { entries } = await ctx.log(recordLog).read({ reverse: true, limit: 1 });
    const now = ctx.clock.now();
    const { stoppedAt: _, ...rest } = known ?? {};
    const digestsDueMs = now + hourMs;
    // The last digest of before is not written yet: the next one begins where it would have.
    const unfinished = known?.digestsDueMs;
    if (unfinished !== undefined) ctx.timers.cancel(timerId("digests", trail), unfinished);
    statuses.put(ctx.tx, keyOf(trail), {
      ...rest,
      isLogging: true,
      startedAt: now,
      position: entries[0]?.position ?? "",
      digestsFromMs: (unfinished && known?.digestsFromMs) ?? now,
      digestsDueMs,
    });
    ctx.timers.set(timerId("digests", trail), "writeDigests", digestsDueMs, { ...trail });
    active.put(ctx.tx, keyOf(trail), {});
    await ctx.followRecord(true);
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html */
export const stopLogging = cloudtrail.operation("StopLogging", {
  access: ({ Name }, ctx) => trailAccess("StopLogging", Name, ctx),
  async handle({ Name }, ctx) {
    const { trail } = await existingTrail(Name, ctx);
    checkHome(trail, ctx);
    await stop(trail, ctx);
    return {};
  },
});

/** What was logged until now is still delivered, and stands in a last digest. */
export async function stop(trail: TrailName, ctx: Context): Promise<void> {
  const known = await statuses.get(ctx.tx, ...keyOf(trail));
  if (!known?.isLogging) return;
  statuses.put(ctx.tx, keyOf(trail), { ...known, isLogging: false, stoppedAt: ctx.clock.now() });
  active.delete(ctx.tx, ...keyOf(trail));
  await followIfNeeded(ctx);
}

/** The record is followed as long as a trail logs, or an event data store takes events in. */
export async function followIfNeeded(ctx: Context): Promise<void> {
  const trail = await active.list(ctx.tx, [], { limit: 1 });
  const store = trail.length > 0 ? trail : await ingesting.list(ctx.tx, [], { limit: 1 });
  await ctx.followRecord(store.length > 0);
}

/** Keeps how a delivery went. */
export function outcome(before: Outcome | undefined, error: string | undefined, ctx: Context): Outcome {
  const now = ctx.clock.now();
  const at = error === undefined ? now : before?.at;
  return { attemptedAt: now, ...(at !== undefined && { at }), ...(error !== undefined && { error }) };
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html */
export const getTrailStatus = cloudtrail.operation("GetTrailStatus", {
  access: ({ Name }, ctx) => trailAccess("GetTrailStatus", Name, ctx),
  async handle({ Name }, ctx) {
    const { trail } = await existingTrail(Name, ctx);
    const status = await statuses.get(ctx.tx, ...keyOf(trail));
    return status === undefined ? { IsLogging: false } : shown(status);
  },
});

function shown(status: StatusRow) {
  const { isLogging, startedAt, stoppedAt, delivery, notification, logs, digest } = status;
  const when = (one: Outcome | undefined) => (one?.at === undefined ? undefined : new Date(one.at));
  return defined({
    IsLogging: isLogging,
    StartLoggingTime: new Date(startedAt),
    StopLoggingTime: stoppedAt === undefined ? undefined : new Date(stoppedAt),
    LatestDeliveryTime: when(delivery),
    LatestDeliveryError: delivery?.error,
    LatestNotificationTime: when(notification),
    LatestNotificationError: notification?.error,
    LatestCloudWatchLogsDeliveryTime: when(logs),
    LatestCloudWatchLogsDeliveryError: logs?.error,
    LatestDigestDeliveryTime: when(digest),
    LatestDigestDeliveryError: digest?.error,
    LatestDeliveryAttemptTime: delivery && eventTime(delivery.attemptedAt),
    LatestDeliveryAttemptSucceeded: delivery?.at === undefined ? undefined : eventTime(delivery.at),
    LatestNotificationAttemptTime: notification && eventTime(notification.attemptedAt),
    LatestNotificationAttemptSucceeded:
      notification?.at === undefined ? undefined : eventTime(notification.at),
    TimeLoggingStarted: eventTime(startedAt),
    TimeLoggingStopped: stoppedAt === undefined ? undefined : eventTime(stoppedAt),
  });
}

/** Without the members that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never;
}
