import { pageOfList } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { describeGroup, findGroup, groupAccess } from "./groups.ts";
import { overQuota, quotas } from "./quotas.ts";
import { onGroup, onUser, paged } from "./shared.ts";
import { groupMembers, groups } from "./tables.ts";
import { findUser, saveUser, userAccess } from "./users.ts";

/** Who is in which group. */

/** Once more changes nothing. https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html */
export const addUserToGroup = iam.operation("AddUserToGroup", {
  access: ({ GroupName }, ctx) => groupAccess("AddUserToGroup", GroupName, ctx),
  async handle({ GroupName, UserName }, ctx) {
    const group = (await findGroup(GroupName, ctx)).groupName.toLowerCase();
    const user = await findUser(UserName, ctx);
    if (user.groups.includes(group)) return {};
    if (user.groups.length >= quotas.GroupsPerUser) {
      throw overQuota("GroupsPerUser", quotas.GroupsPerUser, ctx);
    }
    saveUser({ ...user, groups: [...user.groups, group] }, ctx);
    const name = UserName.toLowerCase();
    groupMembers.put(ctx.tx, [ctx.account, group, name], { user: name });
    return {};
  },
  record: { resources: (input) => [...onGroup(input), ...onUser(input)] },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html */
export const removeUserFromGroup = iam.operation("RemoveUserFromGroup", {
  access: ({ GroupName }, ctx) => groupAccess("RemoveUserFromGroup", GroupName, ctx),
  async handle({ GroupName, UserName }, ctx) {
    const group = (await findGroup(GroupName, ctx)).groupName.toLowerCase();
    const user = await findUser(UserName, ctx);
    saveUser({ ...user, groups: user.groups.filter((each) => each !== group) }, ctx);
    groupMembers.delete(ctx.tx, ctx.account, group, UserName.toLowerCase());
    return {};
  },
  record: { resources: (input) => [...onGroup(input), ...onUser(input)] },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html */
export const listGroupsForUser = iam.operation("ListGroupsForUser", {
  access: ({ UserName }, ctx) => userAccess("ListGroupsForUser", UserName, ctx),
  async handle({ UserName, ...page }, ctx) {
    const user = await findUser(UserName, ctx);
    const found = await Promise.all(user.groups.map((name) => groups.get(ctx.tx, ctx.account, name)));
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) =>
        pageOfList(
          found.filter((group) => group !== undefined),
          limit,
          marker,
        ),
      describeGroup,
    );
    return { Groups: items, ...truncation };
  },
});
