import { iam } from "./contract.ts";
import { checkBoundary, withBoundary } from "./policyUses.ts";
import { findModifiableRole, rolePolicyAccess, saveRole } from "./roles.ts";
import { onRole, onUser } from "./shared.ts";
import { findUser, saveUser, userPolicyAccess } from "./users.ts";

/** Permissions boundaries. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html */

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html */
export const putUserPermissionsBoundary = iam.operation("PutUserPermissionsBoundary", {
  async access({ UserName, PermissionsBoundary }, ctx) {
    const access = await userPolicyAccess("PutUserPermissionsBoundary", UserName, ctx);
    return { ...access, context: { ...access.context, "iam:PermissionsBoundary": PermissionsBoundary } };
  },
  async handle({ UserName, PermissionsBoundary }, ctx) {
    const user = await findUser(UserName, ctx);
    await checkBoundary(PermissionsBoundary, ctx);
    const holder = { kind: "user" as const, name: UserName.toLowerCase() };
    saveUser(withBoundary(user, PermissionsBoundary, holder, ctx), ctx);
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html */
export const deleteUserPermissionsBoundary = iam.operation("DeleteUserPermissionsBoundary", {
  access: ({ UserName }, ctx) => userPolicyAccess("DeleteUserPermissionsBoundary", UserName, ctx),
  async handle({ UserName }, ctx) {
    const user = await findUser(UserName, ctx);
    if (user.boundary === undefined) {
      throw ctx.error("NoSuchEntityException", `User ${UserName} does not have a permissions boundary.`);
    }
    saveUser(withBoundary(user, undefined, { kind: "user", name: UserName.toLowerCase() }, ctx), ctx);
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html */
export const putRolePermissionsBoundary = iam.operation("PutRolePermissionsBoundary", {
  async access({ RoleName, PermissionsBoundary }, ctx) {
    const access = await rolePolicyAccess("PutRolePermissionsBoundary", RoleName, ctx);
    return { ...access, context: { ...access.context, "iam:PermissionsBoundary": PermissionsBoundary } };
  },
  async handle({ RoleName, PermissionsBoundary }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    await checkBoundary(PermissionsBoundary, ctx);
    const holder = { kind: "role" as const, name: RoleName.toLowerCase() };
    saveRole(withBoundary(role, PermissionsBoundary, holder, ctx), ctx);
    return {};
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html */
export const deleteRolePermissionsBoundary = iam.operation("DeleteRolePermissionsBoundary", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("DeleteRolePermissionsBoundary", RoleName, ctx),
  async handle({ RoleName }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    if (role.boundary === undefined) {
      throw ctx.error("NoSuchEntityException", `Role ${RoleName} does not have a permissions boundary.`);
    }
    saveRole(withBoundary(role, undefined, { kind: "role", name: RoleName.toLowerCase() }, ctx), ctx);
    return {};
  },
  record: { resources: onRole },
});
