import type { Context } from "../../kit/context.ts";
import type { OrganizationFacts, RootAccessFeature } from "../../kit/ports.ts";
import { table } from "../../kit/table.ts";
import type { Transaction } from "../../storage/store.ts";
import { iam } from "./contract.ts";

/**
 * Centralized root access: the organization's management account may do a few privileged tasks in its member
 * accounts, with sessions of `sts:AssumeRoot`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
 */

const features = table<{ enabled: RootAccessFeature[] }, [organization: string]>(
  "iam",
  "root-access-features",
);

export async function rootAccessFeatures(
  organizationId: string,
  tx: Transaction,
): Promise<readonly RootAccessFeature[]> {
  return (await features.get(tx, organizationId))?.enabled ?? [];
}

type Errors =
  | "AccountNotManagementOrDelegatedAdministratorException"
  | "OrganizationNotFoundException"
  | "ServiceAccessNotEnabledException";

/** The organization that the caller administers root access of. */
async function administered(ctx: Context<Errors>): Promise<OrganizationFacts> {
  const organization = await ctx.organizations.of(ctx.account, ctx.tx);
  if (organization === undefined) {
    throw ctx.error("OrganizationNotFoundException", "Your account is not a member of an organization.");
  }
  const { managementAccount, delegatedServices, trustedServices } = organization;
  if (managementAccount !== ctx.account && !delegatedServices.includes("iam.amazonaws.com")) {
    throw ctx.error(
      "AccountNotManagementOrDelegatedAdministratorException",
      "The account is neither the management account nor the delegated administrator for IAM.",
    );
  }
  if (!trustedServices.includes("iam.amazonaws.com")) {
    throw ctx.error(
      "ServiceAccessNotEnabledException",
      "Trusted access for iam.amazonaws.com is not enabled in your organization.",
    );
  }
  return organization;
}

/** Switches one feature on or off, for the whole organization. */
async function set(feature: RootAccessFeature, on: boolean, ctx: Context<Errors>) {
  const { id } = await administered(ctx);
  const others = (await rootAccessFeatures(id, ctx.tx)).filter((each) => each !== feature);
  const enabled = on ? [...others, feature].sort() : others;
  features.put(ctx.tx, [id], { enabled });
  return { OrganizationId: id, EnabledFeatures: enabled };
}

const access = (name: string) => () => ({ action: `iam:${name}`, resource: "*" });

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOrganizationsRootCredentialsManagement.html */
export const enableOrganizationsRootCredentialsManagement = iam.operation(
  "EnableOrganizationsRootCredentialsManagement",
  {
    access: access("EnableOrganizationsRootCredentialsManagement"),
    handle: (_input, ctx) => set("RootCredentialsManagement", true, ctx),
  },
);

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DisableOrganizationsRootCredentialsManagement.html */
export const disableOrganizationsRootCredentialsManagement = iam.operation(
  "DisableOrganizationsRootCredentialsManagement",
  {
    access: access("DisableOrganizationsRootCredentialsManagement"),
    handle: (_input, ctx) => set("RootCredentialsManagement", false, ctx),
  },
);

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOrganizationsRootSessions.html */
export const enableOrganizationsRootSessions = iam.operation("EnableOrganizationsRootSessions", {
  access: access("EnableOrganizationsRootSessions"),
  handle: (_input, ctx) => set("RootSessions", true, ctx),
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DisableOrganizationsRootSessions.html */
export const disableOrganizationsRootSessions = iam.operation("DisableOrganizationsRootSessions", {
  access: access("DisableOrganizationsRootSessions"),
  handle: (_input, ctx) => set("RootSessions", false, ctx),
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html */
export const listOrganizationsFeatures = iam.operation("ListOrganizationsFeatures", {
  access: access("ListOrganizationsFeatures"),
  async handle(_input, ctx) {
    const { id } = await administered(ctx);
    return { OrganizationId: id, EnabledFeatures: [...(await rootAccessFeatures(id, ctx.tx))] };
  },
});
