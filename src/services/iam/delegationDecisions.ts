import { randomBytes } from "node:crypto";
import type { StateType } from "@aws-sdk/client-iam";
import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { Delegations } from "../../kit/delegation.ts";
import { iam } from "./contract.ts";
import { delegationAccess, findDelegation, isOwner } from "./delegationAccess.ts";
import { delegation, enter, hashed, tell } from "./delegationStates.ts";
import { type DelegationRow, delegationTokens, ownedDelegations } from "./delegationTables.ts";
import { principalPolicies } from "./principals.ts";

/** What the customer does with a request, and what the partner gets of it. */

const tokenBytes = 48;
/** The root may approve no more. */
const maxRootSeconds = 4 * 60 * 60;

function wrongState({ state, id }: DelegationRow, ctx: Context) {
  return `The delegation request ${id} of account ${ctx.account} cannot be changed in this way: it is in the state ${state}.`;
}

function checkState(
  row: DelegationRow,
  allowed: readonly StateType[],
  ctx: Context<"InvalidInputException">,
): void {
  if (!allowed.includes(row.state)) throw ctx.error("InvalidInputException", wrongState(row, ctx));
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AssociateDelegationRequest.html */
export const associateDelegationRequest = iam.operation("AssociateDelegationRequest", {
  access: ({ DelegationRequestId }, ctx) =>
    delegationAccess("AssociateDelegationRequest", DelegationRequestId, "finder", ctx),
  async handle({ DelegationRequestId }, ctx) {
    const row = await findDelegation(DelegationRequestId, ctx);
    checkState(row, ["UNASSIGNED"], ctx);
    const { arn, userId } = ctx.caller.principal;
    enter({ ...row, state: "ASSIGNED", ownerAccount: ctx.account, owner: { arn, userId } }, ctx);
    ownedDelegations.put(ctx.tx, [ctx.account, row.id], { owner: arn });
    return {};
  },
});

/** Hands a request on to an administrator. https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateDelegationRequest.html */
export const updateDelegationRequest = iam.operation("UpdateDelegationRequest", {
  access: ({ DelegationRequestId }, ctx) =>
    delegationAccess("UpdateDelegationRequest", DelegationRequestId, "owner", ctx),
  async handle({ DelegationRequestId, Notes }, ctx) {
    const row = await findDelegation(DelegationRequestId, ctx);
    checkState(row, ["ASSIGNED", "PENDING_APPROVAL"], ctx);
    enter({ ...row, state: "PENDING_APPROVAL", ...(Notes !== undefined && { notes: Notes }) }, ctx);
    return {};
  },
});

/** What the delegated session keeps of the approver's own. */
function keptOf(session: Session): Omit<Session, "by" | "issuedAt" | "expiresAt"> {
  const { by: _, issuedAt: _issued, expiresAt: _expires, ...kept } = session;
  return kept;
}

/**
 * Who accepts is whom the partner will act as. A session that is limited by policies of its own cannot: what it
 * passed on would have fewer limits than itself.
 */
function approverOf({ caller }: Context): Caller | undefined {
  const { principal, userName, session } = caller;
  if (!["user", "role-session", "root"].includes(principal.kind)) return undefined;
  if (
    session?.policy !== undefined ||
    session?.policyArns !== undefined ||
    session?.taskPolicyArn !== undefined
  )
    return undefined;
  return {
    principal,
    ...(userName !== undefined && { userName }),
    ...(session !== undefined && { session }),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AcceptDelegationRequest.html */
export const acceptDelegationRequest = iam.operation("AcceptDelegationRequest", {
  access: ({ DelegationRequestId }, ctx) =>
    delegationAccess("AcceptDelegationRequest", DelegationRequestId, "nobody", ctx),
  async handle({ DelegationRequestId }, ctx) {
    const row = await findDelegation(DelegationRequestId, ctx);
    // The model has no error for this.
    if (row.state !== "ASSIGNED" && row.state !== "PENDING_APPROVAL")
      throw ctx.error("ValidationError", wrongState(row, ctx));
    const approver = approverOf(ctx);
    if (approver === undefined) {
      throw ctx.error(
        "AccessDenied",
        "Users, roles and the root accept delegation requests, without session policies.",
      );
    }
    if (approver.principal.kind === "root" && row.sessionSeconds > maxRootSeconds) {
      throw ctx.error(
        "AccessDenied",
        "The root user can accept delegation requests of up to 4 hours; use another identity.",
      );
    }
    enter({ ...row, state: "ACCEPTED", approver }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_RejectDelegationRequest.html */
export const rejectDelegationRequest = iam.operation("RejectDelegationRequest", {
  access: ({ DelegationRequestId }, ctx) =>
    delegationAccess("RejectDelegationRequest", DelegationRequestId, "owner", ctx),
  async handle({ DelegationRequestId, Notes }, ctx) {
    const row = await findDelegation(DelegationRequestId, ctx);
    checkState(row, ["ASSIGNED", "PENDING_APPROVAL", "ACCEPTED"], ctx);
    enter({ ...row, state: "REJECTED", ...(Notes !== undefined && { rejectionReason: Notes }) }, ctx);
    return {};
  },
});

/** The clock of the delegation starts. https://docs.aws.amazon.com/IAM/latest/APIReference/API_SendDelegationToken.html */
export const sendDelegationToken = iam.operation("SendDelegationToken", {
  access: ({ DelegationRequestId }, ctx) =>
    delegationAccess("SendDelegationToken", DelegationRequestId, "owner", ctx),
  async handle({ DelegationRequestId }, ctx) {
    const row = await findDelegation(DelegationRequestId, ctx);
    checkState(row, ["ACCEPTED"], ctx);
    if (row.onlySendByOwner && !isOwner(row, ctx))
      throw ctx.error("AccessDenied", "The owner of the delegation request alone can send its token.");
    const token = randomBytes(tokenBytes).toString("base64url");
    const tokenHash = hashed(token);
    const sentMs = ctx.clock.now();
    const sent = enter({ ...row, state: "FINALIZED", sentMs, tokenHash }, ctx);
    delegationTokens.put(ctx.tx, [tokenHash], { id: row.id });
    const ExpiresAt = new Date(sentMs + row.sessionSeconds * 1000).toISOString();
    tell(sent, "ExchangeToken", { ExchangeToken: token, ExpiresAt }, ctx);
    return {};
  },
});

/** A token counts for the account that asked, as often as it likes, until the delegation ends. */
export const redeemDelegation: Delegations["redeemDelegation"] = async (token, ctx) => {
  const known = await delegationTokens.get(ctx.tx, hashed(token));
  const row = known && (await delegation(known.id, ctx));
  const { approver, sentMs } = row ?? {};
  if (row === undefined || approver === undefined || sentMs === undefined) return "invalid";
  if (row.requestorAccount !== ctx.account) return "invalid";
  const issuedAt = ctx.clock.now();
  const expiresAt = sentMs + row.sessionSeconds * 1000;
  if (row.state !== "FINALIZED" || expiresAt <= issuedAt) return "expired";
  const caller: Caller = {
    ...approver,
    session: {
      ...(approver.session && keptOf(approver.session)),
      by: "GetDelegatedAccessToken",
      issuedAt,
      expiresAt,
      policy: row.policy,
      delegate: row.requestorAccount,
    },
  };
  // The approver may be gone.
  return (await principalPolicies(caller, ctx.tx)) === undefined ? "invalid" : caller;
};
