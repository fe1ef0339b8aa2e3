import type { PolicySummary } from "@aws-sdk/client-organizations";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { organizations } from "./contract.ts";
import { problemOf } from "./effective.ts";
import { managedPolicies } from "./managedPolicies.ts";
import { arnPrefix, asManagement, asReader, membershipOf, onOrganization } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { isGuardrail, isManagement, managementTypes, type PolicyType } from "./policyTypes.ts";
import { attachments, type OrganizationRow, type PolicyRow, policies } from "./tables.ts";
import { tagsOf } from "./tagRules.ts";

/** Guardrails, which the path enforces, and management policies, which are kept and merged. */

const maxGuardrailCharacters = 5_120;

type TypeErrors = "PolicyTypeNotAvailableForOrganizationException" | "InvalidInputException";

/** A type that is built, of an organization that may have policies. */
export function availableType(
  type: string,
  { billingOnly }: OrganizationRow,
  ctx: Context<TypeErrors>,
): PolicyType {
  if (!billingOnly && (isGuardrail(type) || isManagement(type))) return type;
  throw ctx.error(
    "PolicyTypeNotAvailableForOrganizationException",
    `Policies of type ${type} are not available for the organization.`,
  );
}

export function policyTail(type: string, id: string, { id: organization }: OrganizationRow): string {
  return `policy/${organization}/${type.toLowerCase()}/${id}`;
}

export async function findPolicy(
  organization: OrganizationRow,
  id: string,
  ctx: Context<"PolicyNotFoundException">,
): Promise<PolicyRow> {
  const policy = managedPolicies.get(id) ?? (await policies.get(ctx.tx, organization.id, id));
  if (policy === undefined)
    throw ctx.error("PolicyNotFoundException", "You specified a policy that doesn't exist.");
  return policy;
}

/** Access to a policy by its id; of one that does not exist, to an SCP of that id. */
export async function accessToPolicy(action: string, id: string, ctx: Context) {
  const membership = await membershipOf(ctx.account, ctx);
  if (membership === undefined)
    return { action: `organizations:${action}`, resource: "*", resourceAccount: ctx.account };
  const { organization } = membership;
  const policy = managedPolicies.get(id) ?? (await policies.get(ctx.tx, organization.id, id));
  const tail = policyTail(policy?.type ?? "SERVICE_CONTROL_POLICY", id, organization);
  return {
    action: `organizations:${action}`,
    resource: policy?.arn ?? `${arnPrefix(organization)}${tail}`,
    resourceAccount: ctx.account,
    context: { "organizations:PolicyType": policy?.type },
    ...(policy && { resourceTags: policy.tags }),
  };
}

export function policySummary({ id, arn, name, description, type, awsManaged }: PolicyRow): PolicySummary {
  return { Id: id, Arn: arn, Name: name, Description: description, Type: type, AwsManaged: awsManaged };
}

type ContentErrors = "MalformedPolicyDocumentException" | "ConstraintViolationException";

function checkContent(content: string, type: PolicyType, ctx: Context<ContentErrors>): void {
  if (!isWellFormed(content, type)) {
    throw ctx.error(
      "MalformedPolicyDocumentException",
      "The provided policy document does not meet the requirements of the specified policy type.",
    );
  }
  if (content.length > (isManagement(type) ? managementTypes[type].maxCharacters : maxGuardrailCharacters)) {
    throw ctx.error("ConstraintViolationException", "The policy content exceeds the maximum size.", {
      Reason: "POLICY_CONTENT_LIMIT_EXCEEDED",
    });
  }
}

function isWellFormed(content: string, type: PolicyType): boolean {
  if (isManagement(type)) return problemOf(content, managementTypes[type].setting) === undefined;
  try {
    parsePolicy(content, type === "SERVICE_CONTROL_POLICY" ? "scp" : "rcp");
    return true;
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    return false;
  }
}

async function checkName(
  organization: OrganizationRow,
  name: string,
  type: PolicyType,
  ctx: Context<"DuplicatePolicyException">,
): Promise<void> {
  const all = [
    ...managedPolicies.values(),
    ...(await policies.list(ctx.tx, [organization.id])).map(({ row }) => row),
  ];
  if (all.some((policy) => policy.name === name && policy.type === type)) {
    throw ctx.error("DuplicatePolicyException", "A policy with the same name already exists.");
  }
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html */
export const createPolicy = organizations.operation("CreatePolicy", {
  access: onOrganization("CreatePolicy", undefined, ({ Type, Tags }) => ({
    context: { "organizations:PolicyType": Type },
    requestTags: Tags,
  })),
  async handle({ Name, Description = "", Type, Content, Tags = [] }, ctx) {
    const organization = await asManagement(ctx);
    const type = availableType(Type, organization, ctx);
    checkContent(Content, type, ctx);
    await checkName(organization, Name, type, ctx);
    const id = `p-${randomText(8, "lower36")}`;
    const policy: PolicyRow = {
      id,
      arn: `${arnPrefix(organization)}${policyTail(type, id, organization)}`,
      name: Name,
      description: Description,
      type,
      content: Content,
      awsManaged: false,
      tags: tagsOf(Tags, {}, ctx),
    };
    policies.put(ctx.tx, [organization.id, id], policy);
    return { Policy: { PolicySummary: policySummary(policy), Content } };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribePolicy.html */
export const describePolicy = organizations.operation("DescribePolicy", {
  access: ({ PolicyId }, ctx) => accessToPolicy("DescribePolicy", PolicyId, ctx),
  async handle({ PolicyId }, ctx) {
    const policy = await findPolicy(await asReader(ctx), PolicyId, ctx);
    return { Policy: { PolicySummary: policySummary(policy), Content: policy.content } };
  },
});

/** A policy that is the organization's own: AWS's cannot be changed. */
async function findOwn(
  organization: OrganizationRow,
  id: string,
  ctx: Context<"PolicyNotFoundException" | "AccessDeniedException">,
): Promise<PolicyRow> {
  const policy = await findPolicy(organization, id, ctx);
  if (policy.awsManaged) {
    throw ctx.error("AccessDeniedException", "You don't have permissions to access this resource.");
  }
  return policy;
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_UpdatePolicy.html */
export const updatePolicy = organizations.operation("UpdatePolicy", {
  access: ({ PolicyId }, ctx) => accessToPolicy("UpdatePolicy", PolicyId, ctx),
  async handle({ PolicyId, Name, Description, Content }, ctx) {
    const organization = await asManagement(ctx);
    const policy = await findOwn(organization, PolicyId, ctx);
    if (Content !== undefined) checkContent(Content, policy.type, ctx);
    if (Name !== undefined && Name !== policy.name) await checkName(organization, Name, policy.type, ctx);
    const changed: PolicyRow = {
      ...policy,
      name: Name ?? policy.name,
      description: Description ?? policy.description,
      content: Content ?? policy.content,
    };
    policies.put(ctx.tx, [organization.id, PolicyId], changed);
    return { Policy: { PolicySummary: policySummary(changed), Content: changed.content } };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeletePolicy.html */
export const deletePolicy = organizations.operation("DeletePolicy", {
  access: ({ PolicyId }, ctx) => accessToPolicy("DeletePolicy", PolicyId, ctx),
  async handle({ PolicyId }, ctx) {
    const organization = await asManagement(ctx);
    await findOwn(organization, PolicyId, ctx);
    if ((await attachments.list(ctx.tx, [organization.id, PolicyId], { limit: 1 })).length > 0) {
      throw ctx.error(
        "PolicyInUseException",
        "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.",
      );
    }
    policies.delete(ctx.tx, organization.id, PolicyId);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPolicies.html */
export const listPolicies = organizations.operation("ListPolicies", {
  access: onOrganization("ListPolicies", undefined, ({ Filter }) => ({
    context: { "organizations:PolicyType": Filter },
  })),
  async handle({ Filter, ...page }, ctx) {
    const organization = await asReader(ctx);
    const own = (await policies.list(ctx.tx, [organization.id])).map(({ row }) => row);
    const all = [...managedPolicies.values(), ...own].filter(({ type }) => type === Filter);
    const { items, end } = pageOfRows(all, page, ctx);
    return { Policies: items.map(policySummary), ...end };
  },
});
