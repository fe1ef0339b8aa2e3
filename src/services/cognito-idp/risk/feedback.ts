import type { Context } from "../../../kit/context.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { hidden } from "../recorded.ts";
import { notAuthorized, notFound } from "../refusals.ts";
import { open } from "../tokens/sealed.ts";
import { existingUser } from "../users/find.ts";
import { checkWatched } from "./configuration.ts";
import type { Feedback } from "./notices.ts";
import { type AuthEventRow, authEvents, eventPlaces } from "./tables.ts";

/** What administrators and users make of sign-ins. */

async function putFeedback(
  pool: PoolRow,
  { userKey, eventId }: Feedback,
  given: Omit<NonNullable<AuthEventRow["feedback"]>, "atMs">,
  ctx: Context,
): Promise<void> {
  const key = [...keyOf(pool), userKey] as const;
  const place = await eventPlaces.get(ctx.tx, ...key, eventId);
  const row = place && (await authEvents.get(ctx.tx, ...key, place.before, eventId));
  if (place === undefined || row === undefined) throw notFound(`Event ${eventId} does not exist.`);
  const feedback = { ...given, atMs: ctx.clock.now() };
  authEvents.put(ctx.tx, [...key, place.before, eventId], { ...row, feedback });
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateAuthEventFeedback.html */
export const adminUpdateAuthEventFeedback = idp.operation("AdminUpdateAuthEventFeedback", {
  access: onPool("AdminUpdateAuthEventFeedback"),
  async handle({ UserPoolId, Username, EventId, FeedbackValue }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    checkWatched(pool);
    const { userKey } = await existingUser(pool, Username, ctx);
    const about = { userKey, eventId: EventId };
    await putFeedback(pool, about, { value: FeedbackValue, by: "Admin" }, ctx as Context);
    return {};
  },
});

/** The token of a notice is what the user proves itself by. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateAuthEventFeedback.html */
export const updateAuthEventFeedback = idp.operation("UpdateAuthEventFeedback", {
  access: {
    noPermissionNeeded: "Whoever has the token of a notice may answer it; AWS takes the call unsigned.",
  },
  async handle({ UserPoolId, Username, EventId, FeedbackToken, FeedbackValue }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    checkWatched(pool);
    const content = open("feedback", pool.poolId, await keysOf(pool, ctx), FeedbackToken);
    if (content === undefined) throw notAuthorized("Invalid feedback token.");
    const about = JSON.parse(content.toString()) as Feedback;
    const { userKey, user } = await existingUser(pool, Username, ctx);
    if (about.eventId !== EventId || about.userKey !== userKey)
      throw notAuthorized("Invalid feedback token.");
    ctx.event.additionalEventData = { sub: user.sub };
    await putFeedback(pool, about, { value: FeedbackValue, by: "User" }, ctx as Context);
    return {};
  },
  record: { request: hidden("username") },
});
