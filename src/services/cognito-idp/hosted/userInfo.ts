import { AwsError } from "../../../kit/errors.ts";
import { existingClient } from "../clients/find.ts";
import { isInScope } from "../tokens/claims.ts";
import { bearerOf } from "../tokens/verify.ts";
import { readable } from "../users/attributes.ts";
import { json } from "./json.ts";
import { type Answer, tried, type Visit } from "./visit.ts";

/** What an app may know of its user. https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html */
export async function userInfo(visit: Visit): Promise<Answer> {
  const { pool, ctx, headers } = visit;
  const [, token] = /^Bearer ([\w.~+/=-]+)$/i.exec(headers.authorization ?? "") ?? [];
  if (token === undefined) return refused("invalid_request", "Bad bearer authorization header", 400);
  const facts = await tried(ctx, async () => {
    const bearer = await bearerOf(token, ctx, "openid");
    if (bearer.pool.poolId !== pool.poolId)
      throw new AwsError("NotAuthorizedException", "Invalid Access Token");
    const client = await existingClient(pool.poolId, bearer.clientId, ctx);
    const scopes = String(bearer.claims.scope).split(" ");
    const shown = readable(client, bearer.user).filter(([name]) => isInScope(name, scopes));
    return { ...Object.fromEntries(shown), username: bearer.user.username };
  });
  if (facts instanceof AwsError) return refused("invalid_token", facts.message, 401);
  return json(facts);
}

function refused(error: string, description: string, status: number): Answer {
  const challenge = `Bearer error="${error}", error_description="${description.replaceAll('"', "'")}"`;
  return json({ error, error_description: description }, status, ["www-authenticate", challenge]);
}
