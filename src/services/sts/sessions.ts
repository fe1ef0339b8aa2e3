import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { RoleFacts } from "../../kit/ports.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";

/** What the operations that make sessions have in common: durations, policies, tags, MFA. */

type Tags = readonly { Key: string; Value: string }[];

/** Sum of the session's policies, policy ARNs and tags in AWS's packed form. */
const maxPackedBytes = 2048;
const maxChainedSeconds = 3600;
const defaultRoleSeconds = 3600;

export interface SessionInput {
  Policy?: string | undefined;
  PolicyArns?: readonly { arn?: string | undefined }[] | undefined;
  Tags?: Tags | undefined;
  TransitiveTagKeys?: readonly string[] | undefined;
}

type SessionErrors = "MalformedPolicyDocumentException" | "PackedPolicyTooLargeException";

/** Session policies and how much of the space for them they take, in percent. */
export async function sessionPolicies(
  { Policy, PolicyArns = [], Tags = [] }: SessionInput,
  ctx: Context<SessionErrors>,
): Promise<{ policy?: string; policyArns?: string[]; packedPercent?: number }> {
  const policyArns = PolicyArns.map(({ arn }) => arn ?? "");
  if (Policy !== undefined) checkPolicy(Policy, ctx);
  for (const arn of policyArns) {
    if ((await ctx.directory.policyDocument(arn, ctx.tx)) === undefined) {
      throw ctx.error("MalformedPolicyDocumentException", `The session policy ARN ${arn} does not exist.`);
    }
  }
  const packed =
    (Policy ?? "").replace(/\s+/g, " ").length + policyArns.join("").length + JSON.stringify(Tags).length - 2;
  const packedPercent = Math.ceil((packed / maxPackedBytes) * 100);
  if (packedPercent > 100) {
    throw ctx.error(
      "PackedPolicyTooLargeException",
      `Packed policy consumes ${packedPercent}% of allotted space, please use smaller policy.`,
    );
  }
  return {
    ...(Policy !== undefined && { policy: Policy }),
    ...(policyArns.length > 0 && { policyArns }),
    ...(packed > 0 && { packedPercent }),
  };
}

function checkPolicy(document: string, ctx: Context<SessionErrors>): void {
  try {
    parsePolicy(document, "session");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw ctx.error("MalformedPolicyDocumentException", error.message);
    throw error;
  }
}

/**
 * Tags of the new session: those that the caller passes, and those that its own session hands on.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
export function sessionTags(
  { Tags = [], TransitiveTagKeys = [] }: SessionInput,
  ctx: Context,
): Pick<Session, "tags" | "transitiveTagKeys"> {
  const asked = new Map(Tags.map(({ Key, Value }) => [Key.toLowerCase(), { Key, Value }]));
  if (asked.size !== Tags.length) {
    throw ctx.error(
      "InvalidParameterValue",
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
  }
  if (TransitiveTagKeys.some((key) => !asked.has(key.toLowerCase()))) {
    throw ctx.error(
      "InvalidParameterValue",
      "The specified transitive tag key must be included in the requested tags.",
    );
  }
  const { tags: held = {}, transitiveTagKeys: handedOn = [] } = ctx.caller.session ?? {};
  if (handedOn.some((key) => asked.has(key.toLowerCase()))) {
    throw ctx.error(
      "InvalidParameterValue",
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  }
  const tags: Record<string, string> = {};
  for (const key of handedOn) tags[key] = held[key] ?? "";
  for (const { Key, Value } of Tags) tags[Key] = Value;
  const transitiveTagKeys = [...handedOn, ...TransitiveTagKeys];
  return {
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(transitiveTagKeys.length > 0 && { transitiveTagKeys }),
  };
}

/** Seconds that a role's session lives. */
export function roleSeconds(asked: number | undefined, role: RoleFacts, ctx: Context): number {
  const chained = ctx.caller.principal.kind === "role-session";
  if (chained && asked !== undefined && asked > maxChainedSeconds) {
    throw ctx.error(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  if (asked !== undefined && asked > role.maxSessionDurationSeconds) {
    throw ctx.error(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  return asked ?? defaultRoleSeconds;
}

/** The caller that a session of a role is. */
export function roleCaller(role: RoleFacts, sessionName: string, session: Session): Caller {
  const { account, roleName, roleId } = role;
  return {
    principal: {
      kind: "role-session",
      account,
      arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`,
      roleArn: role.arn,
      userId: `${roleId}:${sessionName}`,
    },
    session: { ...session, roleName, roleId },
  };
}

/** Judges the MFA parameters of a call; undefined if it has none. */
export async function usedMfa(
  SerialNumber: string | undefined,
  TokenCode: string | undefined,
  ctx: Context,
): Promise<Pick<Session, "mfaAt" | "mfaSerial"> | undefined> {
  if (SerialNumber === undefined && TokenCode === undefined) return undefined;
  const wrong = () =>
    ctx.error("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ");
  if (SerialNumber === undefined || TokenCode === undefined) throw wrong();
  if (!(await ctx.directory.useMfaCode(ctx.caller, SerialNumber, TokenCode, ctx))) throw wrong();
  return { mfaAt: ctx.clock.now(), mfaSerial: SerialNumber };
}
