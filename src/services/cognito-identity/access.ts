import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { identity } from "./contract.ts";
import { findPool } from "./find.ts";
import type { Logins } from "./logins.ts";
import { poolArn } from "./poolRow.ts";
import { tagsOf } from "./principalTags.ts";
import { badConfiguration, notAuthorized } from "./refusals.ts";
import { roleOf } from "./roles.ts";
import { issueToken } from "./tokens.ts";
import { identityFor, somebody } from "./who.ts";

/** What anybody may ask for: an identity, a token, credentials. The logins are the proof. */

const unsigned = { noPermissionNeeded: "AWS leaves it unsigned: the logins prove who calls." };
/** Of a token that a client hands to STS, and of one that is used at once. */
const tokenSeconds = 600;
const sessionName = "CognitoIdentityCredentials";

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html */
export const getId = identity.operation("GetId", {
  access: unsigned,
  async handle({ IdentityPoolId, Logins = {} }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    const { identityId } = await identityFor(pool, Logins as Logins, ctx as Context);
    return { IdentityId: identityId };
  },
});

/**
 * The basic flow: the client takes the token to STS itself.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html
 */
export const getOpenIdToken = identity.operation("GetOpenIdToken", {
  access: unsigned,
  async handle({ IdentityId, Logins = {} }, ctx) {
    const who = await somebody(IdentityId, Logins as Logins, ctx as Context);
    if (!who.pool.allowsClassicFlow)
      throw notAuthorized("Basic (classic) flow is not enabled, please use enhanced flow.");
    const { poolId } = who.pool;
    const facts = { poolId, identityId: IdentityId, amr: who.amr, seconds: tokenSeconds, tags: tagsOf(who) };
    return { IdentityId, Token: await issueToken(facts, ctx as Context) };
  },
});

/**
 * What visitors may do at most, whatever their role says.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html#access-policies-scope-down-services
 */
const visitorsPolicy = "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy";

/**
 * The enhanced flow: STS is asked here, through the gate, with a token as a client would bring it.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html
 */
export const getCredentialsForIdentity = identity.operation("GetCredentialsForIdentity", {
  access: unsigned,
  async handle({ IdentityId, Logins = {}, CustomRoleArn }, ctx) {
    const who = await somebody(IdentityId, Logins as Logins, ctx as Context);
    const { pool, amr } = who;
    const RoleArn = roleOf(who, CustomRoleArn);
    const facts = {
      poolId: pool.poolId,
      identityId: IdentityId,
      amr,
      seconds: tokenSeconds,
      tags: tagsOf(who),
    };
    const WebIdentityToken = await issueToken(facts, ctx as Context);
    const isVisitor = amr[0] === "unauthenticated";
    const input = {
      RoleArn,
      RoleSessionName: sessionName,
      WebIdentityToken,
      ...(isVisitor && { PolicyArns: [{ arn: visitorsPolicy }] }),
    };
    const Credentials = await assumed(input, poolArn(pool, pool.poolId), pool.account, ctx as Context);
    return { IdentityId, Credentials };
  },
});

async function assumed(input: Record<string, unknown>, arn: string, account: string, ctx: Context) {
  const as = servicePrincipal("cognito-identity.amazonaws.com", { sourceArn: arn, sourceAccount: account });
  try {
    const answer = await ctx.call("sts", "AssumeRoleWithWebIdentity", input, { as, account });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials as {
      AccessKeyId: string;
      SecretAccessKey: string;
      SessionToken: string;
      Expiration: Date;
    };
    return { AccessKeyId, SecretKey: SecretAccessKey, SessionToken, Expiration };
  } catch (error) {
    // A role that is not there, or does not trust the identity: which of them the caller does not learn.
    if (error instanceof AwsError && /AccessDenied|Validation|NoSuchEntity/.test(error.code))
      throw badConfiguration();
    throw error;
  }
}
