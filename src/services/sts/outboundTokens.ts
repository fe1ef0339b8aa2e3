import type { JsonWebKey } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import type { PublicDocument, PublicRequest } from "../../kit/pages.ts";
import { eventTime } from "../../kit/record.ts";
import { sts } from "./contract.ts";
import type { Algorithm } from "./outboundKeys.ts";
import { issuerKeyPairs } from "./tables.ts";

/**
 * Tokens that prove an AWS identity to others: the account's own OpenID Connect issuer.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html
 */

const algorithms: readonly Algorithm[] = ["RS256", "ES384"];
const claim = "https://sts.amazonaws.com/";
const defaultSeconds = 300;
const maxTags = 50;

/** Loaded on first use: few calls need its library, and every start would pay for it. */
const outboundKeys = () => import("./outboundKeys.ts");

/** Who asks, in the words of the token. */
async function claimsOf(tags: readonly { Key: string; Value: string }[], ctx: Context) {
  const { principal, session } = ctx.caller;
  const subject = principal.roleArn ?? principal.arn;
  const organization = await ctx.organizations.of(ctx.account, ctx.tx);
  const principalTags = { ...(await ctx.directory.principalTags(ctx.caller, ctx.tx)), ...session?.tags };
  return {
    subject,
    own: {
      aws_account: ctx.account,
      source_region: ctx.region,
      principal_id: subject,
      ...(organization && { org_id: organization.id, ou_path: [organization.path] }),
      ...(session && { original_session_exp: eventTime(session.expiresAt) }),
      ...(session?.sourceIdentity && { source_identity: session.sourceIdentity }),
      ...(session?.provider && { federated_provider: session.provider }),
      ...(Object.keys(principalTags).length > 0 && { principal_tags: principalTags }),
      ...(tags.length > 0 && {
        request_tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
      }),
    },
  };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html */
export const getWebIdentityToken = sts.operation("GetWebIdentityToken", {
  access: ({ Audience, DurationSeconds = defaultSeconds, SigningAlgorithm, Tags = [] }) => ({
    action: "sts:GetWebIdentityToken",
    resource: "*",
    requestTags: Tags,
    context: {
      "sts:IdentityTokenAudience": Audience,
      "sts:DurationSeconds": String(DurationSeconds),
      "sts:SigningAlgorithm": SigningAlgorithm,
    },
  }),
  async handle({ Audience, DurationSeconds = defaultSeconds, SigningAlgorithm, Tags = [] }, ctx) {
    const { outboundIssuer } = await ctx.directory.tokenSettings(ctx.account, ctx.tx);
    if (outboundIssuer === undefined) {
      throw ctx.error(
        "OutboundWebIdentityFederationDisabledException",
        "Outbound web identity federation is not enabled for this account. Enable it with iam:EnableOutboundWebIdentityFederation.",
      );
    }
    const algorithm = algorithms.find((one) => one === SigningAlgorithm);
    if (algorithm === undefined)
      throw ctx.error("ValidationError", `SigningAlgorithm must be one of ${algorithms.join(", ")}`);
    if (Tags.length > maxTags) throw ctx.error("ValidationError", `No more than ${maxTags} tags are allowed`);
    const issuedAt = Math.floor(ctx.clock.now() / 1000);
    const expiresAt = issuedAt + DurationSeconds;
    if (ctx.caller.session !== undefined && expiresAt * 1000 > ctx.caller.session.expiresAt) {
      throw ctx.error(
        "SessionDurationEscalationException",
        "The requested token duration would extend the session beyond its original expiration time.",
      );
    }
    const { subject, own } = await claimsOf(Tags, ctx);
    const { signToken } = await outboundKeys();
    const WebIdentityToken = await signToken(outboundIssuer, algorithm, ctx.tx, {
      [claim]: own,
      iss: outboundIssuer,
      aud: Audience.length === 1 ? (Audience[0] as string) : [...Audience],
      sub: subject,
      iat: issuedAt,
      exp: expiresAt,
      jti: uuid(),
    });
    return { WebIdentityToken, Expiration: new Date(expiresAt * 1000) };
  },
  record: { readOnly: true },
});

/** What an issuer publishes, for those who verify its tokens. */
export async function issuerDocument(
  { host, path }: PublicRequest,
  { tx }: Context,
): Promise<PublicDocument | undefined> {
  const issuer = `https://${host}`;
  const held = await issuerKeyPairs.list(tx, [issuer]);
  if (held.length === 0) return undefined;
  if (path === "/.well-known/openid-configuration") {
    return json({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: algorithms,
    });
  }
  if (path !== "/.well-known/jwks.json") return undefined;
  const { keyOf } = await outboundKeys();
  const keys: JsonWebKey[] = [];
  for (const { key } of held) {
    const algorithm = key[1] as Algorithm;
    const { publicJwk, kid } = await keyOf(issuer, algorithm, tx);
    keys.push({ ...publicJwk, kid, alg: algorithm, use: "sig" });
  }
  return json({ keys });
}

function json(value: object): PublicDocument {
  return { contentType: "application/json", body: JSON.stringify(value) };
}
