import type { Context, Host } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { NoPermissionNeeded, RecordOptions } from "../../kit/service.ts";
import { type Allowance, Windows } from "../../kit/windows.ts";

/** What the operations have in common that anybody may call, unsigned. */

export const anybody: NoPermissionNeeded = {
  noPermissionNeeded: "AWS takes the call unsigned: the logins that it carries are judged instead.",
};

/**
 * Calls each second in one account and Region. AWS's own quotas are lower and are raised on demand: this one is to
 * keep a flood from everybody else. https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 */
const publicCalls: Allowance = { max: 2_000, windowMs: 1_000 };

const byHost = new WeakMap<Host, Windows>();

/** Counts a call of somebody unknown, and says so in the record. */
export function admit(
  ctx: Pick<Context, "host" | "clock" | "requestId" | "account" | "region" | "caller" | "event">,
) {
  // https://docs.aws.amazon.com/cognito/latest/developerguide/logging-using-cloudtrail.html
  if (ctx.caller.principal.kind === "anonymous") ctx.event.userIdentity = { type: "Unknown" };
  const windows = byHost.get(ctx.host) ?? new Windows();
  byHost.set(ctx.host, windows);
  if (!windows.admit(`${ctx.account}/${ctx.region}`, publicCalls, ctx))
    throw new AwsError("TooManyRequestsException", "Rate exceeded");
}

const hiddenWords = "HIDDEN_DUE_TO_SECURITY_REASONS";

/** Data events; the record shows who vouched, and not how. */
export const recorded: RecordOptions<{ Logins?: Readonly<Record<string, string>> | undefined }, unknown> = {
  data: true,
  request: (shown, { Logins }) => ({
    ...shown,
    ...(Logins && {
      logins: Object.fromEntries(Object.keys(Logins).map((provider) => [provider, hiddenWords])),
    }),
  }),
  response: (shown) => ("token" in shown ? { ...shown, token: hiddenWords } : shown),
};
