import { organizations } from "./contract.ts";
import { asManagementOfAll, asReader, onOrganization } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { serviceAccess } from "./tables.ts";

/** Services that may act in all accounts of the organization. */

const withService = ({ ServicePrincipal }: { ServicePrincipal: string }) => ({
  context: { "organizations:ServicePrincipal": ServicePrincipal },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnableAWSServiceAccess.html */
export const enableAWSServiceAccess = organizations.operation("EnableAWSServiceAccess", {
  access: onOrganization("EnableAWSServiceAccess", undefined, withService),
  async handle({ ServicePrincipal }, ctx) {
    const { id } = await asManagementOfAll(ctx);
    if (!/^[a-z0-9.-]+\.amazonaws\.com$/.test(ServicePrincipal)) {
      throw ctx.error("InvalidInputException", "You specified an invalid service principal.", {
        Reason: "UNRECOGNIZED_SERVICE_PRINCIPAL",
      });
    }
    const row = (await serviceAccess.get(ctx.tx, id, ServicePrincipal)) ?? { enabledDate: ctx.clock.now() };
    serviceAccess.put(ctx.tx, [id, ServicePrincipal], row);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DisableAWSServiceAccess.html */
export const disableAWSServiceAccess = organizations.operation("DisableAWSServiceAccess", {
  access: onOrganization("DisableAWSServiceAccess", undefined, withService),
  async handle({ ServicePrincipal }, ctx) {
    const { id } = await asManagementOfAll(ctx);
    serviceAccess.delete(ctx.tx, id, ServicePrincipal);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAWSServiceAccessForOrganization.html */
export const listAWSServiceAccessForOrganization = organizations.operation(
  "ListAWSServiceAccessForOrganization",
  {
    access: onOrganization("ListAWSServiceAccessForOrganization"),
    async handle(page, ctx) {
      const { id } = await asReader(ctx);
      const { items, end } = pageOfRows(await serviceAccess.list(ctx.tx, [id]), page, ctx);
      return {
        EnabledServicePrincipals: items.map(({ key, row }) => ({
          ServicePrincipal: key[1],
          DateEnabled: new Date(row.enabledDate),
        })),
        ...end,
      };
    },
  },
);
