import type { Organization } from "@aws-sdk/client-organizations";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { organizations } from "./contract.ts";
import { arnPrefix, asManagement, inOrganization, membershipOf, onOrganization } from "./membership.ts";
import {
  attachments,
  children,
  creations,
  delegations,
  members,
  nodes,
  type OrganizationRow,
  organizationRows,
  policies,
  serviceAccess,
} from "./tables.ts";

function describe(organization: OrganizationRow): Organization {
  const { id, managementAccount, managementEmail } = organization;
  return {
    Id: id,
    Arn: `${arnPrefix(organization)}organization/${id}`,
    FeatureSet: "ALL",
    MasterAccountArn: `${arnPrefix(organization)}account/${id}/${managementAccount}`,
    MasterAccountId: managementAccount,
    MasterAccountEmail: managementEmail,
    AvailablePolicyTypes: [
      { Type: "SERVICE_CONTROL_POLICY", Status: "ENABLED" },
      { Type: "RESOURCE_CONTROL_POLICY", Status: "ENABLED" },
    ],
  };
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html */
export const createOrganization = organizations.operation("CreateOrganization", {
  access: (_input, ctx) => ({
    action: "organizations:CreateOrganization",
    resource: "*",
    resourceAccount: ctx.account,
  }),
  async handle({ FeatureSet = "ALL" }, ctx) {
    if ((await membershipOf(ctx.account, ctx)) !== undefined) {
      throw ctx.error(
        "AlreadyInOrganizationException",
        "The provided account is already a member of an organization.",
      );
    }
    if (FeatureSet !== "ALL") {
      throw ctx.error("InvalidInputException", "Only organizations with all features are supported.", {
        Reason: "INVALID_ENUM",
      });
    }
    const rootId = `r-${randomText(4, "lower36")}`;
    const organization: OrganizationRow = {
      id: `o-${randomText(10, "lower36")}`,
      managementAccount: ctx.account,
      managementEmail: `${ctx.account}@example.com`,
      rootId,
      createDate: ctx.clock.now(),
    };
    const { id } = organization;
    organizationRows.put(ctx.tx, [id], organization);
    nodes.put(ctx.tx, [id, rootId], {
      id: rootId,
      kind: "ROOT",
      arn: `${arnPrefix(organization)}root/${id}/${rootId}`,
      name: "Root",
      policies: { SERVICE_CONTROL_POLICY: [], RESOURCE_CONTROL_POLICY: [] },
      tags: {},
      enabled: [],
    });
    addMember(
      organization,
      { account: ctx.account, name: "management", email: organization.managementEmail },
      "INVITED",
      ctx,
    );
    return { Organization: describe(organization) };
  },
});

/** An account joins, under the root. */
export function addMember(
  organization: OrganizationRow,
  {
    account,
    name,
    email,
    tags = {},
  }: { account: string; name: string; email: string; tags?: Record<string, string> },
  joinedMethod: "CREATED" | "INVITED",
  ctx: Context,
  policiesOf = { SERVICE_CONTROL_POLICY: [] as string[], RESOURCE_CONTROL_POLICY: [] as string[] },
): void {
  const { id, rootId } = organization;
  const arn = `${arnPrefix(organization)}account/${id}/${account}`;
  members.put(ctx.tx, [account], {
    organization: id,
    account,
    arn,
    name,
    email,
    state: "ACTIVE",
    joinedMethod,
    joinedDate: ctx.clock.now(),
  });
  nodes.put(ctx.tx, [id, account], {
    id: account,
    kind: "ACCOUNT",
    arn,
    name,
    parent: rootId,
    policies: policiesOf,
    tags,
  });
  children.put(ctx.tx, [id, rootId, account], { kind: "ACCOUNT" });
}

/** Any member may ask. https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html */
export const describeOrganization = organizations.operation("DescribeOrganization", {
  access: onOrganization("DescribeOrganization"),
  async handle(_input, ctx) {
    return { Organization: describe((await inOrganization(ctx)).organization) };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganization.html */
export const deleteOrganization = organizations.operation("DeleteOrganization", {
  access: onOrganization("DeleteOrganization"),
  async handle(_input, ctx) {
    const { id, managementAccount } = await asManagement(ctx);
    const all = await nodes.list(ctx.tx, [id]);
    if (
      all.some(
        ({ row }) =>
          row.kind === "ORGANIZATIONAL_UNIT" || (row.kind === "ACCOUNT" && row.id !== managementAccount),
      )
    ) {
      throw ctx.error(
        "OrganizationNotEmptyException",
        "The organization still contains member accounts or organizational units.",
      );
    }
    const { tx } = ctx;
    for (const { key } of all) nodes.delete(tx, ...key);
    for (const { key } of await policies.list(tx, [id])) policies.delete(tx, ...key);
    for (const { key } of await creations.list(tx, [id])) creations.delete(tx, ...key);
    for (const { key } of await children.list(tx, [id])) children.delete(tx, ...key);
    for (const { key } of await attachments.list(tx, [id])) attachments.delete(tx, ...key);
    for (const { key } of await delegations.list(tx, [id])) delegations.delete(tx, ...key);
    for (const { key } of await serviceAccess.list(ctx.tx, [id])) serviceAccess.delete(ctx.tx, ...key);
    members.delete(ctx.tx, managementAccount);
    organizationRows.delete(ctx.tx, id);
    return {};
  },
});
