import { idp } from "../contract.ts";
import { pools } from "../tables.ts";
import { existingPool, onPool } from "./find.ts";
import { keyOf } from "./poolRow.ts";
import { extended } from "./schema.ts";

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddCustomAttributes.html */
export const addCustomAttributes = idp.operation("AddCustomAttributes", {
  access: onPool("AddCustomAttributes"),
  async handle({ UserPoolId, CustomAttributes }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const schema = extended(pool.schema, CustomAttributes);
    pools.put(ctx.tx, keyOf(pool), { ...pool, schema, modifiedMs: ctx.clock.now() });
    return {};
  },
});
