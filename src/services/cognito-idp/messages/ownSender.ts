import type { Context } from "../../../kit/context.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { eventOf, invoke, noClient, triggerAttributes } from "../triggers/invoke.ts";
import { sealedCode } from "./sealedCode.ts";
import type { Message } from "./send.ts";

/**
 * Functions that send a pool's messages instead of Cognito. Each is handed the code, sealed, and is not waited for.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-email-sender.html
 */

const kinds = {
  email: { name: "CustomEmailSender", type: "customEmailSenderRequestV1" },
  phone_number: { name: "CustomSMSSender", type: "customSMSSenderRequestV1" },
} as const;

export function hasOwnSender({ settings }: PoolRow, attribute: Message["attribute"]): boolean {
  return settings.LambdaConfig?.[kinds[attribute].name] !== undefined;
}

/** Hands a message to the pool's function. */
export async function sendByFunction(message: Message, to: string, ctx: Context): Promise<void> {
  const { pool, user, attribute, purpose, code, clientId = noClient, clientMetadata } = message;
  const { name, type } = kinds[attribute];
  const { [name]: sender, KMSKeyID } = pool.settings.LambdaConfig ?? {};
  if (sender?.LambdaArn === undefined || KMSKeyID === undefined)
    throw new Error("A pool has no sender, or no key for one.");
  const event = eventOf({
    pool,
    source: message.source.replace(/^CustomMessage/, name),
    clientId,
    username: user.username,
    request: {
      type,
      code: await sealedCode(pool, KMSKeyID, purpose === "invite" ? escaped(code) : code, ctx),
      clientMetadata: clientMetadata ?? null,
      // A new address is not the user's yet; the message goes there all the same.
      userAttributes: { ...triggerAttributes(user), [attribute]: to },
    },
  });
  await invoke({ arn: sender.LambdaArn, name, event, pool, type: "Event" }, ctx);
}

/** Temporary passwords come as AWS writes them: escaped as in HTML. */
function escaped(password: string): string {
  return password
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
