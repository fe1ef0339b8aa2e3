import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import type { Context } from "../../kit/context.ts";
import type { IdentityPools } from "../../kit/ports.ts";
import type { Transaction } from "../../storage/store.ts";
import { signingKeys } from "./tables.ts";

/**
 * Tokens that identity pools issue: what a client hands to STS itself, and what this service hands to STS for it.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/open-id.html
 */

export const issuer = "https://cognito-identity.amazonaws.com";

const makePair = promisify(generateKeyPair) as (
  type: "rsa",
  options: { modulusLength: number },
) => Promise<{ privateKey: KeyObject }>;

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
}

const opened = new WeakMap<object, SigningKey>();

/** The key, made when it is first asked for. */
async function signingKey(tx: Transaction): Promise<SigningKey> {
  let row = await signingKeys.get(tx, "current");
  if (row === undefined) {
    const { privateKey } = await makePair("rsa", { modulusLength: 2048 });
    row = { kid: randomUUID(), privateKey: privateKey.export({ format: "pem", type: "pkcs8" }) as string };
    signingKeys.put(tx, ["current"], row);
  }
  const known = opened.get(row);
  if (known !== undefined) return known;
  const key = { kid: row.kid, privateKey: createPrivateKey(row.privateKey) };
  opened.set(row, key);
  return key;
}

export interface TokenFacts {
  poolId: string;
  identityId: string;
  /** "authenticated" or "unauthenticated", and the providers. */
  amr: readonly string[];
  seconds: number;
  /** Session tags. */
  tags?: Readonly<Record<string, string>> | undefined;
}

/** A signed token. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp */
export async function issueToken(facts: TokenFacts, ctx: Context): Promise<string> {
  const { SignJWT } = await import("jose");
  const { kid, privateKey } = await signingKey(ctx.tx);
  const now = Math.floor(ctx.clock.now() / 1_000);
  const { tags = {} } = facts;
  const principal_tags = Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]]));
  return await new SignJWT({
    sub: facts.identityId,
    aud: facts.poolId,
    amr: [...facts.amr],
    iss: issuer,
    exp: now + facts.seconds,
    iat: now,
    ...(Object.keys(tags).length > 0 && { "https://aws.amazon.com/tags": { principal_tags } }),
  })
    .setProtectedHeader({ alg: "RS512", kid, typ: "JWS" })
    .sign(privateKey);
}

export async function publicKeys(tx: Transaction): Promise<object> {
  const { kid, privateKey } = await signingKey(tx);
  const jwk = createPublicKey(privateKey).export({ format: "jwk" });
  return { keys: [{ ...jwk, kid, alg: "RS512", use: "sig" }] };
}

/** What STS asks. */
export const identityPools: IdentityPools = {
  async verifyToken(token, { tx, clock }) {
    const { errors, jwtVerify } = await import("jose");
    const { kid, privateKey } = await signingKey(tx);
    try {
      const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(privateKey), {
        algorithms: ["RS512"],
        issuer,
        currentDate: new Date(clock.now()),
        requiredClaims: ["exp", "iat", "sub", "aud"],
      });
      return protectedHeader.kid === kid ? { claims: payload } : { problem: "invalid" };
    } catch (error) {
      return { problem: error instanceof errors.JWTExpired ? "expired" : "invalid" };
    }
  },
};

/** What anybody may see of the issuer. */
export async function issuerDocument(path: string, tx: Transaction): Promise<object> {
  if (path.endsWith("/jwks_uri")) return await publicKeys(tx);
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks_uri`,
    authorization_endpoint: issuer,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS512"],
  };
}
