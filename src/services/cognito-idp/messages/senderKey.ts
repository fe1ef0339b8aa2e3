import { type Caller, servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { PoolRow, SenderGrant } from "../pools/poolRow.ts";
import { principal } from "../pools/settings.ts";
import { invalid } from "../refusals.ts";

/**
 * The KMS key under which codes reach a pool's own senders. Cognito uses it by a grant, made when the pool is set: by
 * whoever sets it, or by Cognito itself where the key's policy lets it for this pool.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
 */

export function senderContext({ poolId }: Pick<PoolRow, "poolId">): Record<string, string> {
  return { "userpool-id": poolId };
}

export function asCognito({ arn, account }: Pick<PoolRow, "arn" | "account">): Caller {
  return servicePrincipal(principal, { sourceArn: arn, sourceAccount: account });
}

/** The pool with the grant that its settings need, and without one that they do not. */
export async function withSenderGrant(pool: PoolRow, ctx: Context): Promise<PoolRow> {
  const { CustomEmailSender, CustomSMSSender, KMSKeyID } = pool.settings.LambdaConfig ?? {};
  const wanted = CustomEmailSender || CustomSMSSender ? KMSKeyID : undefined;
  const { senderGrant: held, ...rest } = pool;
  if (held?.keyId === wanted) return pool;
  await retireSenderGrant(pool, ctx);
  return wanted === undefined ? rest : { ...rest, senderGrant: await newGrant(pool, wanted, ctx) };
}

async function newGrant(pool: PoolRow, keyId: string, ctx: Context): Promise<SenderGrant> {
  const input = {
    KeyId: keyId,
    GranteePrincipal: principal,
    RetiringPrincipal: principal,
    Operations: ["Encrypt", "GenerateDataKey", "DescribeKey", "RetireGrant"],
    Constraints: { EncryptionContextSubset: senderContext(pool) },
  };
  const byCaller = { ...ctx.caller, calledVia: [...(ctx.caller.calledVia ?? []), principal] };
  let refusal: AwsError | undefined;
  for (const as of [byCaller, asCognito(pool)]) {
    try {
      const made = await ctx.call("kms", "CreateGrant", input, { as, account: pool.account });
      return { keyId, grantId: made.GrantId as string };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (!error.code.startsWith("AccessDenied")) throw invalid(`Invalid KMSKeyID: ${error.message}`);
      refusal ??= error;
    }
  }
  throw refusal;
}

export async function retireSenderGrant(pool: PoolRow, ctx: Context): Promise<void> {
  if (pool.senderGrant === undefined) return;
  const { keyId: KeyId, grantId: GrantId } = pool.senderGrant;
  try {
    await ctx.call("kms", "RetireGrant", { KeyId, GrantId }, { as: asCognito(pool), account: pool.account });
  } catch (error) {
    // The key, or the grant, may be gone already; the pool changes all the same.
    if (!(error instanceof AwsError)) throw error;
  }
}
