import { decodeJwt } from "jose";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { badToken, notAuthorized } from "../refusals.ts";
import { ownProvider, verifyToken } from "../tokens/tokens.ts";

/** Who somebody is, as a provider says that the pool trusts. Nothing is believed but what is signed. */

export interface Proof {
  /** As the login names it. */
  provider: string;
  subject: string;
  claims: Readonly<Record<string, unknown>>;
  /** What role mappings and maps of tags may know the provider as. */
  names: readonly string[];
  /** What tokens say of the login. */
  amr: readonly string[];
  /** It is a token of the pool's own: of this identity. */
  identityId?: string;
}

type Ctx = Pick<Context, "tx" | "clock" | "lent" | "directory" | "account">;

const unsupported = () => notAuthorized("Token is not from a supported provider of this identity pool.");
/** Clocks of issuers may be off; what the issuers say in their tokens is the same. */
const oidcPublic: ReadonlySet<string> = new Set(["accounts.google.com", "appleid.apple.com"]);

export async function proofsOf(
  pool: PoolRow,
  logins: Readonly<Record<string, string>>,
  ctx: Ctx,
): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const [provider, token] of Object.entries(logins))
    proofs.push(await proofOf(pool, provider, token, ctx));
  return proofs;
}

async function proofOf(pool: PoolRow, provider: string, token: string, ctx: Ctx): Promise<Proof> {
  if (provider === ownProvider) return await ofOwn(pool, token, ctx);
  if (pool.userPools?.some((one) => one.provider === provider))
    return await ofUserPool(pool, provider, token, ctx);
  const oidc = pool.oidcArns?.find((arn) => arn.split(":oidc-provider/")[1] === provider);
  if (oidc !== undefined) return await ofOidc(oidc, provider, token, ctx);
  if (pool.samlArns?.includes(provider)) return await ofSaml(provider, token, ctx);
  if (pool.loginProviders?.[provider] !== undefined) return await ofPublic(pool, provider, token, ctx);
  throw unsupported();
}

function decoded(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeJwt(token);
  } catch {
    throw badToken("Not a valid OpenId Connect identity token.");
  }
}

/** Words for a token whose time has passed. */
function expired(claims: Readonly<Record<string, unknown>>, { clock }: Ctx): AwsError {
  return badToken(`Token expired: ${claims.exp} >= ${Math.floor(clock.now() / 1000)}`);
}

/** A token that the pool itself gave a developer's user. */
async function ofOwn(pool: PoolRow, token: string, ctx: Ctx): Promise<Proof> {
  const claims = decoded(token);
  const proven = await verifyToken(token, ctx);
  if ("problem" in proven) {
    throw proven.problem === "expired" ? expired(claims, ctx) : badToken("Couldn't verify token.");
  }
  // A guest's token proves nothing that the identity's id does not.
  if (proven.poolId !== pool.poolId || proven.amr[0] !== "authenticated") throw unsupported();
  return {
    provider: ownProvider,
    subject: proven.identityId,
    identityId: proven.identityId,
    claims: proven.claims,
    names: [ownProvider],
    amr: proven.amr.slice(1),
  };
}

async function ofUserPool(pool: PoolRow, provider: string, token: string, ctx: Ctx): Promise<Proof> {
  const said = decoded(token);
  if (said.aud === undefined) throw badToken("Missing a required claim: aud");
  if (said.iss !== `https://${provider}`) throw badToken("Issuer doesn't match providerName");
  const trusted = pool.userPools?.find((one) => one.provider === provider && one.clientId === said.aud);
  if (trusted === undefined) throw badToken("Incorrect token audience.");
  const userPools = await ctx.lent("userPools");
  if (userPools === undefined) throw unsupported();
  const { clientId, checksUser } = trusted;
  const poolId = provider.slice(provider.indexOf("/") + 1);
  const proven = await userPools.verifyIdToken(token, { poolId, clientId, checksUser }, ctx);
  if ("problem" in proven) {
    if (proven.problem === "expired") throw expired(said, ctx);
    if (proven.problem === "signature") throw badToken("Token signature invalid.");
    throw badToken(proven.problem === "revoked" ? "Token has been revoked." : "Couldn't verify token.");
  }
  const subject = String(proven.claims.sub);
  return {
    provider,
    subject,
    claims: proven.claims,
    names: [`${provider}:${clientId}`, provider],
    amr: [provider, `${provider}:CognitoSignIn:${subject}`],
  };
}

async function ofOidc(arn: string, provider: string, token: string, ctx: Ctx): Promise<Proof> {
  const facts = arn.split(":")[4] === ctx.account ? await ctx.directory.findProvider(arn, ctx.tx) : undefined;
  if (facts?.issuer === undefined) throw unsupported();
  const claims = await signed(token, facts.issuer, facts.clientIds ?? [], ctx);
  const subject = String(claims.sub);
  return { provider, subject, claims, names: [arn, provider], amr: [provider, `${arn}:OIDC:${subject}`] };
}

/** Claims that an issuer signed for one of these clients. */
async function signed(
  token: string,
  issuer: string,
  clientIds: readonly string[],
  ctx: Ctx,
): Promise<Readonly<Record<string, unknown>>> {
  const said = decoded(token);
  const { iss } = said;
  if (typeof iss !== "string" || iss.replace(/^https?:\/\//, "").replace(/\/$/, "") !== issuer)
    throw badToken("Issuer doesn't match providerName");
  const webIdentities = await ctx.lent("webIdentities");
  if (webIdentities === undefined) throw unsupported();
  const proven = await webIdentities.verify(token, iss, ctx.clock.now());
  if ("problem" in proven) {
    if (proven.problem === "expired") throw expired(said, ctx);
    throw badToken(
      proven.problem === "unreachable"
        ? "Can't retrieve the verification keys of the OpenId Connect provider."
        : "Token signature invalid.",
    );
  }
  const { claims } = proven;
  if (typeof claims.sub !== "string" || claims.sub === "") throw badToken("Missing a required claim: sub");
  const audiences = [claims.aud ?? []].flat().map(String);
  if (!audiences.some((one) => clientIds.includes(one))) throw badToken("Incorrect token audience.");
  return claims;
}

async function ofSaml(arn: string, assertion: string, ctx: Ctx): Promise<Proof> {
  const facts = arn.split(":")[4] === ctx.account ? await ctx.directory.findProvider(arn, ctx.tx) : undefined;
  const assertions = await ctx.lent("assertions");
  if (facts?.saml === undefined || assertions === undefined) throw unsupported();
  const proven = await assertions.read(assertion, facts.saml, ctx.clock.now());
  if ("problem" in proven) throw badToken(proven.problem);
  const { subject, attributes } = proven;
  return { provider: arn, subject, claims: attributes, names: [arn], amr: [arn, `${arn}:SAML:${subject}`] };
}

async function ofPublic(pool: PoolRow, provider: string, token: string, ctx: Ctx): Promise<Proof> {
  // The others' tokens can only be shown to them, and nothing here leaves the machine for that.
  if (!oidcPublic.has(provider)) {
    throw new AwsError("ExternalServiceException", `${provider} cannot be asked about its tokens from here.`);
  }
  const apps = (pool.loginProviders?.[provider] ?? "").split(";");
  const claims = await signed(token, provider, apps, ctx);
  const subject = String(claims.sub);
  return { provider, subject, claims, names: [provider], amr: [provider, `${provider}:OIDC:${subject}`] };
}
