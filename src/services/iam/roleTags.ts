import { iam } from "./contract.ts";
import { findRole, roleAccess, saveRole } from "./roles.ts";
import { onRole } from "./shared.ts";
import { listedTags, tagKeys, withoutTags, withTags } from "./tags.ts";

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html */
export const tagRole = iam.operation("TagRole", {
  access: async ({ RoleName, Tags }, ctx) => ({
    ...(await roleAccess("TagRole", RoleName, ctx)),
    requestTags: Tags,
  }),
  async handle({ RoleName, Tags }, ctx) {
    const role = await findRole(RoleName, ctx);
    saveRole({ ...role, tags: withTags(role.tags, Tags, "caseless", ctx) }, ctx);
    return {};
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html */
export const untagRole = iam.operation("UntagRole", {
  access: async ({ RoleName, TagKeys }, ctx) => ({
    ...(await roleAccess("UntagRole", RoleName, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ RoleName, TagKeys }, ctx) {
    const role = await findRole(RoleName, ctx);
    saveRole({ ...role, tags: withoutTags(role.tags, TagKeys, "caseless") }, ctx);
    return {};
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html */
export const listRoleTags = iam.operation("ListRoleTags", {
  access: ({ RoleName }, ctx) => roleAccess("ListRoleTags", RoleName, ctx),
  handle: async ({ RoleName, ...page }, ctx) => listedTags((await findRole(RoleName, ctx)).tags, page, ctx),
});
