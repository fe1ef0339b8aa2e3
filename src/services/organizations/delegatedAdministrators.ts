import { describeAccount, findMember, membersOf } from "./accounts.ts";
import { organizations } from "./contract.ts";
import { asManagementOfAll, asReader, onNode, onOrganization } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { delegations } from "./tables.ts";

/** Members that may act for the organization, service by service. */

function withService<Input extends { ServicePrincipal?: string | undefined }>({ ServicePrincipal }: Input) {
  return { context: { "organizations:ServicePrincipal": ServicePrincipal } };
}

/** What Register and Deregister take. */
interface Delegation {
  AccountId: string;
  ServicePrincipal: string;
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_RegisterDelegatedAdministrator.html */
export const registerDelegatedAdministrator = organizations.operation("RegisterDelegatedAdministrator", {
  access: onNode<Delegation>("RegisterDelegatedAdministrator", ({ AccountId }) => AccountId, withService),
  async handle({ AccountId, ServicePrincipal }, ctx) {
    const organization = await asManagementOfAll(ctx);
    await findMember(organization, AccountId, ctx);
    if (AccountId === organization.managementAccount) {
      throw ctx.error(
        "ConstraintViolationException",
        "You cannot register the management account as a delegated administrator.",
        {
          Reason: "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
        },
      );
    }
    if ((await delegations.get(ctx.tx, organization.id, AccountId, ServicePrincipal)) !== undefined) {
      throw ctx.error(
        "AccountAlreadyRegisteredException",
        "The specified account is already a delegated administrator for this AWS service.",
      );
    }
    delegations.put(ctx.tx, [organization.id, AccountId, ServicePrincipal], { enabledDate: ctx.clock.now() });
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeregisterDelegatedAdministrator.html */
export const deregisterDelegatedAdministrator = organizations.operation("DeregisterDelegatedAdministrator", {
  access: onNode<Delegation>("DeregisterDelegatedAdministrator", ({ AccountId }) => AccountId, withService),
  async handle({ AccountId, ServicePrincipal }, ctx) {
    const organization = await asManagementOfAll(ctx);
    await findMember(organization, AccountId, ctx);
    if ((await delegations.get(ctx.tx, organization.id, AccountId, ServicePrincipal)) === undefined) {
      throw ctx.error(
        "AccountNotRegisteredException",
        "The specified account is not a delegated administrator for this AWS service.",
      );
    }
    delegations.delete(ctx.tx, organization.id, AccountId, ServicePrincipal);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedAdministrators.html */
export const listDelegatedAdministrators = organizations.operation("ListDelegatedAdministrators", {
  access: onOrganization("ListDelegatedAdministrators", undefined, withService),
  async handle({ ServicePrincipal, ...page }, ctx) {
    const organization = await asReader(ctx);
    const rows = (await delegations.list(ctx.tx, [organization.id])).filter(
      ({ key }) => ServicePrincipal === undefined || key[2] === ServicePrincipal,
    );
    const since = new Map<string, number>();
    for (const { key, row } of rows) {
      since.set(key[1], Math.min(since.get(key[1]) ?? Number.POSITIVE_INFINITY, row.enabledDate));
    }
    const found = (await membersOf(organization, ctx)).filter(({ account }) => since.has(account));
    const { items, end } = pageOfRows(found, page, ctx);
    return {
      DelegatedAdministrators: items.map((member) => {
        const { Paths: _, ...shown } = describeAccount(member);
        return { ...shown, DelegationEnabledDate: new Date(since.get(member.account) ?? 0) };
      }),
      ...end,
    };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedServicesForAccount.html */
export const listDelegatedServicesForAccount = organizations.operation("ListDelegatedServicesForAccount", {
  access: onNode("ListDelegatedServicesForAccount", ({ AccountId }) => AccountId),
  async handle({ AccountId, ...page }, ctx) {
    const organization = await asReader(ctx);
    await findMember(organization, AccountId, ctx);
    const rows = await delegations.list(ctx.tx, [organization.id, AccountId]);
    if (rows.length === 0) {
      throw ctx.error(
        "AccountNotRegisteredException",
        "The specified account is not a delegated administrator for this AWS service.",
      );
    }
    const { items, end } = pageOfRows(rows, page, ctx);
    return {
      DelegatedServices: items.map(({ key, row }) => ({
        ServicePrincipal: key[2],
        DelegationEnabledDate: new Date(row.enabledDate),
      })),
      ...end,
    };
  },
});
