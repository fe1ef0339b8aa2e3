import { iam } from "./contract.ts";
import { countUses } from "./policyUses.ts";
import { countOf, quotas } from "./quotas.ts";
import { userKeys } from "./tables.ts";
import { globalEndpointTokenVersion } from "./tokenSettings.ts";
import { countCredentials } from "./userCredentials.ts";

/** How much there is of everything, and the quotas. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html */
export const getAccountSummary = iam.operation("GetAccountSummary", {
  access: () => ({ action: "iam:GetAccountSummary", resource: "*" }),
  async handle(_, ctx) {
    const rootKeys = await userKeys.list(ctx.tx, [ctx.account, ""], { limit: 1 });
    const uses = await countUses(ctx);
    return {
      SummaryMap: {
        Users: await countOf("users", ctx),
        Groups: await countOf("groups", ctx),
        Roles: await countOf("roles", ctx),
        Policies: await countOf("policies", ctx),
        InstanceProfiles: await countOf("instanceProfiles", ctx),
        PolicyVersionsInUse: uses.size,
        AccountAccessKeysPresent: rootKeys.length,
        ...(await countCredentials(ctx.account, ctx.tx)),
        UsersQuota: quotas.UsersPerAccount,
        GroupsQuota: quotas.GroupsPerAccount,
        RolesQuota: quotas.RolesPerAccount,
        PoliciesQuota: quotas.PoliciesPerAccount,
        InstanceProfilesQuota: quotas.InstanceProfilesPerAccount,
        PolicyVersionsInUseQuota: 10_000,
        GroupsPerUserQuota: quotas.GroupsPerUser,
        AccessKeysPerUserQuota: quotas.AccessKeysPerUser,
        AttachedPoliciesPerUserQuota: quotas.PoliciesPerUser,
        AttachedPoliciesPerGroupQuota: quotas.PoliciesPerGroup,
        AttachedPoliciesPerRoleQuota: quotas.PoliciesPerRole,
        VersionsPerPolicyQuota: quotas.VersionsPerPolicy,
        PolicySizeQuota: quotas.PolicySize,
        UserPolicySizeQuota: quotas.UserPolicySize,
        GroupPolicySizeQuota: quotas.GroupPolicySize,
        RolePolicySizeQuota: quotas.RolePolicySize,
        AssumeRolePolicySizeQuota: quotas.TrustPolicySize,
        GlobalEndpointTokenVersion: await globalEndpointTokenVersion(ctx.account, ctx.tx),
        ServerCertificatesQuota: 20,
        SigningCertificatesPerUserQuota: 2,
      },
    };
  },
});
