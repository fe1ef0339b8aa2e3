import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";

const service = "organizations.amazonaws.com";

/**
 * Makes the role by which Organizations acts in an account; it may be there already.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_services.html#orgs_integrate_services-using_slrs
 */
export async function makeServiceRole(ctx: Context, by: { as: Caller; account: string }): Promise<void> {
  try {
    await ctx.call("iam", "CreateServiceLinkedRole", { AWSServiceName: service }, by);
  } catch (error) {
    if (!(error instanceof AwsError && error.code === "InvalidInput")) throw error;
  }
}

/** The same in the caller's account, as the caller, who must be allowed to. */
export async function makeOwnServiceRole(ctx: Context<"AccessDeniedForDependencyException">): Promise<void> {
  try {
    await makeServiceRole(ctx, { as: { ...ctx.caller, calledVia: [service] }, account: ctx.account });
  } catch (error) {
    if (!(error instanceof AwsError && error.code === "AccessDenied")) throw error;
    throw ctx.error(
      "AccessDeniedForDependencyException",
      `The operation that you attempted requires you to have the iam:CreateServiceLinkedRole for ${service} permission so that Organizations can create the required service-linked role. You don't have that permission.`,
      { Reason: "ACCESS_DENIED_DURING_CREATE_SERVICE_LINKED_ROLE" },
    );
  }
}
