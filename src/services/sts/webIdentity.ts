import type { Context } from "../../kit/context.ts";
import type { RoleFacts, WebIdentities } from "../../kit/ports.ts";
import type { Access } from "../../kit/service.ts";
import { sts } from "./contract.ts";
import { provenOnce } from "./provenOnce.ts";
import { roleCaller, roleSeconds, sessionPolicies } from "./sessions.ts";
import { issue } from "./tokens.ts";
import { checkArn, trustsNobody } from "./trust.ts";
import type { TokenErrors, TokenInput } from "./webIdentityToken.ts";

/** Roles for those who prove themselves with a token of an OpenID Connect issuer. The call itself is unsigned. */

// Loaded when it is first needed: few calls need its library, and every start would pay for it.
const identityOf = provenOnce(async (input: TokenInput, ctx: Context<TokenErrors>) =>
  (await import("./webIdentityToken.ts")).prove(input, ctx),
);

/** What other services ask of tokens of issuers that they know. */
export const webIdentities: WebIdentities = {
  verify: async (token, issuer, nowMs) =>
    (await import("./webIdentityToken.ts")).verifyToken(token, issuer, nowMs),
};

/** The role must trust the holder of the token. */
async function access(input: TokenInput, ctx: Context<TokenErrors>): Promise<Access | Access[]> {
  checkArn(input.RoleArn, ctx);
  const identity = await identityOf(input, ctx);
  const role = await ctx.directory.findRole(input.RoleArn, ctx.tx);
  const wanted: Access = {
    action: "sts:AssumeRoleWithWebIdentity",
    resource: input.RoleArn,
    resourcePolicy: { name: input.RoleArn, document: role?.trustPolicy ?? trustsNobody, kind: "trust" },
    resourceType: "AWS::IAM::Role",
    as: identity.caller,
    context: { "sts:RoleSessionName": input.RoleSessionName },
    requestTags: Object.entries(identity.tags.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    ...(role && { resourceTags: role.tags }),
  };
  return identity.tags.tags === undefined ? wanted : [wanted, { ...wanted, action: "sts:TagSession" }];
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export const assumeRoleWithWebIdentity = sts.operation("AssumeRoleWithWebIdentity", {
  access,
  async handle(input, ctx) {
    const { caller: federated, provider, subject, audience, tags } = await identityOf(input, ctx);
    const role = (await ctx.directory.findRole(input.RoleArn, ctx.tx)) as RoleFacts;
    const seconds = roleSeconds(input.DurationSeconds, role, ctx);
    const { packedPercent, ...policies } = await sessionPolicies(input, ctx);
    const issuedAt = ctx.clock.now();
    const caller = roleCaller(role, input.RoleSessionName, {
      by: "AssumeRoleWithWebIdentity",
      issuedAt,
      expiresAt: issuedAt + seconds * 1000,
      provider: provider.arn,
      ...(federated.session?.federatedContext && { federatedContext: federated.session.federatedContext }),
      ...policies,
      ...tags,
    });
    return {
      Credentials: await issue(caller, ctx.tx),
      AssumedRoleUser: { AssumedRoleId: caller.principal.userId, Arn: caller.principal.arn },
      SubjectFromWebIdentityToken: subject,
      Audience: audience,
      Provider: provider.arn,
      ...(packedPercent !== undefined && { PackedPolicySize: packedPercent }),
    };
  },
});
