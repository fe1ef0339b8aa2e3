import type { DeliverySource } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { type Owner, requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import { type DeliverySourceRow, deliveries, deliverySources, sourcesByResource } from "./deliveryTables.ts";
import { kindOf } from "./deliveryTemplates.ts";
import { logsPage } from "./pages.ts";
import { checkTags } from "./tags.ts";

/** What writes logs. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeliverySource.html */

export function sourceArn({ account, region }: Owner, name: string): string {
  return `arn:aws:logs:${region}:${account}:delivery-source:${name}`;
}

export async function sourceAccess(
  action: string,
  name: string,
  ctx: Context,
  more: Partial<Access> = {},
): Promise<Access> {
  const row = await deliverySources.get(ctx.tx, ctx.account, ctx.region, name);
  return {
    action: `logs:${action}`,
    resource: sourceArn(ctx, name),
    ...(row && { resourceTags: row.tags }),
    ...more,
  };
}

function shown({
  name,
  arn,
  resourceArn,
  service,
  logType,
  tags,
  configuration,
}: DeliverySourceRow): DeliverySource {
  return {
    name,
    arn,
    resourceArns: [resourceArn],
    service,
    logType,
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(configuration && { deliverySourceConfiguration: configuration }),
  };
}

export async function existingSource(
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<DeliverySourceRow> {
  const row = await deliverySources.get(ctx.tx, ctx.account, ctx.region, name);
  if (row !== undefined) return row;
  throw ctx.error("ResourceNotFoundException", "Requested Delivery Source does not exist in this account.");
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html */
export const putDeliverySource = logs.operation("PutDeliverySource", {
  access: ({ name, tags, resourceArn }, ctx) =>
    sourceAccess("PutDeliverySource", name, ctx as Context, {
      requestTags: requestTags(tags),
      context: { "logs:LogGeneratingResourceArns": [resourceArn] },
    }),
  async handle({ name, resourceArn, logType, tags, deliverySourceConfiguration: configuration }, ctx) {
    const service = await checkedService(resourceArn, logType, ctx as Context);
    const scope = [ctx.account, ctx.region] as const;
    const held = await deliverySources.get(ctx.tx, ...scope, name);
    if (held !== undefined && (held.resourceArn !== resourceArn || held.logType !== logType)) {
      throw ctx.error("ConflictException", "A delivery source of this name exists for another resource.");
    }
    const other = await sourcesByResource.get(ctx.tx, ...scope, resourceArn, logType);
    if (other !== undefined && other.name !== name) {
      throw ctx.error(
        "ConflictException",
        "This ResourceId has already been used in another Delivery Source in this account",
      );
    }
    const row: DeliverySourceRow = {
      name,
      arn: sourceArn(ctx, name),
      resourceArn,
      service,
      logType,
      tags: checkTags(tags ?? {}, held?.tags ?? {}, ctx as Context),
      ...(configuration && { configuration }),
    };
    deliverySources.put(ctx.tx, [...scope, name], row);
    sourcesByResource.put(ctx.tx, [...scope, resourceArn, logType], { name });
    return { deliverySource: shown(row) };
  },
});

/** Whoever has a resource's logs delivered must be allowed to by the service that writes them. */
async function checkedService(
  resourceArn: string,
  logType: string,
  ctx: Context<"ResourceNotFoundException" | "ValidationException">,
): Promise<string> {
  const arn = parseArn(resourceArn);
  const kind = arn && kindOf(arn.service, arn.resource);
  if (kind === undefined) throw ctx.error("ResourceNotFoundException", "Cannot access provided service.");
  if (!kind.logTypes.includes(logType)) {
    throw ctx.error("ValidationException", `${logType} is no log type of ${kind.service}.`);
  }
  await ctx.authorize({
    action: `${kind.service}:AllowVendedLogDeliveryForResource`,
    resource: resourceArn,
  });
  return kind.service;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetDeliverySource.html */
export const getDeliverySource = logs.operation("GetDeliverySource", {
  access: ({ name }, ctx) => sourceAccess("GetDeliverySource", name, ctx as Context),
  async handle({ name }, ctx) {
    return { deliverySource: shown(await existingSource(name, ctx)) };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeDeliverySources.html */
export const describeDeliverySources = logs.operation("DescribeDeliverySources", {
  access: () => ({ action: "logs:DescribeDeliverySources", resource: "*" }),
  async handle({ limit = 50, nextToken: marker, resourceArns }, ctx) {
    const where = ({ resourceArn }: DeliverySourceRow) => resourceArns?.includes(resourceArn) ?? true;
    const { items, end } = await logsPage(ctx as never, () =>
      pageOf(deliverySources, ctx.tx, [ctx.account, ctx.region], { limit, marker, where }),
    );
    return { deliverySources: items.map(shown), ...end };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteDeliverySource.html */
export const deleteDeliverySource = logs.operation("DeleteDeliverySource", {
  // AWS's reference asks for it on the resource type of destinations.
  access: async ({ name }, ctx) => ({
    ...(await sourceAccess("DeleteDeliverySource", name, ctx as Context)),
    resource: sourceArn(ctx, name).replace(":delivery-source:", ":delivery-destination:"),
  }),
  async handle({ name }, ctx) {
    const scope = [ctx.account, ctx.region] as const;
    const row = await deliverySources.get(ctx.tx, ...scope, name);
    if (row === undefined) {
      // AWS's own words, with its two full stops.
      throw ctx.error(
        "ResourceNotFoundException",
        "Requested Delivery Source does not exist in this account..",
      );
    }
    const used = await deliveries.list(ctx.tx, scope);
    if (used.some((one) => one.row.sourceName === name)) {
      throw ctx.error("ConflictException", "The delivery source is used by a delivery.");
    }
    deliverySources.delete(ctx.tx, ...scope, name);
    sourcesByResource.delete(ctx.tx, ...scope, row.resourceArn, row.logType);
    return {};
  },
});
