import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { managedPolicy } from "./managedPolicies.ts";
import { findOwnPolicy, policyReadAccess } from "./policies.ts";
import { type Holder, usesOf } from "./policyUses.ts";
import { paged } from "./shared.ts";
import { groups, roles, users } from "./tables.ts";

interface Entity {
  kind: Holder["kind"];
  name: string;
  id: string;
  path: string;
}

async function entityOf({ kind, name }: Holder, { tx, account }: Context): Promise<Entity | undefined> {
  if (kind === "user") {
    const row = await users.get(tx, account, name);
    return row && { kind, name: row.userName, id: row.userId, path: row.path };
  }
  if (kind === "group") {
    const row = await groups.get(tx, account, name);
    return row && { kind, name: row.groupName, id: row.groupId, path: row.path };
  }
  const row = await roles.get(tx, account, name);
  return row && { kind, name: row.roleName, id: row.roleId, path: row.path };
}

const kinds: Record<string, Holder["kind"] | undefined> = { User: "user", Role: "role", Group: "group" };

/** Who uses a policy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html */
export const listEntitiesForPolicy = iam.operation("ListEntitiesForPolicy", {
  access: ({ PolicyArn }, ctx) => policyReadAccess("ListEntitiesForPolicy", PolicyArn, ctx),
  async handle({ PolicyArn, EntityFilter = "", PathPrefix = "/", PolicyUsageFilter, ...page }, ctx) {
    if (managedPolicy(PolicyArn) === undefined) await findOwnPolicy(PolicyArn, ctx);
    const wanted = { PermissionsPolicy: "attached", PermissionsBoundary: "boundary" } as const;
    const usage = PolicyUsageFilter && wanted[PolicyUsageFilter];
    const kind = kinds[EntityFilter];
    const isFiltered = EntityFilter !== "";
    const found = new Map<string, Entity>();
    for (const use of await usesOf(PolicyArn, ctx)) {
      if ((usage && use.usage !== usage) || (isFiltered && use.kind !== kind)) continue;
      const entity = await entityOf(use, ctx);
      if (entity?.path.startsWith(PathPrefix)) found.set(entity.id, entity);
    }
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList([...found.values()], limit, marker),
      (entity) => entity,
    );
    const of = (each: Holder["kind"]) => items.filter((entity) => entity.kind === each);
    return {
      PolicyGroups: of("group").map(({ name, id }) => ({ GroupName: name, GroupId: id })),
      PolicyUsers: of("user").map(({ name, id }) => ({ UserName: name, UserId: id })),
      PolicyRoles: of("role").map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      ...truncation,
    };
  },
});
