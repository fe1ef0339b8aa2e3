import type { PolicyVersion } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { managedPolicy, managedPolicyDocument } from "./managedPolicies.ts";
import {
  checkManagedDocument,
  findOwnPolicy,
  findReadablePolicy,
  policyAccess,
  policyReadAccess,
  savePolicy,
} from "./policies.ts";
import { checkPolicyArn } from "./policyUses.ts";
import { quotas } from "./quotas.ts";
import { encoded, onPolicy, paged, seconds } from "./shared.ts";
import type { PolicyRow } from "./tables.ts";

/** Versions of managed policies; of AWS's policies only the present one is kept. */

function noVersion(arn: string, version: string, ctx: Context<"NoSuchEntityException">) {
  return ctx.error(
    "NoSuchEntityException",
    `Policy ${arn} version ${version} does not exist or is not attachable.`,
  );
}

function versionOf(
  policy: PolicyRow,
  id: string,
  ctx: Context<"NoSuchEntityException">,
): PolicyRow["versions"][string] {
  const version = Object.hasOwn(policy.versions, id) ? policy.versions[id] : undefined;
  if (version === undefined) throw noVersion(policy.arn, id, ctx);
  return version;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html */
export const createPolicyVersion = iam.operation("CreatePolicyVersion", {
  access: ({ PolicyArn }, ctx) => policyAccess("CreatePolicyVersion", PolicyArn, ctx),
  async handle({ PolicyArn, PolicyDocument, SetAsDefault = false }, ctx) {
    const policy = await findOwnPolicy(PolicyArn, ctx);
    checkManagedDocument(PolicyDocument, ctx);
    if (Object.keys(policy.versions).length >= quotas.VersionsPerPolicy) {
      throw ctx.error(
        "LimitExceededException",
        `A managed policy can have up to ${quotas.VersionsPerPolicy} versions. Before you create a new version, you must delete an existing version.`,
      );
    }
    const id = `v${policy.nextVersion}`;
    const createDate = ctx.clock.now();
    savePolicy(
      {
        ...policy,
        versions: { ...policy.versions, [id]: { document: PolicyDocument, createDate } },
        nextVersion: policy.nextVersion + 1,
        updateDate: createDate,
        ...(SetAsDefault && { defaultVersion: id }),
      },
      ctx,
    );
    return {
      PolicyVersion: { VersionId: id, IsDefaultVersion: SetAsDefault, CreateDate: seconds(createDate) },
    };
  },
  record: { resources: onPolicy },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html */
export const getPolicyVersion = iam.operation("GetPolicyVersion", {
  access: ({ PolicyArn }, ctx) => policyReadAccess("GetPolicyVersion", PolicyArn, ctx),
  async handle({ PolicyArn, VersionId }, ctx) {
    checkPolicyArn(PolicyArn, ctx);
    const managed = managedPolicy(PolicyArn);
    if (managed !== undefined) {
      if (managed.versionId !== VersionId) throw noVersion(PolicyArn, VersionId, ctx);
      return {
        PolicyVersion: {
          Document: encoded(managedPolicyDocument(PolicyArn) ?? ""),
          VersionId,
          IsDefaultVersion: true,
          CreateDate: seconds(managed.updateDate),
        },
      };
    }
    const policy = await findReadablePolicy(PolicyArn, ctx);
    const { document, createDate } = versionOf(policy, VersionId, ctx);
    return {
      PolicyVersion: {
        Document: encoded(document),
        VersionId,
        IsDefaultVersion: policy.defaultVersion === VersionId,
        CreateDate: seconds(createDate),
      },
    };
  },
});

/** Newest first. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html */
export const listPolicyVersions = iam.operation("ListPolicyVersions", {
  access: ({ PolicyArn }, ctx) => policyReadAccess("ListPolicyVersions", PolicyArn, ctx),
  async handle({ PolicyArn, ...page }, ctx) {
    const managed = managedPolicy(PolicyArn);
    const versions: PolicyVersion[] = managed
      ? [{ VersionId: managed.versionId, IsDefaultVersion: true, CreateDate: seconds(managed.updateDate) }]
      : shownVersions(await findOwnPolicy(PolicyArn, ctx));
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList(versions, limit, marker),
      (version) => version,
    );
    return { Versions: items, ...truncation };
  },
});

/** All versions, newest first, without their documents. */
export function shownVersions({ versions, defaultVersion }: PolicyRow): PolicyVersion[] {
  return Object.entries(versions)
    .sort(([a], [b]) => Number(b.slice(1)) - Number(a.slice(1)))
    .map(([id, { createDate }]) => ({
      VersionId: id,
      IsDefaultVersion: id === defaultVersion,
      CreateDate: seconds(createDate),
    }));
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html */
export const deletePolicyVersion = iam.operation("DeletePolicyVersion", {
  access: ({ PolicyArn }, ctx) => policyAccess("DeletePolicyVersion", PolicyArn, ctx),
  async handle({ PolicyArn, VersionId }, ctx) {
    const policy = await findOwnPolicy(PolicyArn, ctx);
    versionOf(policy, VersionId, ctx);
    if (policy.defaultVersion === VersionId) {
      throw ctx.error("DeleteConflictException", "Cannot delete the default version of a policy.");
    }
    const { [VersionId]: _, ...versions } = policy.versions;
    savePolicy({ ...policy, versions, updateDate: ctx.clock.now() }, ctx);
    return {};
  },
  record: { resources: onPolicy },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html */
export const setDefaultPolicyVersion = iam.operation("SetDefaultPolicyVersion", {
  access: ({ PolicyArn }, ctx) => policyAccess("SetDefaultPolicyVersion", PolicyArn, ctx),
  async handle({ PolicyArn, VersionId }, ctx) {
    const policy = await findOwnPolicy(PolicyArn, ctx);
    versionOf(policy, VersionId, ctx);
    savePolicy({ ...policy, defaultVersion: VersionId, updateDate: ctx.clock.now() }, ctx);
    return {};
  },
  record: { resources: onPolicy },
});
