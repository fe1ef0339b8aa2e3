import type { GroupType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { pageOf } from "../../../kit/paging.ts";
import { passRole } from "../../../kit/passRole.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { invalid, notFound } from "../refusals.ts";
import { groups } from "../tables.ts";
import type { GroupRow } from "./groupRow.ts";

/** Groups of users. */

const pageSize = 60;
/** Whom a group's role is for. */
const identityPools = "cognito-identity.amazonaws.com";

export function shownGroup({ poolId }: PoolRow, row: GroupRow): GroupType {
  return {
    GroupName: row.name,
    UserPoolId: poolId,
    ...(row.description !== undefined && { Description: row.description }),
    ...(row.roleArn !== undefined && { RoleArn: row.roleArn }),
    ...(row.precedence !== undefined && { Precedence: row.precedence }),
    LastModifiedDate: new Date(row.modifiedMs),
    CreationDate: new Date(row.createdMs),
  };
}

export async function existingGroup(
  pool: PoolRow,
  name: string,
  { tx }: Pick<Context, "tx">,
): Promise<GroupRow> {
  const row = await groups.get(tx, ...keyOf(pool), name);
  if (row === undefined) throw notFound("Group not found.");
  return row;
}

async function checkRole(roleArn: string | undefined, ctx: Context): Promise<void> {
  if (roleArn === undefined) return;
  if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(roleArn)) throw invalid("Invalid role ARN.");
  await passRole(ctx, roleArn, identityPools);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html */
export const createGroup = idp.operation("CreateGroup", {
  access: onPool("CreateGroup"),
  async handle({ UserPoolId, GroupName, Description, RoleArn, Precedence }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    if ((await groups.get(ctx.tx, ...keyOf(pool), GroupName)) !== undefined)
      throw ctx.error("GroupExistsException", "A group with the name already exists.");
    await checkRole(RoleArn, ctx as Context);
    const now = ctx.clock.now();
    const row: GroupRow = {
      name: GroupName,
      description: Description,
      roleArn: RoleArn,
      precedence: Precedence,
      createdMs: now,
      modifiedMs: now,
    };
    groups.put(ctx.tx, [...keyOf(pool), GroupName], row);
    return { Group: shownGroup(pool, row) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetGroup.html */
export const getGroup = idp.operation("GetGroup", {
  access: onPool("GetGroup"),
  async handle({ UserPoolId, GroupName }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    return { Group: shownGroup(pool, await existingGroup(pool, GroupName, ctx)) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateGroup.html */
export const updateGroup = idp.operation("UpdateGroup", {
  access: onPool("UpdateGroup"),
  async handle({ UserPoolId, GroupName, Description, RoleArn, Precedence }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const row = await existingGroup(pool, GroupName, ctx);
    await checkRole(RoleArn, ctx as Context);
    const changed: GroupRow = {
      ...row,
      ...(Description !== undefined && { description: Description }),
      ...(RoleArn !== undefined && { roleArn: RoleArn }),
      ...(Precedence !== undefined && { precedence: Precedence }),
      modifiedMs: ctx.clock.now(),
    };
    groups.put(ctx.tx, [...keyOf(pool), GroupName], changed);
    return { Group: shownGroup(pool, changed) };
  },
});

/** Its members lose it in the background. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteGroup.html */
export const deleteGroup = idp.operation("DeleteGroup", {
  access: onPool("DeleteGroup"),
  async handle({ UserPoolId, GroupName }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { createdMs } = await existingGroup(pool, GroupName, ctx);
    groups.delete(ctx.tx, ...keyOf(pool), GroupName);
    ctx.outbox.put("sweepGroup", { poolId: pool.poolId, group: GroupName, createdMs });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html */
export const listGroups = idp.operation("ListGroups", {
  access: onPool("ListGroups"),
  async handle({ UserPoolId, Limit, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { items, next } = await page(() =>
      pageOf(groups, ctx.tx, keyOf(pool), { limit: Limit || pageSize, marker: NextToken }),
    );
    return { Groups: items.map((row) => shownGroup(pool, row)), ...(next && { NextToken: next }) };
  },
});
