import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { existingClient } from "../clients/find.ts";
import { findPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { hasTrigger } from "../triggers/invoke.ts";
import { countSending, sendCode } from "./codes.ts";
import { findByKey } from "./find.ts";
import { recoveryOf } from "./passwordReset.ts";
import { putUser } from "./put.ts";

/**
 * Codes for forgotten passwords, sent once the answer is out: else it would tell by its time whether there is somebody
 * to send one to. What is left for later is the same for a name that is nobody's.
 */

interface Forgotten {
  poolId: string;
  clientId: string;
  userKey: string;
  clientMetadata?: Record<string, string>;
}

/** A function that words the message is waited for, so that the caller learns of its refusal, as on AWS. */
export function canWait(pool: PoolRow): boolean {
  return !hasTrigger(pool, "CustomMessage");
}

export function sendLater(pool: PoolRow, forgotten: Omit<Forgotten, "poolId">, ctx: Context): void {
  countSending(pool, forgotten.userKey, ctx);
  const { poolId } = pool;
  // In order: the code that comes last is the one that counts.
  ctx.outbox.put(
    "sendForgotten",
    { poolId, ...forgotten },
    { group: `forgotten/${poolId}/${forgotten.userKey}` },
  );
}

export const sendForgotten = {
  async settle({ poolId, clientId, userKey, clientMetadata }: Forgotten, ctx: Context): Promise<void> {
    const pool = await findPool(poolId, ctx);
    const found = pool && (await findByKey(pool, userKey, ctx));
    if (pool === undefined || found === undefined) return;
    const before = ctx.tx.savepoint();
    try {
      const client = await existingClient(poolId, clientId, ctx);
      const attribute = recoveryOf(pool, found.user);
      const source = "CustomMessage_ForgotPassword";
      const asked = { pool, found, purpose: "forgot", attribute, source, client, clientMetadata } as const;
      const { user } = await sendCode({ ...asked, isCounted: true }, ctx);
      await putUser(pool, found, user, ctx);
    } catch (error) {
      // Nobody waits for it any more; that it could not be sent stands in the pool's log.
      if (!(error instanceof AwsError)) throw error;
      ctx.tx.rollback(before);
    }
  },
};
