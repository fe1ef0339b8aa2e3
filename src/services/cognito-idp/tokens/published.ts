import type { Context } from "../../../kit/context.ts";
import type { PublicDocument, PublicRequest } from "../../../kit/pages.ts";
import { findPool } from "../pools/find.ts";
import { places } from "../tables.ts";
import { issuerOf, jwksOf, signingKeysOf } from "./signingKeys.ts";

/**
 * What verifies a pool's tokens, at `/<pool's id>/.well-known/…` of any host: clients that are pointed at Cloudkeep ask
 * there, and the host of AWS's own issuer may be made to resolve here.
 */

/** Documents change only with the pool's keys. */
const maxAgeSeconds = 3_600;

export async function publishes(
  { host, path, query: _ }: PublicRequest,
  ctx: Context,
): Promise<PublicDocument | undefined> {
  // A first part of the path that stands before `/.well-known/` arrives as the host.
  const poolId = host;
  const place = await places.get(ctx.tx, "pool", poolId);
  const pool = place && (await findPool(poolId, { ...place, tx: ctx.tx }));
  if (pool === undefined) return undefined;
  if (path === "/.well-known/jwks.json") return json(jwksOf(await signingKeysOf(pool, ctx)));
  if (path !== "/.well-known/openid-configuration") return undefined;
  const issuer = issuerOf(pool);
  const domain = pool.domain ?? pool.customDomain;
  return json({
    ...(domain !== undefined && hostedEndpoints(`${ctx.host.endpoint()}/_cognito/${pool.region}/${domain}`)),
    id_token_signing_alg_values_supported: ["RS256"],
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ["code", "token"],
    scopes_supported: ["openid", "email", "phone", "profile"],
    subject_types_supported: ["public"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  });
}

/** Of a pool's domain: at Cloudkeep's own address, as names of hosts may not resolve. */
function hostedEndpoints(base: string): Record<string, string> {
  return {
    authorization_endpoint: `${base}/oauth2/authorize`,
    end_session_endpoint: `${base}/logout`,
    revocation_endpoint: `${base}/oauth2/revoke`,
    token_endpoint: `${base}/oauth2/token`,
    userinfo_endpoint: `${base}/oauth2/userInfo`,
  };
}

function json(value: object): PublicDocument {
  return {
    contentType: "application/json",
    body: JSON.stringify(value),
    headers: [["cache-control", `public, max-age=${maxAgeSeconds}`]],
  };
}
