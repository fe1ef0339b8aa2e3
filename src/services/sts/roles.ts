import type { Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { RoleFacts } from "../../kit/ports.ts";
import type { Access } from "../../kit/service.ts";
import { sts } from "./contract.ts";
import { roleCaller, roleSeconds, sessionPolicies, sessionTags, usedMfa } from "./sessions.ts";
import { issue } from "./tokens.ts";
import { checkArn, trustsNobody } from "./trust.ts";

interface AssumeInput {
  RoleArn: string;
  RoleSessionName: string;
  ExternalId?: string | undefined;
  SourceIdentity?: string | undefined;
  SerialNumber?: string | undefined;
  TokenCode?: string | undefined;
  Tags?: readonly { Key: string; Value: string }[] | undefined;
  TransitiveTagKeys?: readonly string[] | undefined;
}

/** The same role must trust the caller with each thing that the call does: take it, tag it, name its source. */
async function assumeAccess(input: AssumeInput, ctx: Context): Promise<Access[]> {
  checkArn(input.RoleArn, ctx);
  const { RoleArn, RoleSessionName, ExternalId, SourceIdentity, Tags = [], TransitiveTagKeys } = input;
  const role = await ctx.directory.findRole(RoleArn, ctx.tx);
  const mfa = input.SerialNumber === undefined ? undefined : "true";
  const access: Access = {
    action: "sts:AssumeRole",
    resource: RoleArn,
    resourcePolicy: { name: RoleArn, document: role?.trustPolicy ?? trustsNobody, kind: "trust" },
    resourceType: "AWS::IAM::Role",
    requestTags: Tags,
    context: {
      "sts:RoleSessionName": RoleSessionName,
      "sts:ExternalId": ExternalId,
      "sts:SourceIdentity": SourceIdentity,
      "sts:TransitiveTagKeys": TransitiveTagKeys?.length ? TransitiveTagKeys : undefined,
      // A code given with the call counts for the role's trust policy; that it is right is checked before the role is taken.
      "aws:MultiFactorAuthPresent": mfa,
      "aws:MultiFactorAuthAge": mfa && "0",
    },
    ...(role && { resourceTags: role.tags }),
  };
  const accesses = [access];
  if (Tags.length > 0 || ctx.caller.session?.transitiveTagKeys?.length)
    accesses.push({ ...access, action: "sts:TagSession" });
  if (SourceIdentity !== undefined || ctx.caller.session?.sourceIdentity)
    accesses.push({ ...access, action: "sts:SetSourceIdentity" });
  return accesses;
}

/** Temporary credentials of a role. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const assumeRole = sts.operation("AssumeRole", {
  access: assumeAccess,
  async handle(input, ctx) {
    if (ctx.caller.principal.kind === "root")
      throw ctx.error("AccessDenied", "Roles may not be assumed by root accounts.");
    const role = (await ctx.directory.findRole(input.RoleArn, ctx.tx)) as RoleFacts;
    const sourceIdentity = sourceIdentityOf(input.SourceIdentity, ctx);
    const seconds = roleSeconds(input.DurationSeconds, role, ctx);
    const { packedPercent, ...policies } = await sessionPolicies(input, ctx);
    const mfa = await usedMfa(input.SerialNumber, input.TokenCode, ctx);
    const issuedAt = ctx.clock.now();
    const session: Session = {
      by: "AssumeRole",
      issuedAt,
      expiresAt: issuedAt + seconds * 1000,
      ...mfa,
      ...policies,
      ...sessionTags(input, ctx),
      ...(sourceIdentity !== undefined && { sourceIdentity }),
      ...(ctx.caller.principal.kind === "role-session" && { chained: true }),
      ...(ctx.caller.principal.kind === "service" && { invokedBy: ctx.caller.principal.service ?? "" }),
    };
    const caller = roleCaller(role, input.RoleSessionName, session);
    return {
      Credentials: await issue(caller, ctx.tx),
      AssumedRoleUser: { AssumedRoleId: caller.principal.userId, Arn: caller.principal.arn },
      ...(packedPercent !== undefined && { PackedPolicySize: packedPercent }),
      ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
    };
  },
});

/** A source identity, once set, stays for the whole chain of roles. */
function sourceIdentityOf(asked: string | undefined, ctx: Context): string | undefined {
  const held = ctx.caller.session?.sourceIdentity;
  if (held !== undefined && asked !== undefined && asked !== held) {
    throw ctx.error("AccessDenied", "The source identity cannot be changed once it is set.");
  }
  return held ?? asked;
}
