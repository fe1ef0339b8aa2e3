import type { PermissionCheckResultType } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { iam } from "./contract.ts";
import { delegationAccess, findDelegation } from "./delegationAccess.ts";
import { requestArn } from "./delegationStates.ts";
import type { DelegationRow } from "./delegationTables.ts";
import { listOf, statementsOf } from "./policyTemplates.ts";
import { lastPart } from "./shared.ts";

/** Helps to decide on a request: whether the caller could grant what is asked, and what it is in plain words. */

/** Whether the caller has what the policy would pass on: by its plain actions, roughly, as AWS says of its own. */
export async function permissionCheck(policy: string, ctx: Context): Promise<PermissionCheckResultType> {
  let isUnsure = false;
  for (const { Effect, Action, Resource, Condition } of statementsOf(policy).statements) {
    if (Effect !== "Allow") continue;
    const actions = listOf(Action);
    const plain = actions.filter((action) => !/[*?]/.test(action));
    if (plain.length < actions.length || plain.length === 0 || Condition !== undefined) isUnsure = true;
    for (const action of plain) {
      for (const resource of listOf(Resource)) {
        const isAllowed = await ctx.allowed({ action, resource, resourceAccount: ctx.account });
        if (!isAllowed && Condition === undefined) return "DENIED";
      }
    }
  }
  return isUnsure ? "UNSURE" : "ALLOWED";
}

function duration(totalSeconds: number): string {
  const minutes = Math.ceil(totalSeconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const counted = (amount: number, unit: string) => `${amount} ${unit}${amount === 1 ? "" : "s"}`;
  const parts = [hours > 0 && counted(hours, "hour"), rest > 0 && counted(rest, "minute")];
  return parts.filter((part) => part !== false).join(" ");
}

function inWords({
  requestorName,
  requestorAccount,
  sessionSeconds,
  policy,
  boundaries,
}: DelegationRow): string {
  const lines = statementsOf(policy).statements.map((statement) => {
    const { Effect, Action, NotAction, Resource, NotResource, Condition } = statement;
    const what =
      NotAction === undefined ? listOf(Action).join(", ") : `everything but ${listOf(NotAction).join(", ")}`;
    const where =
      NotResource === undefined
        ? listOf(Resource).join(", ")
        : `everything but ${listOf(NotResource).join(", ")}`;
    const when = Condition === undefined ? "" : `, if ${JSON.stringify(Condition)}`;
    return `- It may ${Effect === "Deny" ? "not " : ""}do ${what} on ${where}${when}.`;
  });
  return [
    `${requestorName} (account ${requestorAccount}) asks to act as whoever approves, for ${duration(sessionSeconds)} from when the token is sent, and within these limits:`,
    ...lines,
    ...(boundaries.length > 0
      ? [`Roles that it makes stay. Their permissions boundary is ${boundaries.join(" or ")}.`]
      : []),
  ].join("\n");
}

const arnForm = /^arn:aws:iam::\d{12}:delegation-request\/[\w-]+$/;

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetHumanReadableSummary.html */
export const getHumanReadableSummary = iam.operation("GetHumanReadableSummary", {
  async access({ EntityArn }, ctx) {
    if (!arnForm.test(EntityArn))
      return { action: "iam:GetHumanReadableSummary", resource: requestArn(ctx.account, "*") };
    const id = lastPart(EntityArn);
    const access = await delegationAccess("GetHumanReadableSummary", id, "finder", ctx);
    // Whoever may read the request may read what it says.
    const mayRead = await ctx.allowed(await delegationAccess("GetDelegationRequest", id, "finder", ctx));
    return { ...access, ...(mayRead && { extraAllow: { kind: "service", name: "readers of the request" } }) };
  },
  async handle({ EntityArn, Locale = "en" }, ctx) {
    if (!arnForm.test(EntityArn))
      throw ctx.error("InvalidInputException", "EntityArn must be the ARN of a delegation request.");
    const row = await findDelegation(lastPart(EntityArn), ctx);
    if (!/^en(?:[-_]|$)/i.test(Locale)) return { Locale, SummaryState: "NOT_SUPPORTED" };
    return { Locale, SummaryState: "AVAILABLE", SummaryContent: inWords(row) };
  },
});
