import { AwsError } from "../../../kit/errors.ts";
import { contentOf } from "../auth/refresh.ts";
import { revokeFamily } from "../tokens/spent.ts";
import { once, provenClient } from "./clientAuth.ts";
import { json, OAuthError } from "./json.ts";
import { type Answer, tried, type Visit } from "./visit.ts";

/** A refresh token, and all that came of its sign-in. https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html */
export async function revokeEndpoint(visit: Visit): Promise<Answer> {
  const { pool, form, ctx, method } = visit;
  if (method !== "POST") throw new OAuthError("invalid_request", "", 405);
  const client = await provenClient(visit);
  const token = once(form, "token");
  if (token === undefined) throw new OAuthError("invalid_request");
  if (client.settings.EnableTokenRevocation === false)
    throw new OAuthError("invalid_request", "Revocation is not enabled for this client.");
  // Access and ID tokens are of three parts.
  if (token.split(".").length === 3) throw new OAuthError("unsupported_token_type");
  const content = await tried(ctx, () => contentOf({ pool, client }, token, ctx));
  // A token that is none counts as one that is void already, as RFC 7009 has it.
  if (!(content instanceof AwsError)) await revokeFamily(pool, content.originJti, content.expiresMs, ctx);
  return json({});
}
