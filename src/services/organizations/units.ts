import type { OrganizationalUnit } from "@aws-sdk/client-organizations";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { describeAccount, findMember } from "./accounts.ts";
import { organizations } from "./contract.ts";
import { standingPolicies } from "./managedPolicies.ts";
import { arnPrefix, asManagement, asReader, findNode, onNode, onOrganization, pathTo } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { attachments, children, members, type NodeRow, nodes, type OrganizationRow } from "./tables.ts";
import { tagsOf } from "./tagRules.ts";

/** The tree: a root, units, and where accounts stand in it. */

const maxDepth = 5;

export function saveNode(organization: OrganizationRow, node: NodeRow, ctx: Context): void {
  nodes.put(ctx.tx, [organization.id, node.id], node);
}

function describe({ id, arn, name }: NodeRow): OrganizationalUnit {
  return { Id: id, Arn: arn, Name: name };
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListRoots.html */
export const listRoots = organizations.operation("ListRoots", {
  access: onOrganization("ListRoots"),
  async handle(_input, ctx) {
    const organization = await asReader(ctx);
    const root = (await findNode(organization, organization.rootId, ctx)) as NodeRow;
    const PolicyTypes = (root.enabled ?? []).map((Type) => ({ Type, Status: "ENABLED" as const }));
    return { Roots: [{ Id: root.id, Arn: root.arn, Name: root.name, PolicyTypes }] };
  },
});

/** A root or unit, or ParentNotFoundException. */
async function findParent(
  organization: OrganizationRow,
  id: string,
  ctx: Context<"ParentNotFoundException">,
): Promise<NodeRow> {
  const node = await findNode(organization, id, ctx);
  if (node === undefined || node.kind === "ACCOUNT") {
    throw ctx.error("ParentNotFoundException", "You specified parent that doesn't exist.");
  }
  return node;
}

async function childrenOf(organization: OrganizationRow, parent: string, ctx: Context): Promise<NodeRow[]> {
  const rows = await children.list(ctx.tx, [organization.id, parent]);
  const found = await Promise.all(rows.map(({ key }) => findNode(organization, key[2], ctx)));
  return found.filter((node) => node !== undefined);
}

async function checkName(
  organization: OrganizationRow,
  parent: string,
  name: string,
  ctx: Context<"DuplicateOrganizationalUnitException">,
): Promise<void> {
  const siblings = await childrenOf(organization, parent, ctx);
  if (siblings.some((node) => node.kind === "ORGANIZATIONAL_UNIT" && node.name === name)) {
    throw ctx.error("DuplicateOrganizationalUnitException", "An OU with the same name already exists.");
  }
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganizationalUnit.html */
export const createOrganizationalUnit = organizations.operation("CreateOrganizationalUnit", {
  access: onNode(
    "CreateOrganizationalUnit",
    ({ ParentId }) => ParentId,
    ({ Tags }) => ({ requestTags: Tags }),
  ),
  async handle({ ParentId, Name, Tags = [] }, ctx) {
    const organization = await asManagement(ctx);
    const parent = await findParent(organization, ParentId, ctx);
    await checkName(organization, ParentId, Name, ctx);
    const path = await pathTo(organization.id, ParentId, ctx);
    if (path.length > maxDepth) {
      throw ctx.error("ConstraintViolationException", "You have exceeded the maximum depth of OUs.", {
        Reason: "OU_DEPTH_LIMIT_EXCEEDED",
      });
    }
    const id = `ou-${organization.rootId.slice(2)}-${randomText(8, "lower36")}`;
    const standing = standingPolicies(path[0]?.enabled ?? []);
    const unit: NodeRow = {
      id,
      kind: "ORGANIZATIONAL_UNIT",
      arn: `${arnPrefix(organization)}ou/${organization.id}/${id}`,
      name: Name,
      parent: parent.id,
      policies: standing.policies,
      tags: tagsOf(Tags, {}, ctx),
    };
    for (const policy of standing.ids) attachments.put(ctx.tx, [organization.id, policy, id], {});
    saveNode(organization, unit, ctx);
    children.put(ctx.tx, [organization.id, parent.id, id], { kind: unit.kind });
    return { OrganizationalUnit: describe(unit) };
  },
});

async function findUnit(
  organization: OrganizationRow,
  id: string,
  ctx: Context<"OrganizationalUnitNotFoundException">,
): Promise<NodeRow> {
  const node = await findNode(organization, id, ctx);
  if (node?.kind !== "ORGANIZATIONAL_UNIT") {
    throw ctx.error(
      "OrganizationalUnitNotFoundException",
      "You specified an organizational unit that doesn't exist.",
    );
  }
  return node;
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganizationalUnit.html */
export const describeOrganizationalUnit = organizations.operation("DescribeOrganizationalUnit", {
  access: onNode("DescribeOrganizationalUnit", ({ OrganizationalUnitId }) => OrganizationalUnitId),
  async handle({ OrganizationalUnitId }, ctx) {
    return { OrganizationalUnit: describe(await findUnit(await asReader(ctx), OrganizationalUnitId, ctx)) };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_UpdateOrganizationalUnit.html */
export const updateOrganizationalUnit = organizations.operation("UpdateOrganizationalUnit", {
  access: onNode("UpdateOrganizationalUnit", ({ OrganizationalUnitId }) => OrganizationalUnitId),
  async handle({ OrganizationalUnitId, Name }, ctx) {
    const organization = await asManagement(ctx);
    const unit = await findUnit(organization, OrganizationalUnitId, ctx);
    if (Name !== undefined && Name !== unit.name) await checkName(organization, unit.parent ?? "", Name, ctx);
    const renamed = { ...unit, name: Name ?? unit.name };
    saveNode(organization, renamed, ctx);
    return { OrganizationalUnit: describe(renamed) };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganizationalUnit.html */
export const deleteOrganizationalUnit = organizations.operation("DeleteOrganizationalUnit", {
  access: onNode("DeleteOrganizationalUnit", ({ OrganizationalUnitId }) => OrganizationalUnitId),
  async handle({ OrganizationalUnitId }, ctx) {
    const organization = await asManagement(ctx);
    const unit = await findUnit(organization, OrganizationalUnitId, ctx);
    if ((await children.list(ctx.tx, [organization.id, unit.id], { limit: 1 })).length > 0) {
      throw ctx.error(
        "OrganizationalUnitNotEmptyException",
        "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.",
      );
    }
    for (const policy of Object.values(unit.policies).flat()) {
      attachments.delete(ctx.tx, organization.id, policy, unit.id);
    }
    children.delete(ctx.tx, organization.id, unit.parent ?? "", unit.id);
    nodes.delete(ctx.tx, organization.id, unit.id);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListOrganizationalUnitsForParent.html */
export const listOrganizationalUnitsForParent = organizations.operation("ListOrganizationalUnitsForParent", {
  access: onNode("ListOrganizationalUnitsForParent", ({ ParentId }) => ParentId),
  async handle({ ParentId, ...page }, ctx) {
    const organization = await asReader(ctx);
    await findParent(organization, ParentId, ctx);
    const units = (await childrenOf(organization, ParentId, ctx)).filter(
      ({ kind }) => kind === "ORGANIZATIONAL_UNIT",
    );
    const { items, end } = pageOfRows(units, page, ctx);
    return { OrganizationalUnits: items.map(describe), ...end };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html */
export const listAccountsForParent = organizations.operation("ListAccountsForParent", {
  access: onNode("ListAccountsForParent", ({ ParentId }) => ParentId),
  async handle({ ParentId, ...page }, ctx) {
    const organization = await asReader(ctx);
    await findParent(organization, ParentId, ctx);
    const accounts = (await childrenOf(organization, ParentId, ctx)).filter(({ kind }) => kind === "ACCOUNT");
    const rows = await Promise.all(accounts.map(({ id }) => members.get(ctx.tx, id)));
    const { items, end } = pageOfRows(
      rows.filter((row) => row !== undefined),
      page,
      ctx,
    );
    return { Accounts: items.map(describeAccount), ...end };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html */
export const listParents = organizations.operation("ListParents", {
  access: onNode("ListParents", ({ ChildId }) => ChildId),
  async handle({ ChildId }, ctx) {
    const organization = await asReader(ctx);
    const node = await findNode(organization, ChildId, ctx);
    const parent = node?.parent === undefined ? undefined : await findNode(organization, node.parent, ctx);
    if (parent === undefined || parent.kind === "ACCOUNT") {
      throw ctx.error(
        "ChildNotFoundException",
        "You specified an organizational unit or account that doesn't exist.",
      );
    }
    return { Parents: [{ Id: parent.id, Type: parent.kind }] };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListChildren.html */
export const listChildren = organizations.operation("ListChildren", {
  access: onNode("ListChildren", ({ ParentId }) => ParentId),
  async handle({ ParentId, ChildType, ...page }, ctx) {
    const organization = await asReader(ctx);
    await findParent(organization, ParentId, ctx);
    const found = (await childrenOf(organization, ParentId, ctx)).filter(({ kind }) => kind === ChildType);
    const { items, end } = pageOfRows(found, page, ctx);
    return { Children: items.map(({ id }) => ({ Id: id, Type: ChildType })), ...end };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_MoveAccount.html */
export const moveAccount = organizations.operation("MoveAccount", {
  access: async (input, ctx) => [
    await onNode<typeof input>("MoveAccount", ({ AccountId }) => AccountId)(input, ctx),
    await onNode<typeof input>("MoveAccount", ({ SourceParentId }) => SourceParentId)(input, ctx),
    await onNode<typeof input>("MoveAccount", ({ DestinationParentId }) => DestinationParentId)(input, ctx),
  ],
  async handle({ AccountId, SourceParentId, DestinationParentId }, ctx) {
    const organization = await asManagement(ctx);
    await findMember(organization, AccountId, ctx);
    const node = (await findNode(organization, AccountId, ctx)) as NodeRow;
    if (node.parent !== SourceParentId) {
      throw ctx.error(
        "SourceParentNotFoundException",
        "You specified a source root or OU that doesn't contain the account.",
      );
    }
    const destination = await findNode(organization, DestinationParentId, ctx);
    if (destination === undefined || destination.kind === "ACCOUNT") {
      throw ctx.error(
        "DestinationParentNotFoundException",
        "You specified a destination root or OU that doesn't exist.",
      );
    }
    if (DestinationParentId === SourceParentId) {
      throw ctx.error("DuplicateAccountException", "The account is already in the specified destination.");
    }
    children.delete(ctx.tx, organization.id, SourceParentId, AccountId);
    children.put(ctx.tx, [organization.id, DestinationParentId, AccountId], { kind: "ACCOUNT" });
    saveNode(organization, { ...node, parent: DestinationParentId }, ctx);
    return {};
  },
});
