import { iam } from "./contract.ts";
import { findModifiableRole, findRole, listedRole, rolePolicyAccess, saveRole } from "./roles.ts";
import { onRole } from "./shared.ts";
import { keptTrust } from "./trust.ts";

/** Description and longest session. https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html */
export const updateRole = iam.operation("UpdateRole", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("UpdateRole", RoleName, ctx),
  async handle({ RoleName, Description, MaxSessionDuration }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    const changed = {
      ...role,
      ...(Description !== undefined && { description: Description }),
      ...(MaxSessionDuration !== undefined && { maxSessionDuration: MaxSessionDuration }),
    };
    saveRole(changed, ctx);
    return {};
  },
  record: { resources: onRole },
});

/**
 * The one change that AWS allows of a service-linked role, too.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html
 */
export const updateRoleDescription = iam.operation("UpdateRoleDescription", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("UpdateRoleDescription", RoleName, ctx),
  async handle({ RoleName, Description }, ctx) {
    const role = { ...(await findRole(RoleName, ctx)), description: Description };
    saveRole(role, ctx);
    return { Role: await listedRole(role, ctx) };
  },
  record: { resources: onRole },
});

/** Who may take the role on. https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html */
export const updateAssumeRolePolicy = iam.operation("UpdateAssumeRolePolicy", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("UpdateAssumeRolePolicy", RoleName, ctx),
  async handle({ RoleName, PolicyDocument }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    saveRole({ ...role, trustPolicy: await keptTrust(PolicyDocument, ctx) }, ctx);
    return {};
  },
  record: { resources: onRole },
});
