import type { LogGroup } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { existingGroup, groupAccess, groupArn, groupOf, namedGroup, requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import { associated } from "./encryption.ts";
import { logsPage } from "./pages.ts";
import { ofAccount, protections } from "./protection/versions.ts";
import { type GroupRow, groupFacts, groups, metricFilters, subscriptionFilters } from "./tables.ts";
import { checkTags } from "./tags.ts";

/** Log groups. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html */

export function putGroup(group: GroupRow, ctx: Context): void {
  const [, , , region = "", account = ""] = group.arn.split(":");
  groups.put(ctx.tx, [account, region, group.name], group);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html */
export const createLogGroup = logs.operation("CreateLogGroup", {
  access: ({ logGroupName, tags }, ctx) =>
    groupAccess("CreateLogGroup", namedGroup(logGroupName, ctx), ctx, { requestTags: requestTags(tags) }),
  async handle({ logGroupName: name, kmsKeyId, tags, logGroupClass, deletionProtectionEnabled }, ctx) {
    if ((await groups.get(ctx.tx, ctx.account, ctx.region, name)) !== undefined) {
      throw ctx.error("ResourceAlreadyExistsException", "The specified log group already exists");
    }
    if (name.startsWith("aws/")) {
      throw ctx.error("InvalidParameterException", "Log groups starting with aws/ are reserved for AWS.");
    }
    const encryption =
      kmsKeyId === undefined ? undefined : await associated(undefined, kmsKeyId, name, ctx, ctx as Context);
    putGroup(
      {
        groupId: randomText(20, "lower36"),
        name,
        arn: groupArn(ctx, name),
        creationTime: ctx.clock.now(),
        class: logGroupClass ?? "STANDARD",
        tags: checkTags(tags ?? {}, {}, ctx as Context),
        deletionProtection: deletionProtectionEnabled ?? false,
        metricFilters: 0,
        classes: 0,
        ...(encryption && { encryption }),
      },
      ctx,
    );
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.html */
export const deleteLogGroup = logs.operation("DeleteLogGroup", {
  access: ({ logGroupName }, ctx) => groupAccess("DeleteLogGroup", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName }, ctx) {
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx as Context);
    if (group.deletionProtection) {
      throw ctx.error(
        "ValidationException",
        "The specified log group has deletion protection enabled. Disable deletion protection before deleting the log group.",
      );
    }
    groups.delete(ctx.tx, ctx.account, ctx.region, group.name);
    const filters = await metricFilters.list(ctx.tx, [ctx.account, ctx.region, group.name]);
    for (const { key } of filters) metricFilters.delete(ctx.tx, ...key);
    const subscriptions = await subscriptionFilters.list(ctx.tx, [ctx.account, ctx.region, group.name]);
    for (const { key } of subscriptions) subscriptionFilters.delete(ctx.tx, ...key);
    // What belonged to it cannot be found any more; it is swept in pieces.
    ctx.timers.set(`purge/${group.groupId}`, "purgeGroup", ctx.clock.now(), { groupId: group.groupId });
    return {};
  },
});

async function shown(group: GroupRow, ctx: Context): Promise<LogGroup> {
  const summary = summaryOf(group);
  const facts = await groupFacts.get(ctx.tx, ctx.account, ctx.region, group.groupId);
  return {
    ...summary,
    storedBytes: facts?.storedBytes ?? 0,
    deletionProtectionEnabled: group.deletionProtection,
    ...(await protectionShown(group, ctx)),
  };
}

async function protectionShown(group: GroupRow, ctx: Context): Promise<Partial<LogGroup>> {
  const ofGroup = group.isProtected
    ? await protections.get(ctx.tx, ctx.account, ctx.region, group.groupId)
    : undefined;
  const inherited = await protections.get(ctx.tx, ctx.account, ctx.region, ofAccount);
  return {
    ...(ofGroup && { dataProtectionStatus: ofGroup.document === undefined ? "DELETED" : "ACTIVATED" }),
    ...(inherited?.document !== undefined && { inheritedProperties: ["ACCOUNT_DATA_PROTECTION"] }),
  };
}

/** All that AWS shows of groups that were found by a pattern. */
function summaryOf(group: GroupRow): LogGroup {
  return {
    logGroupName: group.name,
    creationTime: group.creationTime,
    ...(group.retentionInDays !== undefined && { retentionInDays: group.retentionInDays }),
    metricFilterCount: group.metricFilters,
    arn: `${group.arn}:*`,
    ...(group.encryption?.kmsKeyArn && { kmsKeyId: group.encryption.kmsKeyArn }),
    logGroupClass: group.class,
    logGroupArn: group.arn,
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html */
export const describeLogGroups = logs.operation("DescribeLogGroups", {
  // AWS asks for it on the group without a name.
  access: (_input, ctx) => groupAccess("DescribeLogGroups", undefined, ctx),
  async handle(input, ctx) {
    const {
      logGroupNamePrefix: prefix,
      logGroupNamePattern: pattern,
      logGroupIdentifiers,
      limit = 50,
    } = input;
    if (prefix !== undefined && pattern !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
      );
    }
    if (logGroupIdentifiers !== undefined) return await describeNamed(logGroupIdentifiers, ctx);
    const wanted = pattern?.toLowerCase();
    const { items, end } = await logsPage(ctx, () =>
      pageOf(groups, ctx.tx, [ctx.account, ctx.region], {
        limit,
        marker: input.nextToken,
        startsWith: prefix,
        where: (group) =>
          (wanted === undefined || group.name.toLowerCase().includes(wanted)) &&
          (input.logGroupClass === undefined || group.class === input.logGroupClass),
      }),
    );
    if (pattern !== undefined) return { logGroups: items.map(summaryOf), ...end };
    return { logGroups: await Promise.all(items.map((group) => shown(group, ctx))), ...end };
  },
});

async function describeNamed(identifiers: readonly string[], ctx: Context) {
  const rows = await Promise.all(
    identifiers.map(async (identifier) => {
      const named = namedGroup(identifier, ctx);
      const own = named?.account === ctx.account && named.region === ctx.region;
      return own ? await groups.get(ctx.tx, ctx.account, ctx.region, named.name) : undefined;
    }),
  );
  const found = rows.filter((row) => row !== undefined);
  return { logGroups: await Promise.all(found.map((group) => shown(group, ctx))) };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListLogGroups.html */
export const listLogGroups = logs.operation("ListLogGroups", {
  access: () => ({ action: "logs:ListLogGroups", resource: "*" }),
  async handle(input, ctx) {
    const { logGroupNamePattern, limit = 50, logGroupTags = [] } = input;
    const matches = nameMatcher(logGroupNamePattern);
    const { items, end } = await logsPage(ctx, () =>
      pageOf(groups, ctx.tx, [ctx.account, ctx.region], {
        limit,
        marker: input.nextToken,
        where: (group) =>
          matches(group.name) &&
          (input.logGroupClass === undefined || group.class === input.logGroupClass) &&
          logGroupTags.every(({ key, values }) => hasTag(group, key, values)),
      }),
    );
    return {
      logGroups: items.map(({ name, arn, class: logGroupClass }) => ({
        logGroupName: name,
        logGroupArn: arn,
        logGroupClass,
      })),
      ...end,
    };
  },
});

/** "name", "^prefix", several with "|" between them. */
function nameMatcher(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  const parts = pattern.split("|");
  return (name) =>
    parts.some((part) => (part.startsWith("^") ? name.startsWith(part.slice(1)) : name.includes(part)));
}

function hasTag({ tags }: GroupRow, key: string | undefined, values: readonly string[] = []): boolean {
  const value = tags[key ?? ""];
  return value !== undefined && (values.length === 0 || values.includes(value));
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogGroupDeletionProtection.html */
export const putLogGroupDeletionProtection = logs.operation("PutLogGroupDeletionProtection", {
  access: (input, ctx) => groupAccess("PutLogGroupDeletionProtection", groupOf(input, ctx), ctx),
  async handle({ logGroupIdentifier, deletionProtectionEnabled }, ctx) {
    const group = await existingGroup(namedGroup(logGroupIdentifier, ctx), ctx);
    putGroup({ ...group, deletionProtection: deletionProtectionEnabled }, ctx);
    return {};
  },
});
