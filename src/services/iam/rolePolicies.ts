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
import { findModifiableRole, findRole, roleAccess, rolePolicyAccess, saveRole } from "./roles.ts";
import { onRole } from "./shared.ts";

/** Policies of roles. */

const holder = (name: string) => ({ kind: "role" as const, name: name.toLowerCase() });

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
export const putRolePolicy = iam.operation("PutRolePolicy", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("PutRolePolicy", RoleName, ctx),
  async handle({ RoleName, PolicyName, PolicyDocument }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    saveRole(
      withInline(role, { kind: "role", shownName: role.roleName }, PolicyName, PolicyDocument, ctx),
      ctx,
    );
    return {};
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html */
export const getRolePolicy = iam.operation("GetRolePolicy", {
  access: ({ RoleName }, ctx) => roleAccess("GetRolePolicy", RoleName, ctx),
  async handle({ RoleName, PolicyName }, ctx) {
    const role = await findRole(RoleName, ctx);
    const PolicyDocument = inlineDocument(role, "role", PolicyName, ctx);
    return { RoleName: role.roleName, PolicyName, PolicyDocument };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html */
export const deleteRolePolicy = iam.operation("DeleteRolePolicy", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("DeleteRolePolicy", RoleName, ctx),
  async handle({ RoleName, PolicyName }, ctx) {
    saveRole(withoutInline(await findModifiableRole(RoleName, ctx), "role", PolicyName, ctx), ctx);
    return {};
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html */
export const listRolePolicies = iam.operation("ListRolePolicies", {
  access: ({ RoleName }, ctx) => roleAccess("ListRolePolicies", RoleName, ctx),
  handle: async ({ RoleName, ...page }, ctx) => inlineNames(await findRole(RoleName, ctx), page, ctx),
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html */
export const attachRolePolicy = iam.operation("AttachRolePolicy", {
  access: ({ RoleName, PolicyArn }, ctx) => rolePolicyAccess("AttachRolePolicy", RoleName, ctx, PolicyArn),
  async handle({ RoleName, PolicyArn }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    saveRole(await withAttached(role, holder(RoleName), PolicyArn, ctx), ctx);
    return {};
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html */
export const detachRolePolicy = iam.operation("DetachRolePolicy", {
  access: ({ RoleName, PolicyArn }, ctx) => rolePolicyAccess("DetachRolePolicy", RoleName, ctx, PolicyArn),
  async handle({ RoleName, PolicyArn }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    saveRole(withoutAttached(role, holder(RoleName), PolicyArn, ctx), ctx);
    return {};
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html */
export const listAttachedRolePolicies = iam.operation("ListAttachedRolePolicies", {
  access: ({ RoleName }, ctx) => roleAccess("ListAttachedRolePolicies", RoleName, ctx),
  handle: async ({ RoleName, ...page }, ctx) => attachedPolicies(await findRole(RoleName, ctx), page, ctx),
});
