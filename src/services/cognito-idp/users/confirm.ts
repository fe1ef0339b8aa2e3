import type { Context } from "../../../kit/context.ts";
import type { ClientRow } from "../clients/clientRow.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { notAuthorized } from "../refusals.ts";
import { noClient, trigger, triggerAttributes } from "../triggers/invoke.ts";
import { existingUser } from "./find.ts";
import { putUser } from "./put.ts";
import type { UserRow } from "./userRow.ts";

/** Users who are confirmed. */

/** Tells the pool's function. */
export async function confirmed(
  { pool, client }: { pool: PoolRow; client?: ClientRow | undefined },
  user: UserRow,
  source: "ConfirmSignUp" | "ConfirmForgotPassword",
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<void> {
  await trigger(
    {
      pool,
      name: "PostConfirmation",
      source: `PostConfirmation_${source}`,
      clientId: client?.clientId ?? noClient,
      username: user.username,
      request: { userAttributes: triggerAttributes(user), ...(clientMetadata && { clientMetadata }) },
      response: {},
    },
    ctx,
  );
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminConfirmSignUp.html */
export const adminConfirmSignUp = idp.operation("AdminConfirmSignUp", {
  access: onPool("AdminConfirmSignUp"),
  async handle({ UserPoolId, Username, ClientMetadata }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const found = await existingUser(pool, Username, ctx);
    if (found.user.status !== "UNCONFIRMED")
      throw notAuthorized(`User cannot be confirmed. Current status is ${found.user.status}`);
    const user: UserRow = { ...found.user, status: "CONFIRMED", modifiedMs: ctx.clock.now() };
    await putUser(pool, found, user, ctx);
    await confirmed({ pool }, user, "ConfirmSignUp", ClientMetadata, ctx as Context);
    return {};
  },
});
