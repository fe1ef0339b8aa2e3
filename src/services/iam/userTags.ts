import { iam } from "./contract.ts";
import { onUser } from "./shared.ts";
import { listedTags, tagKeys, withoutTags, withTags } from "./tags.ts";
import { findUser, saveUser, userAccess } from "./users.ts";

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html */
export const tagUser = iam.operation("TagUser", {
  access: async ({ UserName, Tags }, ctx) => ({
    ...(await userAccess("TagUser", UserName, ctx)),
    requestTags: Tags,
  }),
  async handle({ UserName, Tags }, ctx) {
    const user = await findUser(UserName, ctx);
    saveUser({ ...user, tags: withTags(user.tags, Tags, "caseless", ctx) }, ctx);
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html */
export const untagUser = iam.operation("UntagUser", {
  access: async ({ UserName, TagKeys }, ctx) => ({
    ...(await userAccess("UntagUser", UserName, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ UserName, TagKeys }, ctx) {
    const user = await findUser(UserName, ctx);
    saveUser({ ...user, tags: withoutTags(user.tags, TagKeys, "caseless") }, ctx);
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserTags.html */
export const listUserTags = iam.operation("ListUserTags", {
  access: ({ UserName }, ctx) => userAccess("ListUserTags", UserName, ctx),
  handle: async ({ UserName, ...page }, ctx) => listedTags((await findUser(UserName, ctx)).tags, page, ctx),
});
