import type { Context } from "../../kit/context.ts";
import { accounts } from "./tables.ts";

/** What functions of an account and Region have reserved together. */
export async function reservedTotal(ctx: Pick<Context, "tx" | "account" | "region">): Promise<number> {
  return (await accounts.get(ctx.tx, ctx.account, ctx.region))?.reserved ?? 0;
}

export async function changeReserved(
  by: number,
  ctx: Pick<Context, "tx" | "account" | "region">,
): Promise<void> {
  accounts.put(ctx.tx, [ctx.account, ctx.region], { reserved: (await reservedTotal(ctx)) + by });
}
