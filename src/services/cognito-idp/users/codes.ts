import type { CodeDeliveryDetailsType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { checkAllowance, codeGuesses, guessesOf, sending } from "../auth/attempts.ts";
import { isSameCode, newCode } from "../auth/codes.ts";
import type { ClientRow } from "../clients/clientRow.ts";
import { send } from "../messages/send.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { codeMismatch, expiredCode } from "../refusals.ts";
import type { FoundUser } from "./find.ts";
import type { CodePurpose, UserRow } from "./userRow.ts";

/** Codes that prove that somebody reads what is sent to an address. */

const hourMs = 3_600_000;
const validMs: Record<"signUp" | "forgot" | "attribute", number> = {
  signUp: 24 * hourMs,
  forgot: hourMs,
  attribute: 24 * hourMs,
};

export interface Sending {
  pool: PoolRow;
  found: FoundUser;
  purpose: CodePurpose;
  attribute: "email" | "phone_number";
  /** "CustomMessage_SignUp" */
  source: string;
  client?: ClientRow | undefined;
  clientMetadata?: Record<string, string> | undefined;
  /** Left out, what the user's attribute is. */
  to?: string;
  /** It was counted when it was asked for. */
  isCounted?: true;
}

/** Counts a code that is to be sent, to a user who is not there as to one who is. */
export function countSending({ poolId }: PoolRow, userKey: string, ctx: Context): void {
  checkAllowance(`send/${poolId}/${userKey}`, sending, ctx);
}

function allowanceKey(what: string, { poolId }: PoolRow, userKey: string): string {
  return `${what}/${poolId}/${userKey}`;
}

/** Sends a new code; the user that knows it is to be written by whoever asks. */
export async function sendCode(
  { pool, found, purpose, attribute, source, client, clientMetadata, to, isCounted }: Sending,
  ctx: Context,
): Promise<{ user: UserRow; delivery: CodeDeliveryDetailsType }> {
  if (!isCounted) countSending(pool, found.userKey, ctx);
  const code = newCode();
  const now = ctx.clock.now();
  const byLink =
    purpose === "signUp" &&
    attribute === "email" &&
    pool.settings.VerificationMessageTemplate?.DefaultEmailOption === "CONFIRM_WITH_LINK";
  const delivery = await send(
    {
      pool,
      user: found.user,
      source,
      purpose: byLink ? "link" : "verify",
      attribute,
      code,
      clientId: client?.clientId,
      clientMetadata,
      ...(to !== undefined && { to }),
      ...(byLink && client && { link: linkOf(pool, client, found.user, code, ctx) }),
    },
    ctx,
  );
  const kind = purpose.startsWith("attribute:") ? "attribute" : (purpose as "signUp" | "forgot");
  const sentTo = to ?? found.user.attributes[attribute] ?? "";
  const codes = {
    ...found.user.codes,
    [purpose]: { code, sentMs: now, expiresMs: now + validMs[kind], sentTo: `${attribute}:${sentTo}` },
  };
  return { user: { ...found.user, codes }, delivery };
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/userpools-confirm-sign-up-with-link.html */
function linkOf(pool: PoolRow, client: ClientRow, user: UserRow, code: string, ctx: Context): string {
  const host = pool.customDomain ?? `${pool.domain ?? pool.poolId}.auth.${pool.region}.amazoncognito.com`;
  const query = new URLSearchParams({
    client_id: client.clientId,
    user_name: user.username,
    confirmation_code: code,
  });
  const { port } = new URL(ctx.host.endpoint());
  return pool.customDomain === undefined
    ? `http://${host.replace("amazoncognito.com", "localhost")}:${port}/confirmUser?${query}`
    : `https://${host}/confirmUser?${query}`;
}

export interface ProvenCode {
  /** The user without the code. */
  user: UserRow;
  attribute: "email" | "phone_number";
  /** The address that it was sent to. */
  value: string;
}

/** Proves a code, which is spent by it. */
export function proveUserCode(
  pool: PoolRow,
  { user, userKey }: FoundUser,
  purpose: CodePurpose,
  given: string,
  ctx: Context,
): ProvenCode {
  const key = allowanceKey("codes", pool, userKey);
  checkAllowance(key, codeGuesses, ctx);
  const known = user.codes?.[purpose];
  if (known === undefined || known.expiresMs <= ctx.clock.now()) throw expiredCode();
  if (!isSameCode(known.code, given)) throw codeMismatch();
  ctx.afterCommit(() => guessesOf(ctx).windows.forget(key));
  const { [purpose]: _, ...codes } = user.codes ?? {};
  const mark = known.sentTo.indexOf(":");
  return {
    user: { ...user, codes },
    attribute: known.sentTo.slice(0, mark) as "email" | "phone_number",
    value: known.sentTo.slice(mark + 1),
  };
}
