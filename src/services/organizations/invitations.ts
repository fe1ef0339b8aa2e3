import type { Context } from "../../kit/context.ts";
import { maxAccounts, membersOf } from "./accounts.ts";
import { approved } from "./allFeatures.ts";
import { organizations } from "./contract.ts";
import {
  addHandshake,
  describeHandshake,
  dropOld,
  endHandshake,
  handshakeArn,
  handshakesOf,
  handshakesTo,
  isPending,
  isShown,
  stateOf,
} from "./handshakes.ts";
import { join } from "./joining.ts";
import { asManagement, asReader, membershipOf, nodeTail, onOrganization } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { ensureOwnRole } from "./serviceRole.ts";
import { type HandshakeRow, handshakes, type OrganizationRow, organizationRows } from "./tables.ts";
import { tagsOf } from "./tagRules.ts";

/** Accounts are asked to join, and answer. */

const invitationDays = 15;
const dayMs = 24 * 3_600_000;
/** https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html */
const maxInvitationsPerDay = 20;

/** The account of an e-mail address: that of an account outside of organizations is made of its number. */
function accountOf(email: string): string | undefined {
  return /^(\d{12})@example\.com$/i.exec(email)?.[1];
}

type HandshakeErrors = "HandshakeConstraintViolationException" | "DuplicateHandshakeException";

async function checkInvitation(
  organization: OrganizationRow,
  target: string,
  account: string | undefined,
  ctx: Context<HandshakeErrors>,
): Promise<void> {
  const now = ctx.clock.now();
  const refuse = (Reason: string, message: string) =>
    ctx.error("HandshakeConstraintViolationException", message, { Reason });
  if (account !== undefined && (await membershipOf(account, ctx)) !== undefined) {
    throw refuse(
      "ALREADY_IN_AN_ORGANIZATION",
      "The account you have invited is already a member of an organization.",
    );
  }
  const all = await handshakesOf(organization.id, ctx);
  if (all.some((row) => row.action === "ENABLE_ALL_FEATURES" && isPending(row, now))) {
    throw refuse(
      "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES",
      "You can't issue new invitations while the organization is enabling all features.",
    );
  }
  const invitations = all.filter(({ action }) => action === "INVITE");
  const same = (row: HandshakeRow) =>
    row.target?.id === target || (account !== undefined && row.account === account);
  const pending = invitations.filter((row) => isPending(row, now));
  if (pending.some(same)) {
    throw ctx.error(
      "DuplicateHandshakeException",
      "A handshake with the same action and target already exists.",
    );
  }
  if (invitations.filter(({ requestedDate }) => requestedDate > now - dayMs).length >= maxInvitationsPerDay) {
    throw refuse(
      "HANDSHAKE_RATE_LIMIT_EXCEEDED",
      "You have exceeded the number of handshakes that you can send in one day.",
    );
  }
  if ((await membersOf(organization, ctx)).length + pending.length >= maxAccounts) {
    throw refuse("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts.");
  }
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_InviteAccountToOrganization.html */
export const inviteAccountToOrganization = organizations.operation("InviteAccountToOrganization", {
  access: onOrganization(
    "InviteAccountToOrganization",
    ({ Target }, organization) =>
      Target?.Type === "ACCOUNT" ? nodeTail(Target.Id ?? "", organization) : undefined,
    ({ Tags }) => ({ requestTags: Tags }),
  ),
  async handle({ Target, Notes, Tags = [] }, ctx) {
    const organization = await asManagement(ctx);
    const { Id, Type } = Target;
    if (Type === "ORGANIZATION" || (Type === "ACCOUNT" && !/^\d{12}$/.test(Id))) {
      throw ctx.error("InvalidInputException", "You specified an invalid party for the handshake.", {
        Reason: Type === "ACCOUNT" ? "INVALID_PATTERN_TARGET_ID" : "INVALID_PARTY_TYPE_TARGET",
      });
    }
    const account = Type === "ACCOUNT" ? Id : accountOf(Id);
    await dropOld(organization.id, ctx);
    await checkInvitation(organization, Id, account, ctx);
    const row = addHandshake(
      organization,
      {
        action: "INVITE",
        state: "OPEN",
        target: { type: Type, id: Id },
        days: invitationDays,
        tags: tagsOf(Tags, {}, ctx),
        ...(account !== undefined && { account }),
        ...(Notes !== undefined && { notes: Notes }),
      },
      ctx,
    );
    return { Handshake: describeHandshake(row, ctx.clock.now()) };
  },
});

type Side = "sender" | "recipient";

/** The sides that the caller's account is on. */
function sidesOf({ organization, account }: HandshakeRow, caller: string): Side[] {
  const sides: Side[] = [];
  if (organization.managementAccount === caller) sides.push("sender");
  if (account === caller) sides.push("recipient");
  return sides;
}

async function findHandshake(
  id: string,
  ctx: Context<"HandshakeNotFoundException">,
): Promise<{ row: HandshakeRow; sides: Side[] }> {
  const row = await handshakes.get(ctx.tx, id);
  const sides = row === undefined ? [] : sidesOf(row, ctx.account);
  if (row === undefined || sides.length === 0 || !isShown(row, ctx.clock.now()))
    throw ctx.error("HandshakeNotFoundException", "You specified a handshake that doesn't exist.");
  return { row, sides };
}

function onHandshake(action: string) {
  return async ({ HandshakeId }: { HandshakeId: string }, ctx: Context) => {
    const row = await handshakes.get(ctx.tx, HandshakeId);
    return {
      action: `organizations:${action}`,
      resource: row === undefined ? "*" : handshakeArn(row),
      resourceAccount: ctx.account,
    };
  };
}

type AnswerErrors =
  | "HandshakeNotFoundException"
  | "HandshakeAlreadyInStateException"
  | "InvalidHandshakeTransitionException"
  | "AccessDeniedException";

/** One that still waits, and that the caller may bring to this state. */
async function toAnswer(
  id: string,
  side: Side,
  state: "ACCEPTED" | "DECLINED" | "CANCELED",
  ctx: Context<AnswerErrors>,
): Promise<HandshakeRow> {
  const { row, sides } = await findHandshake(id, ctx);
  if (!sides.includes(side))
    throw ctx.error("AccessDeniedException", "You don't have permissions to access this resource.");
  const now = ctx.clock.now();
  if (stateOf(row, now) === state) {
    throw ctx.error(
      "HandshakeAlreadyInStateException",
      "The specified handshake is already in the requested state.",
    );
  }
  if (!isPending(row, now)) {
    throw ctx.error(
      "InvalidHandshakeTransitionException",
      "You can't perform the operation on the handshake in its current state.",
    );
  }
  return row;
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_AcceptHandshake.html */
export const acceptHandshake = organizations.operation("AcceptHandshake", {
  access: onHandshake("AcceptHandshake"),
  async handle({ HandshakeId }, ctx) {
    const row = await toAnswer(HandshakeId, "recipient", "ACCEPTED", ctx);
    const accepted = endHandshake(row, "ACCEPTED", ctx);
    if (row.action === "INVITE") await acceptInvitation(row, ctx);
    else await approved(accepted, ctx);
    return { Handshake: describeHandshake(accepted, ctx.clock.now()) };
  },
});

type AcceptErrors =
  | "HandshakeConstraintViolationException"
  | "AccessDeniedForDependencyException"
  | "HandshakeNotFoundException";

async function acceptInvitation(row: HandshakeRow, ctx: Context<AcceptErrors>): Promise<void> {
  if ((await membershipOf(ctx.account, ctx)) !== undefined) {
    throw ctx.error(
      "HandshakeConstraintViolationException",
      "The account is already a member of an organization.",
      { Reason: "ALREADY_IN_AN_ORGANIZATION" },
    );
  }
  const organization = await organizationRows.get(ctx.tx, row.organization.id);
  if (organization === undefined)
    throw ctx.error("HandshakeNotFoundException", "You specified a handshake that doesn't exist.");
  if (!organization.billingOnly) await ensureOwnRole(ctx);
  const email = `${ctx.account}@example.com`;
  await join(
    organization,
    { account: ctx.account, name: ctx.account, email, tags: row.tags },
    "INVITED",
    ctx,
  );
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeclineHandshake.html */
export const declineHandshake = organizations.operation("DeclineHandshake", {
  access: onHandshake("DeclineHandshake"),
  async handle({ HandshakeId }, ctx) {
    const row = await toAnswer(HandshakeId, "recipient", "DECLINED", ctx);
    return { Handshake: describeHandshake(endHandshake(row, "DECLINED", ctx), ctx.clock.now()) };
  },
});

/** With what it asks of all members, what was asked of each ends. https://docs.aws.amazon.com/organizations/latest/APIReference/API_CancelHandshake.html */
export const cancelHandshake = organizations.operation("CancelHandshake", {
  access: onHandshake("CancelHandshake"),
  async handle({ HandshakeId }, ctx) {
    const row = await toAnswer(HandshakeId, "sender", "CANCELED", ctx);
    const now = ctx.clock.now();
    for (const part of await handshakesOf(row.organization.id, ctx))
      if (part.parent === row.id && isPending(part, now)) endHandshake(part, "CANCELED", ctx);
    return { Handshake: describeHandshake(endHandshake(row, "CANCELED", ctx), now) };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeHandshake.html */
export const describeHandshakeOperation = organizations.operation("DescribeHandshake", {
  access: onHandshake("DescribeHandshake"),
  async handle({ HandshakeId }, ctx) {
    const { row } = await findHandshake(HandshakeId, ctx);
    return { Handshake: describeHandshake(row, ctx.clock.now()) };
  },
});

interface Listed {
  Filter?: { ActionType?: string | undefined; ParentHandshakeId?: string | undefined } | undefined;
  NextToken?: string | undefined;
  MaxResults?: number | undefined;
}

function pageOfHandshakes(
  rows: HandshakeRow[],
  { Filter = {}, ...page }: Listed,
  ctx: Context<"InvalidInputException">,
) {
  const { ActionType, ParentHandshakeId } = Filter;
  if (ActionType !== undefined && ParentHandshakeId !== undefined) {
    throw ctx.error("InvalidInputException", "You specified both an action type and a parent handshake.", {
      Reason: "INVALID_ENUM",
    });
  }
  const now = ctx.clock.now();
  const shown = rows.filter(
    (row) =>
      isShown(row, now) &&
      (ActionType === undefined || row.action === ActionType) &&
      (ParentHandshakeId === undefined || row.parent === ParentHandshakeId),
  );
  const { items, end } = pageOfRows(shown, page, ctx);
  return { Handshakes: items.map((row) => describeHandshake(row, now)), ...end };
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForAccount.html */
export const listHandshakesForAccount = organizations.operation("ListHandshakesForAccount", {
  access: onOrganization("ListHandshakesForAccount"),
  async handle(input, ctx) {
    return pageOfHandshakes(await handshakesTo(ctx.account, ctx), input, ctx);
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForOrganization.html */
export const listHandshakesForOrganization = organizations.operation("ListHandshakesForOrganization", {
  access: onOrganization("ListHandshakesForOrganization"),
  async handle(input, ctx) {
    const { id } = await asReader(ctx);
    return pageOfHandshakes(await handshakesOf(id, ctx), input, ctx);
  },
});
