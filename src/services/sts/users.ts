import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { sts } from "./contract.ts";
import { sessionPolicies, sessionTags, usedMfa } from "./sessions.ts";
import { issue } from "./tokens.ts";

/** Sessions of users: the same identity with MFA, or a federated one with less. */

const defaultSeconds = 43_200;
/** The account's root gets an hour at most. */
const maxRootSeconds = 3600;

function secondsFor(asked: number | undefined, ctx: Context): number {
  const seconds = asked ?? defaultSeconds;
  return ctx.caller.principal.kind === "root" ? Math.min(seconds, maxRootSeconds) : seconds;
}

/** Only long-term credentials make these sessions. */
function refuseSessions(operation: string, ctx: Context): void {
  if (ctx.caller.session !== undefined) {
    throw ctx.error("AccessDenied", `Cannot call ${operation} with session credentials`);
  }
}

/**
 * The caller's own identity in temporary credentials, with MFA if given.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
export const getSessionToken = sts.operation("GetSessionToken", {
  access: {
    noPermissionNeeded:
      "Policies do not govern GetSessionToken: it gives nothing that the caller does not have.",
  },
  async handle({ DurationSeconds, SerialNumber, TokenCode }, ctx) {
    refuseSessions("GetSessionToken", ctx);
    const mfa = await usedMfa(SerialNumber, TokenCode, ctx);
    const issuedAt = ctx.clock.now();
    const session: Session = {
      by: "GetSessionToken",
      issuedAt,
      expiresAt: issuedAt + secondsFor(DurationSeconds, ctx) * 1000,
      ...mfa,
    };
    return { Credentials: await issue({ ...ctx.caller, session }, ctx.tx) };
  },
  record: { readOnly: true },
});

function federatedArn(account: string, name: string): string {
  return `arn:aws:sts::${account}:federated-user/${name}`;
}

/**
 * Credentials of a federated user: what the caller may do and the session policies allow.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
 */
export const getFederationToken = sts.operation("GetFederationToken", {
  access: ({ Name, Tags = [] }, ctx) => {
    const access = {
      action: "sts:GetFederationToken",
      resource: federatedArn(ctx.account, Name),
      requestTags: Tags,
    };
    return Tags.length > 0 ? [access, { ...access, action: "sts:TagSession" }] : access;
  },
  async handle(input, ctx) {
    refuseSessions("GetFederationToken", ctx);
    const { packedPercent, ...policies } = await sessionPolicies(input, ctx);
    const issuedAt = ctx.clock.now();
    const { principal } = ctx.caller;
    const caller: Caller = {
      principal: {
        kind: "federated-user",
        account: ctx.account,
        arn: federatedArn(ctx.account, input.Name),
        issuerArn: principal.arn,
        userId: `${ctx.account}:${input.Name}`,
      },
      userName: input.Name,
      session: {
        by: "GetFederationToken",
        issuedAt,
        expiresAt: issuedAt + secondsFor(input.DurationSeconds, ctx) * 1000,
        // Without a session policy a federated user may do nothing by itself.
        policyArns: [],
        ...policies,
        ...sessionTags(input, ctx),
      },
    };
    return {
      Credentials: await issue(caller, ctx.tx),
      FederatedUser: { FederatedUserId: caller.principal.userId, Arn: caller.principal.arn },
      PackedPolicySize: packedPercent ?? 0,
    };
  },
});

/**
 * The account of an access key. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
 */
export const getAccessKeyInfo = sts.operation("GetAccessKeyInfo", {
  access: () => ({ action: "sts:GetAccessKeyInfo", resource: "*" }),
  async handle({ AccessKeyId }, ctx) {
    const account = await ctx.directory.accountOfKey(AccessKeyId, ctx.tx);
    if (account === undefined) throw ctx.error("ValidationError", "Invalid Access Key ID");
    return { Account: account };
  },
});
