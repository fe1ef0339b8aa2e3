import type { Context } from "../../../kit/context.ts";
import { type SelfSigned, selfSigned } from "../../../kit/selfSigned.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { type SamlKeysRow, samlKeys } from "./tables.ts";

/** Keys of a pool for SAML providers: one signs what it asks them, the other opens what they encrypt. */

/** Made when they are first asked for. */
export async function samlKeysOf(pool: PoolRow, ctx: Pick<Context, "tx" | "clock">): Promise<SamlKeysRow> {
  const known = await samlKeys.get(ctx.tx, ...keyOf(pool));
  if (known !== undefined) return known;
  const made = () => selfSigned(pool.poolId, ctx.clock.now());
  const [signing, encryption] = await Promise.all([made(), made()]);
  const row = { signing, encryption };
  samlKeys.put(ctx.tx, keyOf(pool), row);
  return row;
}

/** In base64, as metadata has it. */
export function certificateText({ certificate }: SelfSigned): string {
  return certificate.replace(/-----[^-]+-----|\s/g, "");
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetSigningCertificate.html */
export const getSigningCertificate = idp.operation("GetSigningCertificate", {
  access: onPool("GetSigningCertificate"),
  async handle({ UserPoolId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { signing } = await samlKeysOf(pool, ctx);
    return { Certificate: certificateText(signing) };
  },
});
