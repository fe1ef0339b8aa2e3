import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { ensureServiceLinkedRole } from "../../kit/serviceLinkedRole.ts";

const service = "organizations.amazonaws.com";

/**
 * By which Organizations acts in an account.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services.html#orgs_integrate_services-using_slrs
 */
export const serviceRole = { service, name: "AWSServiceRoleForOrganizations" };

/** Sees to the role in the caller's account, as the caller, who must be allowed to make it. */
export async function ensureOwnRole(ctx: Context<"AccessDeniedForDependencyException">): Promise<void> {
  const by = { as: { ...ctx.caller, calledVia: [service] }, account: ctx.account };
  try {
    await ensureServiceLinkedRole(serviceRole, by, ctx as Context);
  } catch (error) {
    if (!(error instanceof AwsError && error.code === "AccessDenied")) throw error;
    throw ctx.error(
      "AccessDeniedForDependencyException",
      `The operation that you attempted requires you to have the iam:CreateServiceLinkedRole for ${service} permission so that Organizations can create the required service-linked role. You don't have that permission.`,
      { Reason: "ACCESS_DENIED_DURING_CREATE_SERVICE_LINKED_ROLE" },
    );
  }
}
