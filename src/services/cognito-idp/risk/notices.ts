import type { NotifyEmailType } from "@aws-sdk/client-cognito-identity-provider";
import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { html } from "../../../kit/html.ts";
import { checkAllowance, sending } from "../auth/attempts.ts";
import { keysOf } from "../pools/poolKeys.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { principal } from "../pools/settings.ts";
import { notAuthorized } from "../refusals.ts";
import { seal } from "../tokens/sealed.ts";
import { type FoundUser, findUser } from "../users/find.ts";
import { isUnwanted, riskSettings } from "./configuration.ts";
import { writeEvent } from "./events.ts";

/**
 * Users learn of sign-ins that were refused in their name, and say what they think of them.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-adaptive-authentication.html
 */

/** What a token of a notice says. */
export interface Feedback {
  userKey: string;
  eventId: string;
}

/** Refuses who comes from an address that the pool does not want. */
export async function checkAddress(
  pool: PoolRow,
  clientId: string,
  name: string,
  ctx: Context,
): Promise<void> {
  if (!(await isUnwanted(pool, clientId, ctx))) return;
  noteBlocked(pool, clientId, name, ctx);
  throw notAuthorized("Unable to login because of security reasons.");
}

/** Notes a sign-in from an address that the pool does not want, in a transaction of its own: the call's is rolled back. */
function noteBlocked(pool: PoolRow, clientId: string, name: string, ctx: Context): void {
  ctx
    .apart((own) => blocked(pool, clientId, name, own))
    .catch((error: unknown) => ctx.host.note("error", { err: error }, "A sign-in could not be noted."));
}

async function blocked(pool: PoolRow, clientId: string, name: string, ctx: Context): Promise<void> {
  const found = await findUser(pool, name, ctx);
  if (found === undefined) return;
  const isNew = await writeEvent(
    pool,
    found.userKey,
    { type: "SignIn", isPass: false, isBlocked: true, challenges: [] },
    ctx,
  );
  const risk = (await riskSettings(pool, clientId, ctx))?.AccountTakeoverRiskConfiguration;
  const { BlockEmail, From } = risk?.NotifyConfiguration ?? {};
  if (!isNew || !risk?.Actions?.HighAction?.Notify || BlockEmail === undefined) return;
  checkAllowance(`send/${pool.poolId}/${found.userKey}`, sending, ctx);
  await notify(pool, found, BlockEmail, From, ctx);
}

async function notify(
  pool: PoolRow,
  { user, userKey }: FoundUser,
  { Subject, TextBody, HtmlBody }: NotifyEmailType,
  From: string | undefined,
  ctx: Context,
): Promise<void> {
  const To = user.attributes.email;
  if (To === undefined || user.attributes.email_verified !== "true") return;
  const feedback: Feedback = { userKey, eventId: ctx.requestId };
  const content = Buffer.from(JSON.stringify(feedback));
  const words: Record<string, string> = {
    username: user.username,
    "login-time": new Date(ctx.clock.now()).toUTCString(),
    "ip-address": ctx.request.sourceIp,
    "device-name": ctx.request.userAgent,
    city: "unknown",
    country: "unknown",
    "event-id": ctx.requestId,
    "feedback-token": seal("feedback", pool.poolId, await keysOf(pool, ctx), content),
  };
  // What a stranger's browser says of itself is no HTML.
  const shown = (word: string) => (TextBody === undefined ? html`${word}`.text : word);
  const Body = (TextBody ?? HtmlBody ?? "").replace(/\{([a-z-]+)\}/g, (mark, name: string) =>
    Object.hasOwn(words, name) ? shown(words[name] as string) : mark,
  );
  const input = { Channel: "email", To, From: From ?? "no-reply@verificationemail.com", Subject, Body };
  await ctx.call("cloudkeep", "DeliverMail", input, { as: servicePrincipal(principal) });
}
