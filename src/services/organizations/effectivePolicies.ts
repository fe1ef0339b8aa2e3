import { findTarget } from "./attachments.ts";
import { organizations } from "./contract.ts";
import { effectivePolicy } from "./effective.ts";
import { inOrganization, nodeTail, onOrganization, pathTo } from "./membership.ts";
import { isManagement } from "./policyTypes.ts";
import { policies } from "./tables.ts";

/**
 * What an account has of a type of management policies. Any member may ask for its own, which is the default.
 * https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeEffectivePolicy.html
 */
export const describeEffectivePolicy = organizations.operation("DescribeEffectivePolicy", {
  access: (input, ctx) =>
    onOrganization<typeof input>(
      "DescribeEffectivePolicy",
      ({ TargetId }, organization) => nodeTail(TargetId ?? ctx.account, organization),
      ({ PolicyType }) => ({ context: { "organizations:PolicyType": PolicyType } }),
    )(input, ctx),
  async handle({ PolicyType, TargetId }, ctx) {
    const { organization, isManagement: mayAskForAll } = await inOrganization(ctx);
    const target = TargetId ?? ctx.account;
    if (target !== ctx.account && !mayAskForAll)
      throw ctx.error("AccessDeniedException", "You don't have permissions to access this resource.");
    await findTarget(organization, target, ctx);
    const path = await pathTo(organization.id, target, ctx);
    const type = isManagement(PolicyType) && path[0]?.enabled?.includes(PolicyType) ? PolicyType : undefined;
    const levels = await Promise.all(
      path.map(async (node) => {
        const ids = (type && node.policies[type]) ?? [];
        const rows = await Promise.all(ids.map((id) => policies.get(ctx.tx, organization.id, id)));
        return rows.flatMap((row) => (row === undefined ? [] : [row.content]));
      }),
    );
    const PolicyContent = effectivePolicy(levels);
    if (PolicyContent === undefined) {
      throw ctx.error(
        "EffectivePolicyNotFoundException",
        "If you ran this action on the management account, this policy type is not enabled. If you ran the action on a member account, the account doesn't have an effective policy of this type.",
      );
    }
    return { EffectivePolicy: { PolicyContent, TargetId: target, PolicyType } };
  },
});
