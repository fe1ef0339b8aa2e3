import { createHmac, timingSafeEqual } from "node:crypto";
import { notAuthorized } from "../refusals.ts";
import type { ClientRow } from "./clientRow.ts";

/**
 * Proof that an app has its client's secret, given with every name of a user.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
 */
export function checkSecretHash(client: ClientRow, username: string, given: string | undefined): void {
  const { clientId, secrets } = client;
  if (secrets.length === 0) {
    if (given !== undefined)
      throw notAuthorized(`Client ${clientId} is not configured for secret but secret was received`);
    return;
  }
  if (given === undefined)
    throw notAuthorized(`Client ${clientId} is configured with secret but SECRET_HASH was not received`);
  // As text: Base64 has many spellings for the same bytes.
  const bytes = Buffer.from(given);
  let isRight = false;
  for (const { value } of secrets) {
    const wanted = Buffer.from(
      createHmac("sha256", value).update(username).update(clientId).digest("base64"),
    );
    isRight = (bytes.length === wanted.length && timingSafeEqual(bytes, wanted)) || isRight;
  }
  if (!isRight) throw notAuthorized(`Unable to verify secret hash for client ${clientId}`);
}

/** Proof that is the secret itself, as RevokeToken and GetTokensFromRefreshToken take it. */
export function checkSecret(client: ClientRow, given: string | undefined): void {
  const { clientId, secrets } = client;
  if (secrets.length === 0) return;
  if (given === undefined)
    throw notAuthorized(`Client ${clientId} is configured with secret but secret was not received`);
  const digest = (text: string) => createHmac("sha256", clientId).update(text).digest();
  const bytes = digest(given);
  let isRight = false;
  for (const { value } of secrets) isRight = timingSafeEqual(bytes, digest(value)) || isRight;
  if (!isRight) throw notAuthorized(`Unable to verify secret for client ${clientId}`);
}
