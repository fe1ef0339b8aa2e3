import type { Context } from "../../kit/context.ts";
import { membersOf } from "./accounts.ts";
import { organizations } from "./contract.ts";
import { addHandshake, describeHandshake, endHandshake, handshakesOf, isPending } from "./handshakes.ts";
import { asManagement, onOrganization } from "./membership.ts";
import { ensureOwnRole } from "./serviceRole.ts";
import { type HandshakeRow, handshakes, type OrganizationRow, organizationRows } from "./tables.ts";

/**
 * From consolidated billing to all features: each account that was invited must agree, then the management account
 * confirms. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html
 */

const approvalDays = 90;

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnableAllFeatures.html */
export const enableAllFeatures = organizations.operation("EnableAllFeatures", {
  access: onOrganization("EnableAllFeatures"),
  async handle(_input, ctx) {
    const organization = await asManagement(ctx);
    const refuse = (Reason: string, message: string) =>
      ctx.error("HandshakeConstraintViolationException", message, { Reason });
    if (!organization.billingOnly) {
      throw refuse(
        "ORGANIZATION_ALREADY_HAS_ALL_FEATURES",
        "The organization has already enabled all features.",
      );
    }
    const now = ctx.clock.now();
    const all = await handshakesOf(organization.id, ctx);
    if (all.some((row) => row.action !== "INVITE" && isPending(row, now))) {
      throw refuse(
        "ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION",
        "The organization has already started the process to enable all features.",
      );
    }
    const request = addHandshake(
      organization,
      { action: "ENABLE_ALL_FEATURES", state: "REQUESTED", days: approvalDays },
      ctx,
    );
    const invited = (await membersOf(organization, ctx)).filter(
      ({ account, joinedMethod }) => joinedMethod === "INVITED" && account !== organization.managementAccount,
    );
    for (const { account } of invited) {
      const part = { action: request.action, state: "REQUESTED" as const, days: approvalDays };
      addHandshake(organization, { ...part, account, parent: request.id }, ctx);
    }
    if (invited.length === 0) askManagement(request, ctx);
    return { Handshake: describeHandshake(request, now) };
  },
});

function askManagement({ organization, id: parent }: HandshakeRow, ctx: Context): void {
  const account = organization.managementAccount;
  addHandshake(
    organization,
    { action: "APPROVE_ALL_FEATURES", state: "OPEN", days: approvalDays, account, parent },
    ctx,
  );
}

/** A member has agreed, or the management account has confirmed. */
export async function approved(
  row: HandshakeRow,
  ctx: Context<"AccessDeniedForDependencyException">,
): Promise<void> {
  const request = await handshakes.get(ctx.tx, row.parent ?? "");
  if (request === undefined) return;
  if (row.action === "APPROVE_ALL_FEATURES") {
    endHandshake(request, "ACCEPTED", ctx);
    await ensureOwnRole(ctx);
    const { billingOnly: _, ...organization } = (await organizationRows.get(
      ctx.tx,
      row.organization.id,
    )) as OrganizationRow;
    organizationRows.put(ctx.tx, [organization.id], organization);
    return;
  }
  const parts = (await handshakesOf(row.organization.id, ctx)).filter(({ parent }) => parent === request.id);
  if (parts.every(({ state }) => state === "ACCEPTED")) askManagement(request, ctx);
}
