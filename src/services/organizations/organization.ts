import type { Organization } from "@aws-sdk/client-organizations";
import { randomText } from "../../kit/ids.ts";
import { organizations } from "./contract.ts";
import { cancelAll } from "./handshakes.ts";
import { join } from "./joining.ts";
import { arnPrefix, asManagement, inOrganization, membershipOf, onOrganization } from "./membership.ts";
import { guardrailTypes } from "./policyTypes.ts";
import { ensureOwnRole } from "./serviceRole.ts";
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
    FeatureSet: organization.billingOnly ? "CONSOLIDATED_BILLING" : "ALL",
    MasterAccountArn: `${arnPrefix(organization)}account/${id}/${managementAccount}`,
    MasterAccountId: managementAccount,
    MasterAccountEmail: managementEmail,
    AvailablePolicyTypes: organization.billingOnly
      ? []
      : guardrailTypes.map((Type) => ({ Type, Status: "ENABLED" })),
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
    const rootId = `r-${randomText(4, "lower36")}`;
    const organization: OrganizationRow = {
      id: `o-${randomText(10, "lower36")}`,
      managementAccount: ctx.account,
      managementEmail: `${ctx.account}@example.com`,
      rootId,
      createDate: ctx.clock.now(),
      ...(FeatureSet === "CONSOLIDATED_BILLING" && { billingOnly: true }),
    };
    const { id } = organization;
    if (!organization.billingOnly) await ensureOwnRole(ctx);
    organizationRows.put(ctx.tx, [id], organization);
    nodes.put(ctx.tx, [id, rootId], {
      id: rootId,
      kind: "ROOT",
      arn: `${arnPrefix(organization)}root/${id}/${rootId}`,
      name: "Root",
      policies: {},
      tags: {},
      enabled: [],
    });
    const management = { account: ctx.account, name: "management", email: organization.managementEmail };
    await join(organization, management, "INVITED", ctx);
    return { Organization: describe(organization) };
  },
});

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
    for (const { key } of await serviceAccess.list(tx, [id])) serviceAccess.delete(tx, ...key);
    await cancelAll(id, ctx);
    members.delete(ctx.tx, managementAccount);
    organizationRows.delete(ctx.tx, id);
    return {};
  },
});
