import type { Context } from "../../kit/context.ts";
import { passRole } from "../../kit/passRole.ts";
import { groupArn } from "./access.ts";
import { type AccountPolicyRow, policiesFor } from "./accountPolicyTables.ts";
import { patternOf } from "./patterns/index.ts";
import { checkedTarget, mayUse } from "./subscriptionFilters.ts";
import { probe } from "./subscriptionTargets.ts";
import type { GroupRow, SubscriptionFilterRow } from "./tables.ts";

/** Subscription filters of an account, for all of its groups but those that the policy leaves out. */

type Errors = "InvalidParameterException" | "LimitExceededException";

interface Document {
  DestinationArn?: unknown;
  RoleArn?: unknown;
  FilterPattern?: unknown;
  Distribution?: unknown;
}

function parsed(text: string): Document | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function filterIn(row: AccountPolicyRow): Omit<SubscriptionFilterRow, "logGroupName"> | undefined {
  const document = parsed(row.policyDocument);
  const { DestinationArn, RoleArn, FilterPattern = "", Distribution = "ByLogStream" } = document ?? {};
  if (typeof DestinationArn !== "string" || typeof FilterPattern !== "string") return undefined;
  if (RoleArn !== undefined && typeof RoleArn !== "string") return undefined;
  if (Distribution !== "Random" && Distribution !== "ByLogStream") return undefined;
  return {
    filterName: row.policyName,
    filterPattern: FilterPattern,
    destinationArn: DestinationArn,
    ...(RoleArn !== undefined && { roleArn: RoleArn }),
    distribution: Distribution,
    creationTime: row.lastUpdatedTime,
    applyOnTransformedLogs: false,
  };
}

/** Throws where a policy's filter is none, or cannot deliver. */
export async function accountFilterOf(row: AccountPolicyRow, ctx: Context<Errors>): Promise<void> {
  const filter = filterIn(row);
  if (filter === undefined) {
    throw ctx.error("InvalidParameterException", "Invalid policy document for a subscription filter policy.");
  }
  const { destinationArn, roleArn, filterPattern } = filter;
  const target = checkedTarget(destinationArn, roleArn, ctx as Context<never>);
  await patternOf(filterPattern, ctx);
  if (target.kind === "destination") await mayUse(target, ctx as Context<never>);
  if (roleArn !== undefined) await passRole(ctx, roleArn, "logs.amazonaws.com", destinationArn);
  await probe({ ...filter, groupArn: groupArn(ctx, "*") }, ctx);
}

/** What an account's policies forward of a group. */
export async function accountFilters(group: GroupRow, ctx: Context): Promise<SubscriptionFilterRow[]> {
  const rows = await policiesFor("SUBSCRIPTION_FILTER_POLICY", ctx, group.name, ctx.tx);
  return rows.flatMap((row) => {
    const filter = filterIn(row);
    return filter === undefined ? [] : [{ ...filter, logGroupName: group.name }];
  });
}
