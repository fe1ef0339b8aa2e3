import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import {
  delegations,
  type MemberRow,
  members,
  type NodeRow,
  nodes,
  type OrganizationRow,
  organizationRows,
} from "./tables.ts";

/** Which organization the caller belongs to, and what it may ask of it. */

export interface Membership {
  organization: OrganizationRow;
  member: MemberRow;
  isManagement: boolean;
}

export async function membershipOf(
  account: string,
  { tx }: Pick<Context, "tx">,
): Promise<Membership | undefined> {
  const member = await members.get(tx, account);
  const organization = member && (await organizationRows.get(tx, member.organization));
  return (
    member &&
    organization && { member, organization, isManagement: organization.managementAccount === account }
  );
}

type Errors = "AWSOrganizationsNotInUseException" | "AccessDeniedException";

/** The caller's organization, or AWS's error that there is none. */
export async function inOrganization(ctx: Context<Errors>): Promise<Membership> {
  const membership = await membershipOf(ctx.account, ctx);
  if (membership === undefined) {
    throw ctx.error("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.");
  }
  return membership;
}

function refused(ctx: Context<Errors>) {
  return ctx.error("AccessDeniedException", "You don't have permissions to access this resource.");
}

/** For operations of the management account. */
export async function asManagement(ctx: Context<Errors>): Promise<OrganizationRow> {
  const { organization, isManagement } = await inOrganization(ctx);
  if (!isManagement) throw refused(ctx);
  return organization;
}

/** For operations of the management account of an organization with all features. */
export async function asManagementOfAll(
  ctx: Context<Errors | "ConstraintViolationException">,
): Promise<OrganizationRow> {
  const organization = await asManagement(ctx);
  if (!organization.billingOnly) return organization;
  throw ctx.error(
    "ConstraintViolationException",
    "You can't perform this operation on an organization that supports only consolidated billing features.",
    { Reason: "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE" },
  );
}

/** For what delegated administrators may read as well. */
export async function asReader(ctx: Context<Errors>): Promise<OrganizationRow> {
  const { organization, isManagement } = await inOrganization(ctx);
  if (isManagement) return organization;
  const delegated = await delegations.list(ctx.tx, [organization.id, ctx.account], { limit: 1 });
  if (delegated.length === 0) throw refused(ctx);
  return organization;
}

/** What a resource's ARN begins with. */
export function arnPrefix({ managementAccount }: OrganizationRow): string {
  return `arn:aws:organizations::${managementAccount}:`;
}

/** Access to something of the caller's organization; outside of any, on "*". */
export function onOrganization<Input>(
  action: string,
  rest: (input: Input, organization: OrganizationRow) => string | undefined = () => undefined,
  more: (input: Input) => Partial<Access> = () => ({}),
) {
  return async (input: Input, ctx: Context): Promise<Access> => {
    const membership = await membershipOf(ctx.account, ctx);
    const tail = membership && rest(input, membership.organization);
    return {
      action: `organizations:${action}`,
      resource: membership && tail ? `${arnPrefix(membership.organization)}${tail}` : "*",
      resourceAccount: ctx.account,
      ...more(input),
    };
  };
}

/** The part of a node's ARN behind the account: "ou/o-…/ou-…". */
export function nodeTail(id: string, { id: organization }: OrganizationRow): string {
  const kind = id.startsWith("r-") ? "root" : id.startsWith("ou-") ? "ou" : "account";
  return `${kind}/${organization}/${id}`;
}

/** Access to a node: root, unit or account. */
export function onNode<Input>(
  action: string,
  idOf: (input: Input) => string,
  more?: (input: Input) => Partial<Access>,
) {
  return onOrganization<Input>(action, (input, organization) => nodeTail(idOf(input), organization), more);
}

export async function findNode(
  organization: OrganizationRow,
  id: string,
  { tx }: Pick<Context, "tx">,
): Promise<NodeRow | undefined> {
  return nodes.get(tx, organization.id, id);
}

/** A node and all above it, root first. */
export async function pathTo(
  organizationId: string,
  id: string,
  { tx }: Pick<Context, "tx">,
): Promise<NodeRow[]> {
  const path: NodeRow[] = [];
  let next: string | undefined = id;
  while (next !== undefined) {
    const node: NodeRow | undefined = await nodes.get(tx, organizationId, next);
    if (node === undefined) break;
    path.unshift(node);
    next = node.parent;
  }
  return path;
}

/** "o-…/r-…/ou-…/": the places above an account. */
export function pathText(organizationId: string, path: readonly NodeRow[]): string {
  const places = path.filter(({ kind }) => kind !== "ACCOUNT").map(({ id }) => `${id}/`);
  return `${organizationId}/${places.join("")}`;
}
