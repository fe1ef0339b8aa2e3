import { createHash } from "node:crypto";
import type { Context } from "../../../kit/context.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { revokeFamily } from "../tokens/spent.ts";
import { hashOf, isSame, newSecret } from "./cookies.ts";
import { OAuthError } from "./json.ts";
import { type CodeRow, codes } from "./tables.ts";

/** Authorization codes: each is good once, for one client, one address and one verifier. */

/** https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html */
const validMs = 5 * 60_000;

export function newCode(pool: PoolRow, row: Omit<CodeRow, "expiresMs">, ctx: Context): string {
  const code = newSecret();
  const key = hashOf(code);
  const expiresMs = ctx.clock.now() + validMs;
  codes.put(ctx.tx, [...keyOf(pool), key], { ...row, expiresMs });
  ctx.timers.set(key, "forgetCode", expiresMs, { poolId: pool.poolId, key });
  return code;
}

export async function forgetCode(
  { poolId, key }: { poolId: string; key: string },
  ctx: Context,
): Promise<void> {
  codes.delete(ctx.tx, ctx.account, ctx.region, poolId, key);
}

export interface Presented {
  code: string;
  clientId: string;
  redirectUri: string | undefined;
  verifier: string | undefined;
}

const verifierForm = /^[\w.~-]{43,128}$/;

/** What a code stands for, which is used by this. Its second use voids what came of the first. */
export async function useCode(
  pool: PoolRow,
  { code, clientId, redirectUri, verifier }: Presented,
  tokens: { originJti: string; expiresMs: number },
  ctx: Context,
): Promise<CodeRow | OAuthError> {
  const key = [...keyOf(pool), hashOf(code)] as const;
  const row = await codes.get(ctx.tx, ...key);
  if (row === undefined || row.expiresMs <= ctx.clock.now() || row.clientId !== clientId)
    return new OAuthError("invalid_grant");
  if (row.usedFor !== undefined) {
    await revokeFamily(pool, row.usedFor.originJti, row.usedFor.expiresMs, ctx);
    return new OAuthError("invalid_grant");
  }
  if (row.redirectUri !== redirectUri || !isVerified(row, verifier)) return new OAuthError("invalid_grant");
  codes.put(ctx.tx, [...key], { ...row, usedFor: tokens });
  return row;
}

/** A verifier where none is wanted is as wrong as none where one is: somebody has taken the challenge away. */
function isVerified({ challenge }: CodeRow, verifier: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier;
  const wanted = createHash("sha256").update(verifier).digest("base64url");
  return verifierForm.test(verifier) && isSame(challenge, wanted);
}
