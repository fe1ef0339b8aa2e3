import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { cloudtrail } from "./contract.ts";

/**
 * Who administers an organization's trails beside its management account. Organizations keeps it: it is asked as the
 * caller. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html
 */

const service = "cloudtrail.amazonaws.com";

type Codes =
  | "OrganizationsNotInUseException"
  | "NotOrganizationManagementAccountException"
  | "AccountNotFoundException"
  | "InsufficientDependencyServiceAccessPermissionException"
  | "CloudTrailAccessNotEnabledException";

/** Organizations' errors, as CloudTrail tells of them. */
const codes: Readonly<Record<string, Codes>> = {
  AWSOrganizationsNotInUseException: "OrganizationsNotInUseException",
  AccountNotFoundException: "AccountNotFoundException",
};

async function askOrganizations(
  operation: string,
  AccountId: string,
  known: Readonly<Record<string, string>>,
  ctx: Context<never>,
): Promise<void> {
  const facts = await ctx.organizations.of(ctx.account, ctx.tx);
  const refuse = (code: string, message: string) => (ctx as Context).error(code, message);
  if (facts === undefined) {
    throw refuse("OrganizationsNotInUseException", "The account is not a member of an organization.");
  }
  if (facts.managementAccount !== ctx.account) {
    throw refuse(
      "NotOrganizationManagementAccountException",
      "The account must be the organization's management account.",
    );
  }
  if (!facts.trustedServices.includes(service)) {
    throw refuse(
      "CloudTrailAccessNotEnabledException",
      "Trusted access for CloudTrail is not enabled in the organization.",
    );
  }
  try {
    const as = { ...ctx.caller, calledVia: [service] };
    await ctx.call("organizations", operation, { AccountId, ServicePrincipal: service }, { as });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const code =
      known[error.code] ?? codes[error.code] ?? "InsufficientDependencyServiceAccessPermissionException";
    throw refuse(code, error.message);
  }
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_RegisterOrganizationDelegatedAdmin.html */
export const registerOrganizationDelegatedAdmin = cloudtrail.operation("RegisterOrganizationDelegatedAdmin", {
  access: () => ({ action: "cloudtrail:RegisterOrganizationDelegatedAdmin", resource: "*" }),
  async handle({ MemberAccountId }, ctx) {
    if (MemberAccountId === ctx.account) {
      throw ctx.error(
        "CannotDelegateManagementAccountException",
        "The management account cannot be a delegated administrator.",
      );
    }
    const known = {
      AccountAlreadyRegisteredException: "AccountRegisteredException",
      ConstraintViolationException: "DelegatedAdminAccountLimitExceededException",
    };
    await askOrganizations("RegisterDelegatedAdministrator", MemberAccountId, known, ctx as Context<never>);
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeregisterOrganizationDelegatedAdmin.html */
export const deregisterOrganizationDelegatedAdmin = cloudtrail.operation(
  "DeregisterOrganizationDelegatedAdmin",
  {
    access: () => ({ action: "cloudtrail:DeregisterOrganizationDelegatedAdmin", resource: "*" }),
    async handle({ DelegatedAdminAccountId: account }, ctx) {
      const known = { AccountNotRegisteredException: "AccountNotRegisteredException" };
      await askOrganizations("DeregisterDelegatedAdministrator", account, known, ctx as Context<never>);
      return {};
    },
  },
);
