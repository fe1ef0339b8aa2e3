import { iam } from "./contract.ts";
import {
  attachedPolicies,
  inlineDocument,
  inlineNames,
  withAttached,
  withInline,
  withoutAttached,
  withoutInline,
} from "./holders.ts";
import { onUser } from "./shared.ts";
import { findUser, saveUser, userAccess, userPolicyAccess } from "./users.ts";

/** Policies of users. */

const holder = (name: string) => ({ kind: "user" as const, name: name.toLowerCase() });

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html */
export const putUserPolicy = iam.operation("PutUserPolicy", {
  access: ({ UserName }, ctx) => userPolicyAccess("PutUserPolicy", UserName, ctx),
  async handle({ UserName, PolicyName, PolicyDocument }, ctx) {
    const user = await findUser(UserName, ctx);
    saveUser(
      withInline(user, { kind: "user", shownName: user.userName }, PolicyName, PolicyDocument, ctx),
      ctx,
    );
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html */
export const getUserPolicy = iam.operation("GetUserPolicy", {
  access: ({ UserName }, ctx) => userAccess("GetUserPolicy", UserName, ctx),
  async handle({ UserName, PolicyName }, ctx) {
    const user = await findUser(UserName, ctx);
    const PolicyDocument = inlineDocument(user, "user", PolicyName, ctx);
    return { UserName: user.userName, PolicyName, PolicyDocument };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html */
export const deleteUserPolicy = iam.operation("DeleteUserPolicy", {
  access: ({ UserName }, ctx) => userPolicyAccess("DeleteUserPolicy", UserName, ctx),
  async handle({ UserName, PolicyName }, ctx) {
    saveUser(withoutInline(await findUser(UserName, ctx), "user", PolicyName, ctx), ctx);
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html */
export const listUserPolicies = iam.operation("ListUserPolicies", {
  access: ({ UserName }, ctx) => userAccess("ListUserPolicies", UserName, ctx),
  handle: async ({ UserName, ...page }, ctx) => inlineNames(await findUser(UserName, ctx), page, ctx),
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html */
export const attachUserPolicy = iam.operation("AttachUserPolicy", {
  access: ({ UserName, PolicyArn }, ctx) => userPolicyAccess("AttachUserPolicy", UserName, ctx, PolicyArn),
  async handle({ UserName, PolicyArn }, ctx) {
    const user = await findUser(UserName, ctx);
    saveUser(await withAttached(user, holder(UserName), PolicyArn, ctx), ctx);
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html */
export const detachUserPolicy = iam.operation("DetachUserPolicy", {
  access: ({ UserName, PolicyArn }, ctx) => userPolicyAccess("DetachUserPolicy", UserName, ctx, PolicyArn),
  async handle({ UserName, PolicyArn }, ctx) {
    const user = await findUser(UserName, ctx);
    saveUser(withoutAttached(user, holder(UserName), PolicyArn, ctx), ctx);
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html */
export const listAttachedUserPolicies = iam.operation("ListAttachedUserPolicies", {
  access: ({ UserName }, ctx) => userAccess("ListAttachedUserPolicies", UserName, ctx),
  handle: async ({ UserName, ...page }, ctx) => attachedPolicies(await findUser(UserName, ctx), page, ctx),
});
