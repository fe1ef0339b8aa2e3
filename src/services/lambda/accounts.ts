import type { Context } from "../../kit/context.ts";
import { type AccountRow, accounts } from "./tables.ts";

type Scope = Pick<Context, "tx" | "account" | "region">;

async function rowOf(ctx: Scope): Promise<AccountRow> {
  return (await accounts.get(ctx.tx, ctx.account, ctx.region)) ?? { reserved: 0 };
}

/** What functions of an account and Region have reserved together. */
export async function reservedTotal(ctx: Scope): Promise<number> {
  return (await rowOf(ctx)).reserved;
}

export async function changeReserved(by: number, ctx: Scope): Promise<void> {
  const row = await rowOf(ctx);
  accounts.put(ctx.tx, [ctx.account, ctx.region], { ...row, reserved: row.reserved + by });
}

/** What is provisioned for versions of an account and Region together. */
export async function provisionedTotal(ctx: Scope): Promise<number> {
  return (await rowOf(ctx)).provisioned ?? 0;
}

export async function changeProvisioned(by: number, ctx: Scope): Promise<void> {
  const row = await rowOf(ctx);
  accounts.put(ctx.tx, [ctx.account, ctx.region], { ...row, provisioned: (row.provisioned ?? 0) + by });
}
