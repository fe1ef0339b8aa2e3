import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { delegation, requestArn } from "./delegationStates.ts";
import type { DelegationRow } from "./delegationTables.ts";

/**
 * Who may see and handle a request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html#temporary-delegation-managing-permissions
 */

export function isOwner({ owner }: DelegationRow, { caller: { principal } }: Context): boolean {
  return owner !== undefined && owner.arn === principal.arn && owner.userId === principal.userId;
}

/** A request that the caller's account may know of: its own, or one that is still anybody's. */
export async function visible(id: string, ctx: Context): Promise<DelegationRow | undefined> {
  const row = await delegation(id, ctx);
  const isOurs = row?.ownerAccount === undefined || row.ownerAccount === ctx.account;
  return isOurs ? row : undefined;
}

export async function findDelegation(
  id: string,
  ctx: Context<"NoSuchEntityException">,
): Promise<DelegationRow> {
  const row = await visible(id, ctx);
  if (row === undefined)
    throw ctx.error("NoSuchEntityException", `The delegation request with id ${id} cannot be found.`);
  return row;
}

/** Whom a request lets do something to it, whatever policies allow. */
type ByDefault = "nobody" | "owner" | "finder";

/** Until somebody has taken a request on, everybody who has its id may see it and take it on. */
export async function delegationAccess(
  action: string,
  id: string,
  byDefault: ByDefault,
  ctx: Context,
): Promise<Access> {
  const row = await visible(id, ctx);
  const isUnclaimed = row !== undefined && row.owner === undefined && row.state !== "EXPIRED";
  const isAllowed =
    row !== undefined &&
    ((byDefault === "finder" && isUnclaimed) || (byDefault !== "nobody" && isOwner(row, ctx)));
  return {
    action: `iam:${action}`,
    resource: requestArn(ctx.account, id),
    ...(row?.owner && { context: { "iam:DelegationRequestOwner": row.owner.arn } }),
    ...(isAllowed && { extraAllow: { kind: "service" as const, name: "the request's owner" } }),
  };
}
