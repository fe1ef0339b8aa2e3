import type { SubscriptionFilter } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { type Page, pageOf } from "../../kit/paging.ts";
import { passRole } from "../../kit/passRole.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { existingGroup, groupAccess, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { putGroup } from "./groups.ts";
import { maxSubscriptionFiltersPerGroup } from "./limits.ts";
import { logsPage } from "./pages.ts";
import { patternOf } from "./patterns/index.ts";
import { destinationNamed, probe, type Target, targetOf } from "./subscriptionTargets.ts";
import { type GroupRow, type SubscriptionFilterRow, subscriptionFilters } from "./tables.ts";

/**
 * Lines that match go on as they come: to a stream, a delivery stream, a function, or another account's destination.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html
 */

type PutErrors =
  | "InvalidParameterException"
  | "ResourceNotFoundException"
  | "LimitExceededException"
  | "InvalidOperationException";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html */
export const putSubscriptionFilter = logs.operation("PutSubscriptionFilter", {
  access: ({ logGroupName }, ctx) => groupAccess("PutSubscriptionFilter", namedGroup(logGroupName, ctx), ctx),
  async handle(input, ctx) {
    const { logGroupName, filterName, filterPattern, destinationArn, roleArn } = input;
    const target = checkedTarget(destinationArn, roleArn, ctx as Context<PutErrors>);
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    if (group.class !== "STANDARD") {
      throw ctx.error(
        "InvalidOperationException",
        "Subscription filters need a log group of the Standard class.",
      );
    }
    if (input.fieldSelectionCriteria !== undefined || input.emitSystemFields !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "Field selection criteria and system fields belong to centralized log groups.",
      );
    }
    await patternOf(filterPattern, ctx);
    const key = [ctx.account, ctx.region, logGroupName, filterName] as const;
    const held = await subscriptionFilters.get(ctx.tx, ...key);
    if (held === undefined) await addTo(group, ctx as Context<PutErrors>);
    if (target.kind === "destination") await mayUse(target, ctx as Context<PutErrors>);
    if (roleArn !== undefined) await passRole(ctx as Context, roleArn, "logs.amazonaws.com", destinationArn);
    const row: SubscriptionFilterRow = {
      filterName,
      logGroupName,
      filterPattern,
      destinationArn,
      ...(roleArn !== undefined && { roleArn }),
      distribution: input.distribution ?? "ByLogStream",
      creationTime: held?.creationTime ?? ctx.clock.now(),
      applyOnTransformedLogs: input.applyOnTransformedLogs ?? false,
    };
    await probe({ ...row, groupArn: group.arn }, ctx as Context);
    subscriptionFilters.put(ctx.tx, [...key], row);
    return {};
  },
});

/** What the ARN names. Throws for what cannot be delivered to, before the group is looked for, as AWS does. */
export function checkedTarget(arn: string, roleArn: string | undefined, ctx: Context<PutErrors>): Target {
  const target = targetOf(arn);
  if (target === undefined) {
    throw ctx.error("InvalidParameterException", `Invalid destinationArn: ${arn}`);
  }
  const { kind } = target;
  if (kind === "destination") return target;
  if (kind === "lambda" && roleArn !== undefined) {
    throw ctx.error(
      "InvalidParameterException",
      "destinationArn for vendor lambda cannot be used with roleArn",
    );
  }
  if (kind !== "lambda" && roleArn === undefined) {
    throw ctx.error(
      "InvalidParameterException",
      `destinationArn for vendor ${kind} cannot be used without roleArn`,
    );
  }
  if (target.account !== ctx.account) {
    const words = `Cross-account ${kind} ${kind === "lambda" ? "invocation " : ""}passing is not allowed.`;
    const more =
      kind === "lambda"
        ? " You must use DestinationPolicies to create cross account lambda triggers."
        : " You must use Destinations to deliver to other accounts.";
    throw ctx.error("AccessDeniedException", words + more);
  }
  return target;
}

async function addTo(group: GroupRow, ctx: Context<PutErrors>): Promise<void> {
  const { subscriptionFilters: count = 0 } = group;
  if (count >= maxSubscriptionFiltersPerGroup) {
    throw ctx.error("LimitExceededException", "Resource limit exceeded.");
  }
  putGroup({ ...group, subscriptionFilters: count + 1 }, ctx as Context);
}

/** The destination's own policy says who may subscribe to it. */
export async function mayUse({ account, region, name }: Target, ctx: Context<PutErrors>): Promise<void> {
  const destination = await destinationNamed({ account, region }, name, ctx as Context);
  const arn = `arn:aws:logs:${region}:${account}:destination:${name}`;
  await ctx.authorize({
    action: "logs:PutSubscriptionFilter",
    resource: arn,
    resourceAccount: account,
    ...(isPolicy(destination?.accessPolicy) && {
      resourcePolicy: { name: arn, document: destination?.accessPolicy ?? "", kind: "resource" as const },
    }),
  });
  if (destination === undefined) {
    throw ctx.error("ResourceNotFoundException", "The specified destination does not exist.");
  }
}

/** AWS takes policies of destinations that name principals which are none: such a policy lets nobody in. */
function isPolicy(document: string | undefined): document is string {
  try {
    return document !== undefined && parsePolicy(document, "resource") !== undefined;
  } catch (error) {
    if (error instanceof MalformedPolicy) return false;
    throw error;
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteSubscriptionFilter.html */
export const deleteSubscriptionFilter = logs.operation("DeleteSubscriptionFilter", {
  access: ({ logGroupName }, ctx) =>
    groupAccess("DeleteSubscriptionFilter", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName, filterName }, ctx) {
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    const key = [ctx.account, ctx.region, logGroupName, filterName] as const;
    if ((await subscriptionFilters.get(ctx.tx, ...key)) === undefined) {
      throw ctx.error("ResourceNotFoundException", "The specified subscription filter does not exist.");
    }
    subscriptionFilters.delete(ctx.tx, ...key);
    const { subscriptionFilters: count = 1 } = group;
    putGroup({ ...group, subscriptionFilters: count - 1 }, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeSubscriptionFilters.html */
export const describeSubscriptionFilters = logs.operation("DescribeSubscriptionFilters", {
  access: ({ logGroupName }, ctx) =>
    groupAccess("DescribeSubscriptionFilters", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName, filterNamePrefix: prefix = "", nextToken: marker, limit = 50 }, ctx) {
    await existingGroup(namedGroup(logGroupName, ctx), ctx);
    const where = ({ filterName }: SubscriptionFilterRow) => filterName.startsWith(prefix);
    const scope = [ctx.account, ctx.region, logGroupName];
    const { items, end } = await logsPage(
      ctx,
      (): Promise<Page<SubscriptionFilterRow>> =>
        pageOf(subscriptionFilters, ctx.tx, scope, { limit, marker, where }),
    );
    return { subscriptionFilters: items.map((row): SubscriptionFilter => ({ ...row })), ...end };
  },
});
