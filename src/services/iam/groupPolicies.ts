import { iam } from "./contract.ts";
import { findGroup, groupAccess, groupPolicyAccess, saveGroup } from "./groups.ts";
import {
  attachedPolicies,
  inlineDocument,
  inlineNames,
  withAttached,
  withInline,
  withoutAttached,
  withoutInline,
} from "./holders.ts";
import { onGroup } from "./shared.ts";

/** Policies of groups. */

const holder = (name: string) => ({ kind: "group" as const, name: name.toLowerCase() });

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html */
export const putGroupPolicy = iam.operation("PutGroupPolicy", {
  access: ({ GroupName }, ctx) => groupPolicyAccess("PutGroupPolicy", GroupName, ctx),
  async handle({ GroupName, PolicyName, PolicyDocument }, ctx) {
    const group = await findGroup(GroupName, ctx);
    saveGroup(
      withInline(group, { kind: "group", shownName: group.groupName }, PolicyName, PolicyDocument, ctx),
      ctx,
    );
    return {};
  },
  record: { resources: onGroup },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroupPolicy.html */
export const getGroupPolicy = iam.operation("GetGroupPolicy", {
  access: ({ GroupName }, ctx) => groupAccess("GetGroupPolicy", GroupName, ctx),
  async handle({ GroupName, PolicyName }, ctx) {
    const group = await findGroup(GroupName, ctx);
    const PolicyDocument = inlineDocument(group, "group", PolicyName, ctx);
    return { GroupName: group.groupName, PolicyName, PolicyDocument };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroupPolicy.html */
export const deleteGroupPolicy = iam.operation("DeleteGroupPolicy", {
  access: ({ GroupName }, ctx) => groupPolicyAccess("DeleteGroupPolicy", GroupName, ctx),
  async handle({ GroupName, PolicyName }, ctx) {
    saveGroup(withoutInline(await findGroup(GroupName, ctx), "group", PolicyName, ctx), ctx);
    return {};
  },
  record: { resources: onGroup },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupPolicies.html */
export const listGroupPolicies = iam.operation("ListGroupPolicies", {
  access: ({ GroupName }, ctx) => groupAccess("ListGroupPolicies", GroupName, ctx),
  handle: async ({ GroupName, ...page }, ctx) => inlineNames(await findGroup(GroupName, ctx), page, ctx),
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html */
export const attachGroupPolicy = iam.operation("AttachGroupPolicy", {
  access: ({ GroupName, PolicyArn }, ctx) =>
    groupPolicyAccess("AttachGroupPolicy", GroupName, ctx, PolicyArn),
  async handle({ GroupName, PolicyArn }, ctx) {
    const group = await findGroup(GroupName, ctx);
    saveGroup(await withAttached(group, holder(GroupName), PolicyArn, ctx), ctx);
    return {};
  },
  record: { resources: onGroup },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachGroupPolicy.html */
export const detachGroupPolicy = iam.operation("DetachGroupPolicy", {
  access: ({ GroupName, PolicyArn }, ctx) =>
    groupPolicyAccess("DetachGroupPolicy", GroupName, ctx, PolicyArn),
  async handle({ GroupName, PolicyArn }, ctx) {
    const group = await findGroup(GroupName, ctx);
    saveGroup(withoutAttached(group, holder(GroupName), PolicyArn, ctx), ctx);
    return {};
  },
  record: { resources: onGroup },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedGroupPolicies.html */
export const listAttachedGroupPolicies = iam.operation("ListAttachedGroupPolicies", {
  access: ({ GroupName }, ctx) => groupAccess("ListAttachedGroupPolicies", GroupName, ctx),
  handle: async ({ GroupName, ...page }, ctx) => attachedPolicies(await findGroup(GroupName, ctx), page, ctx),
});
