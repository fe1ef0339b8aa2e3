import type { Account, CreateAccountStatus } from "@aws-sdk/client-organizations";
import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { ensureServiceLinkedRole } from "../../kit/serviceLinkedRole.ts";
import { organizations } from "./contract.ts";
import { join } from "./joining.ts";
import { asManagement, asReader, findNode, inOrganization, onNode, onOrganization } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { serviceRole } from "./serviceRole.ts";
import {
  attachments,
  type CreationRow,
  children,
  creations,
  delegations,
  type MemberRow,
  members,
  nodes,
  type OrganizationRow,
} from "./tables.ts";
import { tagsOf } from "./tagRules.ts";

export const maxAccounts = 10;
const defaultRoleName = "OrganizationAccountAccessRole";

export function describeAccount({
  account,
  arn,
  email,
  name,
  state,
  joinedMethod,
  joinedDate,
}: MemberRow): Account {
  return {
    Id: account,
    Arn: arn,
    Email: email,
    Name: name,
    Status: state === "CLOSED" ? "SUSPENDED" : state,
    State: state,
    JoinedMethod: joinedMethod,
    JoinedTimestamp: new Date(joinedDate),
  };
}

export async function findMember(
  organization: OrganizationRow,
  account: string,
  ctx: Context<"AccountNotFoundException">,
): Promise<MemberRow> {
  const member = await members.get(ctx.tx, account);
  if (member?.organization !== organization.id) {
    throw ctx.error("AccountNotFoundException", "You specified an account that doesn't exist.");
  }
  return member;
}

/** All accounts of an organization. */
export async function membersOf(organization: OrganizationRow, ctx: Context): Promise<MemberRow[]> {
  const accounts = (await nodes.list(ctx.tx, [organization.id])).filter(({ row }) => row.kind === "ACCOUNT");
  const rows = await Promise.all(accounts.map(({ row }) => members.get(ctx.tx, row.id)));
  return rows.filter((row) => row !== undefined);
}

function describeCreation({
  id,
  accountName,
  account,
  requestedDate,
  completedDate,
}: CreationRow): CreateAccountStatus {
  return {
    Id: id,
    AccountName: accountName,
    State: "SUCCEEDED",
    RequestedTimestamp: new Date(requestedDate),
    CompletedTimestamp: new Date(completedDate),
    AccountId: account,
  };
}

/**
 * Makes an account, with a role that lets the management account in.
 * https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
 */
export const createAccount = organizations.operation("CreateAccount", {
  access: onOrganization("CreateAccount", undefined, ({ Tags }) => ({ requestTags: Tags })),
  async handle({ Email, AccountName, RoleName = defaultRoleName, Tags = [] }, ctx) {
    const organization = await asManagement(ctx);
    const existing = await membersOf(organization, ctx);
    if (existing.length >= maxAccounts) {
      throw ctx.error(
        "ConstraintViolationException",
        "You have exceeded the allowed number of AWS accounts.",
        {
          Reason: "ACCOUNT_NUMBER_LIMIT_EXCEEDED",
        },
      );
    }
    const tags = tagsOf(Tags, {}, ctx);
    const account = await freshAccount(ctx);
    // Before the account joins: nothing that guards it may keep it from being set up.
    const as = rootOf(account);
    await makeAccessRole({ as, account }, RoleName, ctx);
    if (!organization.billingOnly)
      await ensureServiceLinkedRole(serviceRole, { as, account }, ctx as Context);
    await join(organization, { account, name: AccountName, email: Email, tags }, "CREATED", ctx);
    const now = ctx.clock.now();
    const creation: CreationRow = {
      id: `car-${randomText(32, "lower36")}`,
      accountName: AccountName,
      account,
      requestedDate: now,
      completedDate: now,
    };
    creations.put(ctx.tx, [organization.id, creation.id], creation);
    // AWS answers before the account is made; here it is there at once.
    const { AccountId: _, CompletedTimestamp: __, ...status } = describeCreation(creation);
    return { CreateAccountStatus: { ...status, State: "IN_PROGRESS" as const } };
  },
});

/** Twelve digits that no account has. */
async function freshAccount(ctx: Context): Promise<string> {
  for (;;) {
    const account = randomText(12, "digits");
    if (account[0] !== "0" && (await members.get(ctx.tx, account)) === undefined) return account;
  }
}

function rootOf(account: string): Caller {
  return {
    principal: { kind: "root", account, arn: `arn:aws:iam::${account}:root`, userId: account },
    calledVia: ["organizations.amazonaws.com"],
  };
}

async function makeAccessRole(
  by: { as: Caller; account: string },
  RoleName: string,
  ctx: Context,
): Promise<void> {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ctx.account}:root` }, Action: "sts:AssumeRole" },
    ],
  });
  await ctx.call("iam", "CreateRole", { RoleName, AssumeRolePolicyDocument }, by);
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await ctx.call("iam", "AttachRolePolicy", { RoleName, PolicyArn }, by);
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeCreateAccountStatus.html */
export const describeCreateAccountStatus = organizations.operation("DescribeCreateAccountStatus", {
  access: onOrganization("DescribeCreateAccountStatus"),
  async handle({ CreateAccountRequestId }, ctx) {
    const organization = await asManagement(ctx);
    const creation = await creations.get(ctx.tx, organization.id, CreateAccountRequestId);
    if (creation === undefined) {
      throw ctx.error(
        "CreateAccountStatusNotFoundException",
        "You specified a create account request that doesn't exist.",
      );
    }
    return { CreateAccountStatus: describeCreation(creation) };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListCreateAccountStatus.html */
export const listCreateAccountStatus = organizations.operation("ListCreateAccountStatus", {
  access: onOrganization("ListCreateAccountStatus"),
  async handle({ States, ...page }, ctx) {
    const organization = await asManagement(ctx);
    const all = (await creations.list(ctx.tx, [organization.id])).map(({ row }) => row);
    const shown = States === undefined || States.length === 0 || States.includes("SUCCEEDED") ? all : [];
    const { items, end } = pageOfRows(shown, page, ctx);
    return { CreateAccountStatuses: items.map(describeCreation), ...end };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeAccount.html */
export const describeAccountOperation = organizations.operation("DescribeAccount", {
  access: onNode("DescribeAccount", ({ AccountId }) => AccountId),
  async handle({ AccountId }, ctx) {
    const organization = await asReader(ctx);
    return { Account: describeAccount(await findMember(organization, AccountId, ctx)) };
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html */
export const listAccounts = organizations.operation("ListAccounts", {
  access: onOrganization("ListAccounts"),
  async handle(page, ctx) {
    const organization = await asReader(ctx);
    const { items, end } = pageOfRows(await membersOf(organization, ctx), page, ctx);
    return { Accounts: items.map(describeAccount), ...end };
  },
});

/** Takes an account out of the tree. */
async function removeMember(organization: OrganizationRow, account: string, ctx: Context): Promise<void> {
  const node = await findNode(organization, account, ctx);
  for (const policy of Object.values(node?.policies ?? {}).flat()) {
    attachments.delete(ctx.tx, organization.id, policy, account);
  }
  if (node?.parent !== undefined) children.delete(ctx.tx, organization.id, node.parent, account);
  for (const { key } of await delegations.list(ctx.tx, [organization.id, account]))
    delegations.delete(ctx.tx, ...key);
  nodes.delete(ctx.tx, organization.id, account);
  members.delete(ctx.tx, account);
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_RemoveAccountFromOrganization.html */
export const removeAccountFromOrganization = organizations.operation("RemoveAccountFromOrganization", {
  access: onNode("RemoveAccountFromOrganization", ({ AccountId }) => AccountId),
  async handle({ AccountId }, ctx) {
    const organization = await asManagement(ctx);
    await findMember(organization, AccountId, ctx);
    if (AccountId === organization.managementAccount) {
      throw ctx.error(
        "MasterCannotLeaveOrganizationException",
        "You can't remove a management account from an organization.",
      );
    }
    await removeMember(organization, AccountId, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_LeaveOrganization.html */
export const leaveOrganization = organizations.operation("LeaveOrganization", {
  access: onOrganization("LeaveOrganization"),
  async handle(_input, ctx) {
    const { organization, isManagement } = await inOrganization(ctx);
    if (isManagement) {
      throw ctx.error(
        "MasterCannotLeaveOrganizationException",
        "You can't remove a management account from an organization.",
      );
    }
    await removeMember(organization, ctx.account, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html */
export const closeAccount = organizations.operation("CloseAccount", {
  access: onNode("CloseAccount", ({ AccountId }) => AccountId),
  async handle({ AccountId }, ctx) {
    const organization = await asManagement(ctx);
    const member = await findMember(organization, AccountId, ctx);
    if (AccountId === organization.managementAccount) {
      throw ctx.error(
        "ConstraintViolationException",
        "You cannot close the management account of an organization.",
        {
          Reason: "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
        },
      );
    }
    if (member.state !== "ACTIVE")
      throw ctx.error("AccountAlreadyClosedException", "The account is already closed.");
    members.put(ctx.tx, [AccountId], { ...member, state: "SUSPENDED" });
    return {};
  },
});
