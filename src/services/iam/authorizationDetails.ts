import type { GroupDetail, ManagedPolicyDetail, RoleDetail, UserDetail } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { describeGroup } from "./groups.ts";
import { listedProfile } from "./instanceProfiles.ts";
import { allManagedPolicies, type ManagedPolicy, managedPolicyDocument } from "./managedPolicies.ts";
import { listedPolicy } from "./policies.ts";
import { countUses, type UseCounts } from "./policyUses.ts";
import { shownVersions } from "./policyVersions.ts";
import { describeRole } from "./roles.ts";
import { encoded, lastPart, paged, seconds } from "./shared.ts";
import {
  type GroupRow,
  groups,
  instanceProfiles,
  type PolicyHolder,
  type PolicyRow,
  policies,
  type RoleRow,
  roleProfiles,
  roles,
  type UserRow,
  users,
} from "./tables.ts";
import { shownTags } from "./tags.ts";
import { describeUser } from "./users.ts";

type Item =
  | { kind: "User"; row: UserRow }
  | { kind: "Group"; row: GroupRow }
  | { kind: "Role"; row: RoleRow }
  | { kind: "LocalManagedPolicy"; row: PolicyRow }
  | { kind: "AWSManagedPolicy"; row: ManagedPolicy };

type Detail =
  | { UserDetailList: UserDetail }
  | { GroupDetailList: GroupDetail }
  | { RoleDetailList: RoleDetail }
  | { Policies: ManagedPolicyDetail };

/**
 * Everything that decides who may do what. Of AWS's policies it holds those in use.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
 */
export const getAccountAuthorizationDetails = iam.operation("GetAccountAuthorizationDetails", {
  access: () => ({ action: "iam:GetAccountAuthorizationDetails", resource: "*" }),
  async handle({ Filter = [], ...page }, ctx) {
    const uses = await countUses(ctx);
    const isWanted = (kind: Item["kind"]) => Filter.length === 0 || Filter.includes(kind);
    const all = await allItems(uses, isWanted, ctx);
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList(all, limit, marker),
      (item) => detailOf(item, uses, ctx),
    );
    return {
      UserDetailList: items.flatMap((item) => ("UserDetailList" in item ? [item.UserDetailList] : [])),
      GroupDetailList: items.flatMap((item) => ("GroupDetailList" in item ? [item.GroupDetailList] : [])),
      RoleDetailList: items.flatMap((item) => ("RoleDetailList" in item ? [item.RoleDetailList] : [])),
      Policies: items.flatMap((item) => ("Policies" in item ? [item.Policies] : [])),
      ...truncation,
    };
  },
});

async function allItems(
  uses: ReadonlyMap<string, UseCounts>,
  isWanted: (kind: Item["kind"]) => boolean,
  { tx, account }: Context,
): Promise<Item[]> {
  const items: Item[] = [];
  if (isWanted("User"))
    for (const { row } of await users.list(tx, [account])) items.push({ kind: "User", row });
  if (isWanted("Group"))
    for (const { row } of await groups.list(tx, [account])) items.push({ kind: "Group", row });
  if (isWanted("Role"))
    for (const { row } of await roles.list(tx, [account])) items.push({ kind: "Role", row });
  if (isWanted("LocalManagedPolicy"))
    for (const { row } of await policies.list(tx, [account])) items.push({ kind: "LocalManagedPolicy", row });
  if (isWanted("AWSManagedPolicy"))
    for (const row of allManagedPolicies())
      if (uses.has(row.arn)) items.push({ kind: "AWSManagedPolicy", row });
  return items;
}

async function detailOf(item: Item, uses: ReadonlyMap<string, UseCounts>, ctx: Context): Promise<Detail> {
  switch (item.kind) {
    case "User":
      return { UserDetailList: await userDetail(item.row, ctx) };
    case "Group": {
      const { GroupName, GroupId, Path, Arn, CreateDate } = describeGroup(item.row);
      const own = { GroupName, GroupId, Path, Arn, CreateDate, GroupPolicyList: inlineOf(item.row) };
      return { GroupDetailList: { ...own, AttachedManagedPolicies: attachedOf(item.row) } };
    }
    case "Role":
      return { RoleDetailList: await roleDetail(item.row, ctx) };
    default:
      return { Policies: policyDetail(item.row, uses.get(item.row.arn)) };
  }
}

async function userDetail(user: UserRow, ctx: Context): Promise<UserDetail> {
  const found = await Promise.all(user.groups.map((name) => groups.get(ctx.tx, ctx.account, name)));
  const { PasswordLastUsed: _, ...described } = describeUser(user);
  return {
    ...described,
    Tags: shownTags(user.tags),
    UserPolicyList: inlineOf(user),
    GroupList: found.filter((group) => group !== undefined).map(({ groupName }) => groupName),
    AttachedManagedPolicies: attachedOf(user),
  };
}

async function roleDetail(role: RoleRow, ctx: Context): Promise<RoleDetail> {
  const { tx, account } = ctx;
  const holding = await roleProfiles.list(tx, [account, role.roleName.toLowerCase()]);
  const profiles = await Promise.all(
    holding.map(({ row }) => instanceProfiles.get(tx, account, row.profile)),
  );
  const shown = profiles.filter((profile) => profile !== undefined).map((each) => listedProfile(each, ctx));
  const { MaxSessionDuration: _, ...described } = await describeRole(role, ctx);
  return {
    ...described,
    Tags: shownTags(role.tags),
    InstanceProfileList: await Promise.all(shown),
    RolePolicyList: inlineOf(role),
    AttachedManagedPolicies: attachedOf(role),
  };
}

function policyDetail(policy: PolicyRow | ManagedPolicy, uses: UseCounts | undefined): ManagedPolicyDetail {
  const PolicyVersionList =
    "versions" in policy
      ? shownVersions(policy).map((version) => ({
          ...version,
          Document: encoded(policy.versions[version.VersionId as string]?.document ?? ""),
        }))
      : [
          {
            VersionId: policy.versionId,
            IsDefaultVersion: true,
            CreateDate: seconds(policy.updateDate),
            Document: encoded(managedPolicyDocument(policy.arn) ?? ""),
          },
        ];
  return { ...listedPolicy(policy, uses), PolicyVersionList };
}

function inlineOf({ inline }: PolicyHolder) {
  return Object.entries(inline).map(([name, document]) => ({
    PolicyName: name,
    PolicyDocument: encoded(document),
  }));
}

function attachedOf({ attached }: PolicyHolder) {
  return attached.map((arn) => ({ PolicyName: lastPart(arn), PolicyArn: arn }));
}
