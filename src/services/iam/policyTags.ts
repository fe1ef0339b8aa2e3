import { iam } from "./contract.ts";
import { managedPolicy } from "./managedPolicies.ts";
import { findOwnPolicy, policyAccess, policyReadAccess, savePolicy } from "./policies.ts";
import { onPolicy } from "./shared.ts";
import { listedTags, tagKeys, withoutTags, withTags } from "./tags.ts";

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html */
export const tagPolicy = iam.operation("TagPolicy", {
  access: async ({ PolicyArn, Tags }, ctx) => ({
    ...(await policyAccess("TagPolicy", PolicyArn, ctx)),
    requestTags: Tags,
  }),
  async handle({ PolicyArn, Tags }, ctx) {
    const policy = await findOwnPolicy(PolicyArn, ctx);
    savePolicy({ ...policy, tags: withTags(policy.tags, Tags, "exact", ctx) }, ctx);
    return {};
  },
  record: { resources: onPolicy },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html */
export const untagPolicy = iam.operation("UntagPolicy", {
  access: async ({ PolicyArn, TagKeys }, ctx) => ({
    ...(await policyAccess("UntagPolicy", PolicyArn, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ PolicyArn, TagKeys }, ctx) {
    const policy = await findOwnPolicy(PolicyArn, ctx);
    savePolicy({ ...policy, tags: withoutTags(policy.tags, TagKeys, "exact") }, ctx);
    return {};
  },
  record: { resources: onPolicy },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html */
export const listPolicyTags = iam.operation("ListPolicyTags", {
  access: ({ PolicyArn }, ctx) => policyReadAccess("ListPolicyTags", PolicyArn, ctx),
  async handle({ PolicyArn, ...page }, ctx) {
    const isManaged = managedPolicy(PolicyArn) !== undefined;
    return listedTags(isManaged ? {} : (await findOwnPolicy(PolicyArn, ctx)).tags, page, ctx);
  },
});
