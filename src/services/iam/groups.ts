import type { Group } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { checkNoPolicies, conflict } from "./holders.ts";
import { moveUses } from "./policyUses.ts";
import { countOneLess, countOneMore } from "./quotas.ts";
import { onGroup, paged, seconds } from "./shared.ts";
import { type GroupRow, groupMembers, groups, users } from "./tables.ts";
import { listedUser } from "./users.ts";

export function groupArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:group${path}${name}`;
}

/** What a call on a group must be allowed to do. Of a group that does not exist it says the same. */
export async function groupAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const group = await groups.get(ctx.tx, ctx.account, name.toLowerCase());
  return {
    action: `iam:${action}`,
    resource: group?.arn ?? groupArn(ctx.account, "/", name),
    shownAs: `group ${name}`,
  };
}

/** For changes of what a group may do: the policy that is attached is a condition key of those. */
export async function groupPolicyAccess(
  action: string,
  name: string,
  ctx: Context,
  policyArn?: string,
): Promise<Access> {
  const access = await groupAccess(action, name, ctx);
  return policyArn === undefined ? access : { ...access, context: { "iam:PolicyARN": policyArn } };
}

export async function findGroup(name: string, ctx: Context<"NoSuchEntityException">): Promise<GroupRow> {
  const group = await groups.get(ctx.tx, ctx.account, name.toLowerCase());
  if (group === undefined)
    throw ctx.error("NoSuchEntityException", `The group with name ${name} cannot be found.`);
  return group;
}

export function saveGroup(group: GroupRow, ctx: Context): void {
  groups.put(ctx.tx, [ctx.account, group.groupName.toLowerCase()], group);
}

export function describeGroup({ path, groupName, groupId, arn, createDate }: GroupRow): Group {
  return { Path: path, GroupName: groupName, GroupId: groupId, Arn: arn, CreateDate: seconds(createDate) };
}

/** Makes a group. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html */
export const createGroup = iam.operation("CreateGroup", {
  access: ({ GroupName, Path = "/" }, ctx) => ({
    action: "iam:CreateGroup",
    resource: groupArn(ctx.account, Path, GroupName),
  }),
  async handle({ GroupName, Path = "/" }, ctx) {
    if ((await groups.get(ctx.tx, ctx.account, GroupName.toLowerCase())) !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", `Group with name ${GroupName} already exists.`);
    }
    await countOneMore("groups", ctx);
    const group: GroupRow = {
      groupName: GroupName,
      groupId: uniqueId("AGPA"),
      path: Path,
      arn: groupArn(ctx.account, Path, GroupName),
      createDate: ctx.clock.now(),
      attached: [],
      inline: {},
    };
    saveGroup(group, ctx);
    return { Group: describeGroup(group) };
  },
  record: { resources: onGroup },
});

/** A group and its members, by pages. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html */
export const getGroup = iam.operation("GetGroup", {
  access: ({ GroupName }, ctx) => groupAccess("GetGroup", GroupName, ctx),
  async handle({ GroupName, ...page }, ctx) {
    const group = await findGroup(GroupName, ctx);
    const { items, truncation } = await paged(
      page,
      ctx,
      (part) => pageOfMembers(GroupName.toLowerCase(), part, ctx),
      listedUser,
    );
    return { Group: describeGroup(group), Users: items, ...truncation };
  },
});

async function pageOfMembers(
  group: string,
  { limit, marker }: { limit: number; marker?: string | undefined },
  ctx: Context,
) {
  const page = await pageOf(groupMembers, ctx.tx, [ctx.account, group], { limit, marker });
  const found = await Promise.all(page.items.map(({ user }) => users.get(ctx.tx, ctx.account, user)));
  return { ...page, items: found.filter((user) => user !== undefined) };
}

/** The account's groups. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html */
export const listGroups = iam.operation("ListGroups", {
  access: ({ PathPrefix = "/" }, ctx) => ({
    action: "iam:ListGroups",
    resource: groupArn(ctx.account, PathPrefix, ""),
  }),
  async handle({ PathPrefix = "/", ...page }, ctx) {
    const where = ({ path }: GroupRow) => path.startsWith(PathPrefix);
    const { items, truncation } = await paged(
      page,
      ctx,
      (part) => pageOf(groups, ctx.tx, [ctx.account], { ...part, where }),
      describeGroup,
    );
    return { Groups: items, ...truncation };
  },
});

/** Changes name or path; members and policies stay. https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html */
export const updateGroup = iam.operation("UpdateGroup", {
  async access({ GroupName, NewGroupName, NewPath }, ctx) {
    const source = await groupAccess("UpdateGroup", GroupName, ctx);
    const path = NewPath ?? source.resource.slice(source.resource.indexOf(":group/") + 6, -GroupName.length);
    const target = groupArn(ctx.account, path, NewGroupName ?? GroupName);
    return target === source.resource ? source : [source, { ...source, resource: target }];
  },
  async handle({ GroupName, NewGroupName, NewPath }, ctx) {
    const group = await findGroup(GroupName, ctx);
    const groupName = NewGroupName ?? group.groupName;
    const path = NewPath ?? group.path;
    const from = group.groupName.toLowerCase();
    const to = groupName.toLowerCase();
    if (from !== to) {
      if ((await groups.get(ctx.tx, ctx.account, to)) !== undefined) {
        throw ctx.error("EntityAlreadyExistsException", `Group with name ${groupName} already exists.`);
      }
      await moveMembers(from, to, ctx);
      moveUses(group, { kind: "group", name: from }, { kind: "group", name: to }, ctx);
      groups.delete(ctx.tx, ctx.account, from);
    }
    saveGroup({ ...group, groupName, path, arn: groupArn(ctx.account, path, groupName) }, ctx);
    return {};
  },
  record: { resources: onGroup },
});

async function moveMembers(from: string, to: string, { tx, account }: Context): Promise<void> {
  for (const { key } of await groupMembers.list(tx, [account, from])) {
    const name = key[2];
    const user = await users.get(tx, account, name);
    if (user !== undefined) {
      users.put(tx, [account, name], {
        ...user,
        groups: user.groups.map((group) => (group === from ? to : group)),
      });
    }
    groupMembers.delete(tx, ...key);
    groupMembers.put(tx, [account, to, name], { user: name });
  }
}

/** Deletes a group without members and policies. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html */
export const deleteGroup = iam.operation("DeleteGroup", {
  access: ({ GroupName }, ctx) => groupAccess("DeleteGroup", GroupName, ctx),
  async handle({ GroupName }, ctx) {
    const group = await findGroup(GroupName, ctx);
    const name = GroupName.toLowerCase();
    const members = await groupMembers.list(ctx.tx, [ctx.account, name], { limit: 1 });
    if (members.length > 0) throw conflict("must remove users from group first", ctx);
    checkNoPolicies(group, ctx);
    groups.delete(ctx.tx, ctx.account, name);
    await countOneLess("groups", ctx);
    return {};
  },
  record: { resources: onGroup },
});
