import type { Policy } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOfList } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { checkDocument, sizeOf } from "./documents.ts";
import { allManagedPolicies, type ManagedPolicy, managedPolicy } from "./managedPolicies.ts";
import { checkPolicyArn, countUses, partnerPolicy, type UseCounts, usesOf } from "./policyUses.ts";
import { countOneLess, countOneMore, overQuota, quotas } from "./quotas.ts";
import { lastPart, onPolicy, paged, seconds } from "./shared.ts";
import { type PolicyRow, policies } from "./tables.ts";
import { shownTags, taggedResource, withTags } from "./tags.ts";

export function policyArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:policy${path}${name}`;
}

/** What a call on a policy must be allowed to do. */
export async function policyAccess(action: string, arn: string, ctx: Context): Promise<Access> {
  const policy = await ownPolicy(arn, ctx);
  return {
    action: `iam:${action}`,
    resource: arn,
    shownAs: `policy ${arn}`,
    ...(policy && taggedResource(policy.tags)),
  };
}

/** Reading is open for the policies of AWS and of partners, too: they belong to no account. */
export async function policyReadAccess(action: string, arn: string, ctx: Context): Promise<Access> {
  const access = await policyAccess(action, arn, ctx);
  const isOfAll = managedPolicy(arn) !== undefined || (await partnerPolicy(arn, ctx)) !== undefined;
  return isOfAll ? { ...access, resourceAccount: ctx.account } : access;
}

async function ownPolicy(arn: string, { tx, account }: Context): Promise<PolicyRow | undefined> {
  const row = await policies.get(tx, account, lastPart(arn).toLowerCase());
  return row?.arn === arn ? row : undefined;
}

export function noPolicy(arn: string, ctx: Context<"NoSuchEntityException">) {
  return ctx.error("NoSuchEntityException", `Policy ${arn} was not found.`);
}

/** A policy of the account, or NoSuchEntity. */
export async function findOwnPolicy(arn: string, ctx: Context<"NoSuchEntityException">): Promise<PolicyRow> {
  checkPolicyArn(arn, ctx);
  const row = await ownPolicy(arn, ctx);
  if (row === undefined) throw noPolicy(arn, ctx);
  return row;
}

/** A policy that the account may read, or NoSuchEntity. */
export async function findReadablePolicy(
  arn: string,
  ctx: Context<"NoSuchEntityException">,
): Promise<PolicyRow> {
  return (await partnerPolicy(arn, ctx)) ?? (await findOwnPolicy(arn, ctx));
}

export function savePolicy(policy: PolicyRow, ctx: Context): void {
  policies.put(ctx.tx, [ctx.account, policy.policyName.toLowerCase()], policy);
}

/** A policy of the account or of AWS, as listings show it. */
export function listedPolicy(policy: PolicyRow | ManagedPolicy, uses: UseCounts | undefined): Policy {
  const isOwn = "policyName" in policy;
  const path = policy.arn.slice(policy.arn.indexOf(":policy/") + 7, -lastPart(policy.arn).length);
  return {
    PolicyName: lastPart(policy.arn),
    PolicyId: policy.policyId,
    Arn: policy.arn,
    Path: path,
    DefaultVersionId: isOwn ? policy.defaultVersion : policy.versionId,
    AttachmentCount: uses?.attached ?? 0,
    PermissionsBoundaryUsageCount: uses?.boundary ?? 0,
    IsAttachable: true,
    CreateDate: seconds(policy.createDate),
    UpdateDate: seconds(policy.updateDate),
  };
}

export function checkManagedDocument(
  document: string,
  ctx: Context<"MalformedPolicyDocumentException" | "LimitExceededException">,
): void {
  checkDocument(document, "identity", ctx, { requireCurrentVersion: true });
  if (sizeOf(document) > quotas.PolicySize) throw overQuota("PolicySize", quotas.PolicySize, ctx);
}

/** Makes a customer managed policy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html */
export const createPolicy = iam.operation("CreatePolicy", {
  access: ({ PolicyName, Path = "/", Tags }, ctx) => ({
    action: "iam:CreatePolicy",
    resource: policyArn(ctx.account, Path, PolicyName),
    shownAs: `policy ${PolicyName}`,
    requestTags: Tags,
  }),
  async handle({ PolicyName, Path = "/", PolicyDocument, Description, Tags = [] }, ctx) {
    checkManagedDocument(PolicyDocument, ctx);
    if ((await policies.get(ctx.tx, ctx.account, PolicyName.toLowerCase())) !== undefined) {
      throw ctx.error(
        "EntityAlreadyExistsException",
        `A policy called ${PolicyName} already exists. Duplicate names are not allowed.`,
      );
    }
    await countOneMore("policies", ctx);
    const createDate = ctx.clock.now();
    const policy: PolicyRow = {
      policyName: PolicyName,
      policyId: uniqueId("ANPA"),
      path: Path,
      arn: policyArn(ctx.account, Path, PolicyName),
      createDate,
      updateDate: createDate,
      defaultVersion: "v1",
      versions: { v1: { document: PolicyDocument, createDate } },
      nextVersion: 2,
      tags: withTags({}, Tags, "exact", ctx),
      ...(Description !== undefined && { description: Description }),
    };
    savePolicy(policy, ctx);
    const shown = listedPolicy(policy, undefined);
    return { Policy: { ...shown, ...(Tags.length > 0 && { Tags: shownTags(policy.tags) }) } };
  },
  record: {
    resources: (_, output) => onPolicy({ PolicyArn: output?.Policy?.Arn }),
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html */
export const getPolicy = iam.operation("GetPolicy", {
  access: ({ PolicyArn }, ctx) => policyReadAccess("GetPolicy", PolicyArn, ctx),
  async handle({ PolicyArn }, ctx) {
    const policy = managedPolicy(PolicyArn) ?? (await findReadablePolicy(PolicyArn, ctx));
    const uses = await usesOf(PolicyArn, ctx);
    const boundary = uses.filter(({ usage }) => usage === "boundary").length;
    const tags = "tags" in policy ? policy.tags : {};
    return {
      Policy: {
        ...listedPolicy(policy, { attached: uses.length - boundary, boundary }),
        ...("description" in policy &&
          policy.description !== undefined && { Description: policy.description }),
        Tags: shownTags(tags),
      },
    };
  },
});

/** The account's policies and AWS's. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html */
export const listPolicies = iam.operation("ListPolicies", {
  access: ({ PathPrefix = "/" }) => ({
    action: "iam:ListPolicies",
    resource: "*",
    shownAs: `policy path ${PathPrefix}`,
  }),
  async handle({ Scope = "All", OnlyAttached, PathPrefix = "/", PolicyUsageFilter, ...page }, ctx) {
    const uses = await countUses(ctx);
    const own = Scope === "AWS" ? [] : (await policies.list(ctx.tx, [ctx.account])).map(({ row }) => row);
    const all = [...own, ...(Scope === "Local" ? [] : allManagedPolicies())];
    const isListed = ({ arn }: PolicyRow | ManagedPolicy) => {
      const { attached, boundary } = uses.get(arn) ?? { attached: 0, boundary: 0 };
      if (OnlyAttached && attached + boundary === 0) return false;
      if (PolicyUsageFilter === "PermissionsPolicy" && attached === 0) return false;
      if (PolicyUsageFilter === "PermissionsBoundary" && boundary === 0) return false;
      return arn.startsWith(PathPrefix, arn.indexOf(":policy/") + 7);
    };
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList(all.filter(isListed), limit, marker),
      (policy) => listedPolicy(policy, uses.get(policy.arn)),
    );
    return { Policies: items, ...truncation };
  },
});

/** Deletes a policy that nobody uses. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html */
export const deletePolicy = iam.operation("DeletePolicy", {
  access: ({ PolicyArn }, ctx) => policyAccess("DeletePolicy", PolicyArn, ctx),
  async handle({ PolicyArn }, ctx) {
    const policy = await findOwnPolicy(PolicyArn, ctx);
    if ((await usesOf(PolicyArn, ctx)).length > 0) {
      throw ctx.error("DeleteConflictException", "Cannot delete a policy attached to entities.");
    }
    if (Object.keys(policy.versions).length > 1) {
      throw ctx.error(
        "DeleteConflictException",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    policies.delete(ctx.tx, ctx.account, policy.policyName.toLowerCase());
    await countOneLess("policies", ctx);
    return {};
  },
  record: { resources: onPolicy },
});
