import { createHmac, timingSafeEqual } from "node:crypto";
import type { ClientRow } from "../clients/clientRow.ts";
import { OAuthError } from "./json.ts";
import { clientOf } from "./oauthRequest.ts";
import type { Visit } from "./visit.ts";

/** Which client asks, proven by its secret where it has one. https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */

interface Given {
  clientId: string | undefined;
  secret: string | undefined;
}

function invalidClient(): OAuthError {
  return new OAuthError("invalid_client");
}

/** Names and secrets are form-encoded within the header. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw invalidClient();
  }
}

function givenBy({ headers, form }: Visit): Given {
  const inBody = { clientId: once(form, "client_id"), secret: once(form, "client_secret") };
  const [, basic] = /^Basic ([\w+/=-]+)$/i.exec(headers.authorization ?? "") ?? [];
  if (headers.authorization === undefined) return inBody;
  if (basic === undefined) throw invalidClient();
  const text = Buffer.from(basic, "base64").toString();
  const mark = text.indexOf(":");
  if (mark < 0) throw invalidClient();
  const clientId = decoded(text.slice(0, mark));
  // Two ways at once, or two clients, is one who mixes them up.
  if (inBody.secret !== undefined || (inBody.clientId !== undefined && inBody.clientId !== clientId))
    throw new OAuthError("invalid_request");
  return { clientId, secret: decoded(text.slice(mark + 1)) };
}

/** A field that stands once at most. */
export function once(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name);
  if (values.length > 1) throw new OAuthError("invalid_request", `${name} stands more than once`);
  return values[0] || undefined;
}

export async function provenClient(visit: Visit): Promise<ClientRow> {
  const { clientId, secret } = givenBy(visit);
  if (clientId === undefined) throw new OAuthError("invalid_request");
  const client = await clientOf(visit, clientId);
  if (client === undefined) throw invalidClient();
  if (client.secrets.length === 0) {
    if (secret !== undefined) throw invalidClient();
    return client;
  }
  if (secret === undefined || !isSecret(client, secret)) throw invalidClient();
  return client;
}

function isSecret({ clientId, secrets }: ClientRow, given: string): boolean {
  const digest = (text: string) => createHmac("sha256", clientId).update(text).digest();
  const bytes = digest(given);
  let isRight = false;
  for (const { value } of secrets) isRight = timingSafeEqual(bytes, digest(value)) || isRight;
  return isRight;
}
