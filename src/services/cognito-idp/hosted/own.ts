import { createHmac } from "node:crypto";
import type { ClientRow } from "../clients/clientRow.ts";
import type { Visit } from "./visit.ts";

/** What the pages ask of the API itself, as anybody may. */
export async function own(
  { ctx, pool }: Visit,
  operation: string,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { account, region } = pool;
  return await ctx.call("cognito-idp", operation, input, { as: ctx.caller, account, region });
}

/** The client and a name of a user, with the proof that goes with it. */
export function naming(client: ClientRow, Username: string): Record<string, string> {
  const [secret] = client.secrets;
  const { clientId: ClientId } = client;
  if (secret === undefined) return { ClientId, Username };
  const SecretHash = createHmac("sha256", secret.value).update(Username).update(ClientId).digest("base64");
  return { ClientId, Username, SecretHash };
}
