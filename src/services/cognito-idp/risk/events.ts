import type { AuthEventType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { pageOf } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { log } from "../logging/delivery.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { existingUser } from "../users/find.ts";
import { checkWatched, watches } from "./configuration.ts";
import { type AuthEventRow, authEvents, eventPlaces } from "./tables.ts";

/** What happened when users signed in, in pools that watch. */

const pageSize = 60;
const keptMs = 90 * 86_400_000;
/** How many that are too old go with each that comes. */
const sweptAtOnce = 4;
const lastMs = 10 ** 15 - 1;

const before = (atMs: number) => String(lastMs - atMs).padStart(15, "0");

export type AuthEvent = Pick<AuthEventRow, "type" | "isPass" | "challenges"> &
  Partial<Pick<AuthEventRow, "isBlocked" | "isCompromised">>;

/** Notes an event of a call in its transaction. */
export async function noteEvent(
  pool: PoolRow,
  userKey: string,
  event: AuthEvent,
  ctx: Context,
): Promise<void> {
  if (watches(pool)) await writeEvent(pool, userKey, event, ctx);
}

/** Notes a sign-in that fails: in a transaction of its own, as the call's is rolled back, and without delay. */
export function noteFailure(pool: PoolRow, userKey: string, ctx: Context): void {
  if (!watches(pool)) return;
  const event: AuthEvent = {
    type: "SignIn",
    isPass: false,
    challenges: [{ name: "Password", isRight: false }],
  };
  ctx
    .apart((own) => writeEvent(pool, userKey, event, own))
    .catch((error: unknown) => ctx.host.note("error", { err: error }, "A sign-in could not be noted."));
}

/** Writes an event; false for one that the call has noted in an earlier run. */
export async function writeEvent(
  pool: PoolRow,
  userKey: string,
  event: AuthEvent,
  ctx: Context,
): Promise<boolean> {
  const key = [...keyOf(pool), userKey] as const;
  const eventId = ctx.requestId;
  if ((await eventPlaces.get(ctx.tx, ...key, eventId)) !== undefined) return false;
  const atMs = ctx.clock.now();
  eventPlaces.put(ctx.tx, [...key, eventId], { before: before(atMs) });
  authEvents.put(ctx.tx, [...key, before(atMs), eventId], {
    isBlocked: false,
    isCompromised: false,
    ...event,
    eventId,
    atMs,
    ip: ctx.request.sourceIp,
    agent: ctx.request.userAgent,
  });
  const message = {
    version: "1",
    eventId,
    eventType: event.type,
    eventResponse: event.isPass ? "Pass" : "Fail",
    ipAddress: ctx.request.sourceIp,
    challenges: event.challenges.map(({ name, isRight }) => `${name}:${isRight ? "Success" : "Failure"}`),
  };
  log(pool, "userAuthEvents", message, ctx);
  const oldest = await ctx.peek((tx) => authEvents.list(tx, key, { limit: sweptAtOnce, reverse: true }));
  for (const { key: old, row } of oldest) {
    if (row.atMs >= atMs - keptMs) continue;
    authEvents.delete(ctx.tx, ...old);
    eventPlaces.delete(ctx.tx, ...key, row.eventId);
  }
  return true;
}

function shown(row: AuthEventRow): AuthEventType {
  return {
    EventId: row.eventId,
    EventType: row.type,
    CreationDate: new Date(row.atMs),
    EventResponse: row.isPass ? "Pass" : "Fail",
    EventRisk: {
      RiskDecision: row.isBlocked ? "Block" : "NoRisk",
      CompromisedCredentialsDetected: row.isCompromised,
    },
    ChallengeResponses: row.challenges.map(({ name, isRight }) => ({
      ChallengeName: name,
      ChallengeResponse: isRight ? ("Success" as const) : ("Failure" as const),
    })),
    EventContextData: { IpAddress: row.ip, DeviceName: row.agent },
    ...(row.feedback && {
      EventFeedback: {
        FeedbackValue: row.feedback.value,
        Provider: row.feedback.by ?? "Admin",
        FeedbackDate: new Date(row.feedback.atMs),
      },
    }),
  };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListUserAuthEvents.html */
export const adminListUserAuthEvents = idp.operation("AdminListUserAuthEvents", {
  access: onPool("AdminListUserAuthEvents"),
  async handle({ UserPoolId, Username, MaxResults, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    checkWatched(pool);
    const { userKey } = await existingUser(pool, Username, ctx);
    const { items, next } = await page(() =>
      pageOf(authEvents, ctx.tx, [...keyOf(pool), userKey], {
        limit: MaxResults || pageSize,
        marker: NextToken,
      }),
    );
    return { AuthEvents: items.map(shown), ...(next && { NextToken: next }) };
  },
});
