import type { Destination } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { type Page, pageOf } from "../../kit/paging.ts";
import { passRole } from "../../kit/passRole.ts";
import { type Owner, requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import { logsPage } from "./pages.ts";
import { destinationNamed, probe, targetOf } from "./subscriptionTargets.ts";
import { type DestinationRow, destinations } from "./tables.ts";
import { checkTags } from "./tags.ts";

/**
 * What an account offers to the subscription filters of others.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html
 */

export function destinationArn({ account, region }: Owner, name: string): string {
  return `arn:aws:logs:${region}:${account}:destination:${name}`;
}

async function destinationAccess(action: string, name: string, ctx: Context) {
  const row = await destinationNamed(ctx, name, ctx);
  return {
    action: `logs:${action}`,
    resource: destinationArn(ctx, name),
    ...(row && { resourceTags: row.tags }),
  };
}

function shown({ tags: _, ...row }: DestinationRow): Destination {
  return { ...row };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDestination.html */
export const putDestination = logs.operation("PutDestination", {
  access: async ({ destinationName, tags }, ctx) => ({
    ...(await destinationAccess("PutDestination", destinationName, ctx as Context)),
    requestTags: requestTags(tags),
  }),
  async handle({ destinationName, targetArn, roleArn, tags }, ctx) {
    const kind = targetOf(targetArn)?.kind;
    if (kind !== "kinesis" && kind !== "firehose") {
      throw ctx.error("InvalidParameterException", `Invalid targetArn: ${targetArn}`);
    }
    await passRole(ctx as Context, roleArn, "logs.amazonaws.com", targetArn);
    const held = await destinationNamed(ctx, destinationName, ctx as Context);
    const arn = destinationArn(ctx, destinationName);
    const row: DestinationRow = {
      ...held,
      destinationName,
      targetArn,
      roleArn,
      arn,
      creationTime: held?.creationTime ?? ctx.clock.now(),
      tags: checkTags(tags ?? {}, held?.tags ?? {}, ctx as Context),
    };
    await probe(
      { destinationArn: targetArn, roleArn, groupArn: arn, distribution: "Random" },
      ctx as Context,
    );
    destinations.put(ctx.tx, [ctx.account, ctx.region, destinationName], row);
    return { destination: shown(row) };
  },
});

function isDocument(text: string): boolean {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null && "Statement" in document;
  } catch {
    return false;
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDestinationPolicy.html */
export const putDestinationPolicy = logs.operation("PutDestinationPolicy", {
  access: ({ destinationName }, ctx) =>
    destinationAccess("PutDestinationPolicy", destinationName, ctx as Context),
  async handle({ destinationName, accessPolicy }, ctx) {
    const row = await destinationNamed(ctx, destinationName, ctx as Context);
    if (row === undefined) {
      throw ctx.error("InvalidParameterException", "The specified destination does not exist.");
    }
    if (!isDocument(accessPolicy)) {
      throw ctx.error("InvalidParameterException", "AccessPolicy is not a valid policy document.");
    }
    destinations.put(ctx.tx, [ctx.account, ctx.region, destinationName], { ...row, accessPolicy });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeDestinations.html */
export const describeDestinations = logs.operation("DescribeDestinations", {
  access: () => ({ action: "logs:DescribeDestinations", resource: "*" }),
  async handle({ DestinationNamePrefix: prefix = "", nextToken: marker, limit = 50 }, ctx) {
    const where = ({ destinationName }: DestinationRow) => destinationName.startsWith(prefix);
    const { items, end } = await logsPage(
      ctx,
      (): Promise<Page<DestinationRow>> =>
        pageOf(destinations, ctx.tx, [ctx.account, ctx.region], { limit, marker, where }),
    );
    return { destinations: items.map(shown), ...end };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteDestination.html */
export const deleteDestination = logs.operation("DeleteDestination", {
  access: ({ destinationName }, ctx) =>
    destinationAccess("DeleteDestination", destinationName, ctx as Context),
  async handle({ destinationName }, ctx) {
    if ((await destinationNamed(ctx, destinationName, ctx as Context)) === undefined) {
      throw ctx.error("ResourceNotFoundException", "The specified destination does not exist.");
    }
    destinations.delete(ctx.tx, ctx.account, ctx.region, destinationName);
    return {};
  },
});
