import type { Context } from "../../kit/context.ts";
import { organizations } from "./contract.ts";
import { fullAccess, managedPolicies, standingPolicies } from "./managedPolicies.ts";
import { asManagement, asReader, findNode, onNode } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { accessToPolicy, availableType, findPolicy, policySummary } from "./policies.ts";
import { isManagement, managementTypes, type PolicyType } from "./policyTypes.ts";
import { attachments, type NodeRow, nodes, type OrganizationRow, policies } from "./tables.ts";
import { saveNode } from "./units.ts";

/** Where policies are in force. */

const maxGuardrailsPerTarget = 5;

function maxPerTarget(type: PolicyType): number {
  return isManagement(type) ? managementTypes[type].maxPerTarget : maxGuardrailsPerTarget;
}

export async function findTarget(
  organization: OrganizationRow,
  id: string,
  ctx: Context<"TargetNotFoundException">,
): Promise<NodeRow> {
  const node = await findNode(organization, id, ctx);
  if (node === undefined)
    throw ctx.error("TargetNotFoundException", "You specified a target that doesn't exist.");
  return node;
}

function withPolicies(node: NodeRow, type: PolicyType, ids: string[]): NodeRow {
  return { ...node, policies: { ...node.policies, [type]: ids } };
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html */
export const attachPolicy = organizations.operation("AttachPolicy", {
  access: async (input, ctx) => [
    await accessToPolicy("AttachPolicy", input.PolicyId, ctx),
    await onNode<typeof input>("AttachPolicy", ({ TargetId }) => TargetId)(input, ctx),
  ],
  async handle({ PolicyId, TargetId }, ctx) {
    const organization = await asManagement(ctx);
    const { type } = await findPolicy(organization, PolicyId, ctx);
    const node = await findTarget(organization, TargetId, ctx);
    const root = await findNode(organization, organization.rootId, ctx);
    if (!root?.enabled?.includes(type)) {
      throw ctx.error("PolicyTypeNotEnabledException", "The specified policy type isn't enabled.");
    }
    const held = node.policies[type] ?? [];
    if (held.includes(PolicyId)) {
      throw ctx.error(
        "DuplicatePolicyAttachmentException",
        "A policy with the specified name and type already exists.",
      );
    }
    if (held.length >= maxPerTarget(type)) {
      throw ctx.error("ConstraintViolationException", "You have attached the maximum number of policies.", {
        Reason: "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
      });
    }
    saveNode(organization, withPolicies(node, type, [...held, PolicyId]), ctx);
    attachments.put(ctx.tx, [organization.id, PolicyId, TargetId], {});
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DetachPolicy.html */
export const detachPolicy = organizations.operation("DetachPolicy", {
  access: async (input, ctx) => [
    await accessToPolicy("DetachPolicy", input.PolicyId, ctx),
    await onNode<typeof input>("DetachPolicy", ({ TargetId }) => TargetId)(input, ctx),
  ],
  async handle({ PolicyId, TargetId }, ctx) {
    const organization = await asManagement(ctx);
    const { type } = await findPolicy(organization, PolicyId, ctx);
    const node = await findTarget(organization, TargetId, ctx);
    const held = node.policies[type] ?? [];
    if (!held.includes(PolicyId)) {
      throw ctx.error(
        "PolicyNotAttachedException",
        "The policy isn't attached to the specified target in the specified root.",
      );
    }
    const isLastScp = type === "SERVICE_CONTROL_POLICY" && held.length === 1;
    if (isLastScp || PolicyId === fullAccess.RESOURCE_CONTROL_POLICY) {
      throw ctx.error(
        "ConstraintViolationException",
        "You can't remove the last policy of this type from the target.",
        {
          Reason: "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        },
      );
    }
    saveNode(
      organization,
      withPolicies(
        node,
        type,
        held.filter((id) => id !== PolicyId),
      ),
      ctx,
    );
    attachments.delete(ctx.tx, organization.id, PolicyId, TargetId);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html */
export const listPoliciesForTarget = organizations.operation("ListPoliciesForTarget", {
  access: onNode(
    "ListPoliciesForTarget",
    ({ TargetId }) => TargetId,
    ({ Filter }) => ({
      context: { "organizations:PolicyType": Filter },
    }),
  ),
  async handle({ TargetId, Filter, ...page }, ctx) {
    const organization = await asReader(ctx);
    const node = await findTarget(organization, TargetId, ctx);
    const ids = node.policies[Filter as PolicyType] ?? [];
    const rows = await Promise.all(
      ids.map(async (id) => managedPolicies.get(id) ?? (await policies.get(ctx.tx, organization.id, id))),
    );
    const { items, end } = pageOfRows(
      rows.filter((row) => row !== undefined),
      page,
      ctx,
    );
    return { Policies: items.map(policySummary), ...end };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTargetsForPolicy.html */
export const listTargetsForPolicy = organizations.operation("ListTargetsForPolicy", {
  access: ({ PolicyId }, ctx) => accessToPolicy("ListTargetsForPolicy", PolicyId, ctx),
  async handle({ PolicyId, ...page }, ctx) {
    const organization = await asReader(ctx);
    await findPolicy(organization, PolicyId, ctx);
    const rows = await attachments.list(ctx.tx, [organization.id, PolicyId]);
    const found = await Promise.all(rows.map(({ key }) => findNode(organization, key[2], ctx)));
    const { items, end } = pageOfRows(
      found.filter((node) => node !== undefined),
      page,
      ctx,
    );
    return {
      Targets: items.map(({ id, arn, name, kind }) => ({ TargetId: id, Arn: arn, Name: name, Type: kind })),
      ...end,
    };
  },
});

type RootErrors = "RootNotFoundException";

async function findRoot(
  organization: OrganizationRow,
  id: string,
  ctx: Context<RootErrors>,
): Promise<NodeRow> {
  const node = id === organization.rootId ? await findNode(organization, id, ctx) : undefined;
  if (node === undefined)
    throw ctx.error("RootNotFoundException", "You specified a root that doesn't exist.");
  return node;
}

function describeRoot({ id, arn, name, enabled = [] }: NodeRow) {
  return {
    Root: {
      Id: id,
      Arn: arn,
      Name: name,
      PolicyTypes: enabled.map((Type) => ({ Type, Status: "ENABLED" as const })),
    },
  };
}

/** Puts a type in force: of guardrails, everything gets the policy that allows all. https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnablePolicyType.html */
export const enablePolicyType = organizations.operation("EnablePolicyType", {
  access: onNode(
    "EnablePolicyType",
    ({ RootId }) => RootId,
    ({ PolicyType }) => ({
      context: { "organizations:PolicyType": PolicyType },
    }),
  ),
  async handle({ RootId, PolicyType }, ctx) {
    const organization = await asManagement(ctx);
    const root = await findRoot(organization, RootId, ctx);
    const type = availableType(PolicyType, organization, ctx);
    if (root.enabled?.includes(type)) {
      throw ctx.error("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.");
    }
    const { ids } = standingPolicies([type]);
    for (const { row } of await nodes.list(ctx.tx, [organization.id])) {
      saveNode(organization, withPolicies(row, type, ids), ctx);
      for (const id of ids) attachments.put(ctx.tx, [organization.id, id, row.id], {});
    }
    const enabled: NodeRow = {
      ...withPolicies(root, type, ids),
      enabled: [...(root.enabled ?? []), type],
    };
    saveNode(organization, enabled, ctx);
    return describeRoot(enabled);
  },
});

/** All attachments of the type go with it. https://docs.aws.amazon.com/organizations/latest/APIReference/API_DisablePolicyType.html */
export const disablePolicyType = organizations.operation("DisablePolicyType", {
  access: onNode(
    "DisablePolicyType",
    ({ RootId }) => RootId,
    ({ PolicyType }) => ({
      context: { "organizations:PolicyType": PolicyType },
    }),
  ),
  async handle({ RootId, PolicyType }, ctx) {
    const organization = await asManagement(ctx);
    const root = await findRoot(organization, RootId, ctx);
    const type = root.enabled?.find((one) => one === PolicyType);
    if (type === undefined) {
      throw ctx.error("PolicyTypeNotEnabledException", "The specified policy type isn't enabled.");
    }
    for (const { row } of await nodes.list(ctx.tx, [organization.id])) {
      for (const id of row.policies[type] ?? []) attachments.delete(ctx.tx, organization.id, id, row.id);
      saveNode(organization, withPolicies(row, type, []), ctx);
    }
    const disabled: NodeRow = {
      ...withPolicies(root, type, []),
      enabled: (root.enabled ?? []).filter((one) => one !== type),
    };
    saveNode(organization, disabled, ctx);
    return describeRoot(disabled);
  },
});
