import type { Context } from "../../../kit/context.ts";
import type { PublicDocument, PublicRequest } from "../../../kit/pages.ts";
import { tokenKey } from "./keys.ts";
import { ownProvider } from "./tokens.ts";

/** What verifies tokens of identity pools, at AWS's own name for it. */

const issuer = `https://${ownProvider}`;
const maxAgeSeconds = 3_600;

export async function publishes(
  { path }: PublicRequest,
  { tx }: Context,
): Promise<PublicDocument | undefined> {
  if (path === "/.well-known/openid-configuration") {
    return json({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks_uri`,
      response_types_supported: ["token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS512"],
    });
  }
  if (path !== "/.well-known/jwks_uri") return undefined;
  const { jwk, kid } = await tokenKey(tx);
  return json({ keys: [{ ...jwk, kid, alg: "RS512", use: "sig" }] });
}

function json(value: object): PublicDocument {
  return {
    contentType: "application/json",
    body: JSON.stringify(value),
    headers: [["cache-control", `public, max-age=${maxAgeSeconds}`]],
  };
}
