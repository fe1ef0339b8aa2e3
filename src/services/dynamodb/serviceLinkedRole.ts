import type { Context } from "../../kit/context.ts";
import { ensureServiceLinkedRole, type ServiceLinkedRole } from "../../kit/serviceLinkedRole.ts";
import { throughDynamodb } from "./encryption.ts";

/** Sees to it that DynamoDB has a role in the caller's account, made as the caller. */
export async function ensureRole(role: ServiceLinkedRole, ctx: Context): Promise<void> {
  await ensureServiceLinkedRole(role, { as: throughDynamodb(ctx.caller), account: ctx.account }, ctx);
}
