import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { keyedPageOf, pageOfList } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { existingPool, findPool, onPool } from "../pools/find.ts";
import { keyOf } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { groups, members, users } from "../tables.ts";
import { existingUser, findByKey } from "../users/find.ts";
import { shownUser } from "../users/shown.ts";
import { existingGroup, shownGroup } from "./groups.ts";
import { groupsOf } from "./roles.ts";

/** Who is in a group. */

const pageSize = 60;
/** https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html */
const maxGroupsPerUser = 100;

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminAddUserToGroup.html */
export const adminAddUserToGroup = idp.operation("AdminAddUserToGroup", {
  access: onPool("AdminAddUserToGroup"),
  async handle({ UserPoolId, Username, GroupName }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { user, userKey } = await existingUser(pool, Username, ctx);
    await existingGroup(pool, GroupName, ctx);
    const known = user.groups ?? [];
    if (known.includes(GroupName)) return {};
    if (known.length >= maxGroupsPerUser)
      throw new AwsError(
        "LimitExceededException",
        `A user can be in no more than ${maxGroupsPerUser} groups.`,
      );
    users.put(ctx.tx, [...keyOf(pool), userKey], { ...user, groups: [...known, GroupName] });
    members.put(ctx.tx, [...keyOf(pool), GroupName, userKey], {});
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRemoveUserFromGroup.html */
export const adminRemoveUserFromGroup = idp.operation("AdminRemoveUserFromGroup", {
  access: onPool("AdminRemoveUserFromGroup"),
  async handle({ UserPoolId, Username, GroupName }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { user, userKey } = await existingUser(pool, Username, ctx);
    await existingGroup(pool, GroupName, ctx);
    const rest = (user.groups ?? []).filter((name) => name !== GroupName);
    users.put(ctx.tx, [...keyOf(pool), userKey], { ...user, groups: rest });
    members.delete(ctx.tx, ...keyOf(pool), GroupName, userKey);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListGroupsForUser.html */
export const adminListGroupsForUser = idp.operation("AdminListGroupsForUser", {
  access: onPool("AdminListGroupsForUser"),
  async handle({ UserPoolId, Username, Limit, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { user } = await existingUser(pool, Username, ctx);
    const rows = await groupsOf(pool, user, ctx);
    const { items, next } = await page(async () => pageOfList(rows, Limit || pageSize, NextToken));
    return { Groups: items.map((row) => shownGroup(pool, row)), ...(next && { NextToken: next }) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html */
export const listUsersInGroup = idp.operation("ListUsersInGroup", {
  access: onPool("ListUsersInGroup"),
  async handle({ UserPoolId, GroupName, Limit, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existingGroup(pool, GroupName, ctx);
    const { items, next } = await page(() =>
      keyedPageOf(members, ctx.tx, [...keyOf(pool), GroupName], {
        limit: Limit || pageSize,
        marker: NextToken,
      }),
    );
    const found = await Promise.all(items.map(({ key }) => findByKey(pool, key[4], ctx)));
    return {
      Users: found.flatMap((one) => (one === undefined ? [] : [shownUser(one.user)])),
      ...(next && { NextToken: next }),
    };
  },
});

const sweptAtOnce = 200;

interface Swept {
  poolId: string;
  group: string;
  createdMs: number;
}

/** Takes a deleted group from those who were in it. */
export const sweepGroup = {
  async settle(swept: Swept, ctx: Context): Promise<void> {
    const pool = await findPool(swept.poolId, ctx);
    if (pool === undefined) return;
    const key = keyOf(pool);
    // One of the same name that was made since has members of its own.
    if ((await groups.get(ctx.tx, ...key, swept.group)) !== undefined) return;
    const rows = await members.list(ctx.tx, [...key, swept.group], { limit: sweptAtOnce });
    for (const { key: member } of rows) {
      const found = await findByKey(pool, member[4], ctx);
      if (found !== undefined) {
        const rest = (found.user.groups ?? []).filter((name) => name !== swept.group);
        users.put(ctx.tx, [...key, member[4]], { ...found.user, groups: rest });
      }
      members.delete(ctx.tx, ...member);
    }
    if (rows.length === sweptAtOnce) ctx.outbox.put("sweepGroup", { ...swept });
  },
};
