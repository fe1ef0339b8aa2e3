import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { identity } from "../contract.ts";
import { resolve } from "../identities/resolve.ts";
import { admit, anybody, recorded } from "../open.ts";
import { poolArn } from "../pools/find.ts";
import { badConfiguration } from "../refusals.ts";
import { issueToken, ownProvider } from "../tokens/tokens.ts";
import { amrOf } from "./amr.ts";
import { roleOf } from "./chooseRole.ts";
import { guestLimits } from "./guests.ts";
import { tagsFor } from "./principalTags.ts";

/** The enhanced flow: the pool takes the role for its user. The role's own trust policy decides. */

/** The token lives for one call. */
const tokenSeconds = 600;

interface Issued {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
  Expiration: Date;
}

/** What STS says of a role that does not trust the pool, or is not there. */
const unfit: ReadonlySet<string> = new Set([
  "AccessDenied",
  "ValidationError",
  "PackedPolicyTooLargeException",
]);

async function assume(
  RoleArn: string,
  WebIdentityToken: string,
  isGuest: boolean,
  poolId: string,
  ctx: Context,
): Promise<Issued> {
  const source = { sourceArn: poolArn(ctx, poolId), sourceAccount: ctx.account };
  const input = {
    RoleArn,
    WebIdentityToken,
    RoleSessionName: "CognitoIdentityCredentials",
    ...(isGuest && guestLimits),
  };
  try {
    const answer = await ctx.call("sts", "AssumeRoleWithWebIdentity", input, {
      as: servicePrincipal(ownProvider, source),
    });
    return answer.Credentials as Issued;
  } catch (error) {
    if (error instanceof AwsError && unfit.has(error.code)) throw badConfiguration();
    throw error;
  }
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html */
export const getCredentialsForIdentity = identity.operation("GetCredentialsForIdentity", {
  access: anybody,
  async handle({ IdentityId, Logins, CustomRoleArn }, given) {
    const ctx = given as Context;
    admit(ctx);
    const { pool, identityId, proofs } = await resolve(IdentityId, Logins, ctx);
    const role = roleOf(pool, proofs, CustomRoleArn);
    const tags = await tagsFor(pool, proofs, ctx);
    const { poolId } = pool;
    const content = { poolId, identityId, amr: amrOf(proofs), tags, seconds: tokenSeconds };
    const token = await issueToken(content, ctx);
    const issued = await assume(role, token, proofs.length === 0, poolId, ctx);
    return {
      IdentityId: identityId,
      Credentials: {
        AccessKeyId: issued.AccessKeyId,
        SecretKey: issued.SecretAccessKey,
        SessionToken: issued.SessionToken,
        Expiration: issued.Expiration,
      },
    };
  },
  record: recorded,
});
