import type { Context } from "../../../kit/context.ts";
import { identity } from "../contract.ts";
import { identityOf } from "../identities/resolve.ts";
import { admit, anybody, recorded } from "../open.ts";
import { existingPool } from "../pools/find.ts";
import { noPool } from "../refusals.ts";

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html */
export const getId = identity.operation("GetId", {
  access: anybody,
  async handle({ IdentityPoolId, AccountId, Logins }, ctx) {
    admit(ctx as Context);
    const pool = await existingPool(IdentityPoolId, ctx);
    if (AccountId !== undefined && AccountId !== ctx.account) throw noPool(IdentityPoolId);
    return { IdentityId: await identityOf(pool, Logins, ctx as Context) };
  },
  record: { ...recorded, readOnly: false },
});
