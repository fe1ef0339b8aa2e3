import type { DeliveryDestination } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { type Owner, requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import {
  type DeliveryDestinationRow,
  type DestinationType,
  deliveries,
  deliveryDestinations,
} from "./deliveryTables.ts";
import { logsPage } from "./pages.ts";
import { checkTags } from "./tags.ts";
import { groupExists } from "./vendedAccess.ts";

/** Where logs may be delivered to. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeliveryDestination.html */

function destinationArn({ account, region }: Owner, name: string): string {
  return `arn:aws:logs:${region}:${account}:delivery-destination:${name}`;
}

/** A destination by its ARN, of whatever account. */
export async function destinationOf(arn: string, ctx: Context): Promise<DeliveryDestinationRow | undefined> {
  const { service, account = "", region = "", resource = "" } = parseArn(arn) ?? {};
  const name = service === "logs" ? /^delivery-destination:(.+)$/.exec(resource)?.[1] : undefined;
  return name === undefined ? undefined : await deliveryDestinations.get(ctx.tx, account, region, name);
}

/** Access to a destination; its own policy lets in others. */
export async function destinationAccess(
  action: string,
  arn: string,
  ctx: Context,
  more: Partial<Access> = {},
): Promise<Access> {
  const row = await destinationOf(arn, ctx);
  return {
    action: `logs:${action}`,
    resource: arn,
    ...(row && { resourceTags: row.tags }),
    ...(row?.policy !== undefined && {
      resourcePolicy: { name: arn, document: row.policy, kind: "resource" as const },
    }),
    ...more,
  };
}

const own = (action: string, name: string, ctx: Context, more: Partial<Access> = {}) =>
  destinationAccess(action, destinationArn(ctx, name), ctx, more);

export const missingDestination = "Requested Delivery Destination does not exist in this account.";

async function existing(
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<DeliveryDestinationRow> {
  const row = await deliveryDestinations.get(ctx.tx, ctx.account, ctx.region, name);
  if (row === undefined) throw ctx.error("ResourceNotFoundException", missingDestination);
  return row;
}

function shown(row: DeliveryDestinationRow): DeliveryDestination {
  const { name, arn, type, resourceArn, outputFormat, tags } = row;
  return {
    name,
    arn,
    deliveryDestinationType: type,
    ...(outputFormat !== undefined && { outputFormat }),
    deliveryDestinationConfiguration: { destinationResourceArn: resourceArn },
    ...(Object.keys(tags).length > 0 && { tags }),
  };
}

const types: Readonly<Record<string, DestinationType>> = { s3: "S3", logs: "CWL", firehose: "FH" };

type PutErrors = "ValidationException" | "ResourceNotFoundException" | "ConflictException";

async function typeOf(
  resourceArn: string | undefined,
  wanted: string | undefined,
  ctx: Context<PutErrors>,
): Promise<DestinationType> {
  const type = types[parseArn(resourceArn ?? "")?.service ?? ""];
  if (resourceArn === undefined || type === undefined || (wanted !== undefined && wanted !== type)) {
    throw ctx.error(
      "ValidationException",
      "The delivery destination must be a log group, a bucket or a delivery stream.",
    );
  }
  if (type === "CWL" && !(await groupExists(resourceArn, ctx))) {
    throw ctx.error("ResourceNotFoundException", "The specified log group does not exist.");
  }
  return type;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliveryDestination.html */
export const putDeliveryDestination = logs.operation("PutDeliveryDestination", {
  access: ({ name, tags, deliveryDestinationConfiguration: configuration }, ctx) =>
    own("PutDeliveryDestination", name, ctx as Context, {
      requestTags: requestTags(tags),
      context: { "logs:DeliveryDestinationResourceArn": configuration?.destinationResourceArn },
    }),
  async handle(input, ctx) {
    const { name, outputFormat, tags } = input;
    const resourceArn = input.deliveryDestinationConfiguration?.destinationResourceArn;
    const type = await typeOf(resourceArn, input.deliveryDestinationType, ctx as Context<PutErrors>);
    const held = await deliveryDestinations.get(ctx.tx, ctx.account, ctx.region, name);
    if (held !== undefined && held.type !== type && (await isUsed(held, ctx as Context))) {
      throw ctx.error("ConflictException", "The delivery destination is used by a delivery of another type.");
    }
    const row: DeliveryDestinationRow = {
      name,
      arn: destinationArn(ctx, name),
      type,
      resourceArn: resourceArn as string,
      ...(outputFormat !== undefined && { outputFormat }),
      ...(held?.policy !== undefined && { policy: held.policy }),
      tags: checkTags(tags ?? {}, held?.tags ?? {}, ctx as Context),
    };
    deliveryDestinations.put(ctx.tx, [ctx.account, ctx.region, name], row);
    return { deliveryDestination: shown(row) };
  },
});

async function isUsed({ arn }: DeliveryDestinationRow, ctx: Context): Promise<boolean> {
  const rows = await deliveries.list(ctx.tx, [ctx.account, ctx.region]);
  return rows.some(({ row }) => row.destinationArn === arn);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetDeliveryDestination.html */
export const getDeliveryDestination = logs.operation("GetDeliveryDestination", {
  access: ({ name }, ctx) => own("GetDeliveryDestination", name, ctx as Context),
  async handle({ name }, ctx) {
    return { deliveryDestination: shown(await existing(name, ctx)) };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeDeliveryDestinations.html */
export const describeDeliveryDestinations = logs.operation("DescribeDeliveryDestinations", {
  access: () => ({ action: "logs:DescribeDeliveryDestinations", resource: "*" }),
  async handle({ limit = 50, nextToken: marker, names }, ctx) {
    const where = ({ name }: DeliveryDestinationRow) => names?.includes(name) ?? true;
    const { items, end } = await logsPage(ctx as never, () =>
      pageOf(deliveryDestinations, ctx.tx, [ctx.account, ctx.region], { limit, marker, where }),
    );
    return { deliveryDestinations: items.map(shown), ...end };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteDeliveryDestination.html */
export const deleteDeliveryDestination = logs.operation("DeleteDeliveryDestination", {
  access: ({ name }, ctx) => own("DeleteDeliveryDestination", name, ctx as Context),
  async handle({ name }, ctx) {
    if (await isUsed(await existing(name, ctx), ctx as Context)) {
      throw ctx.error("ConflictException", "The delivery destination is used by a delivery.");
    }
    deliveryDestinations.delete(ctx.tx, ctx.account, ctx.region, name);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliveryDestinationPolicy.html */
export const putDeliveryDestinationPolicy = logs.operation("PutDeliveryDestinationPolicy", {
  access: ({ deliveryDestinationName: name }, ctx) =>
    own("PutDeliveryDestinationPolicy", name, ctx as Context),
  async handle({ deliveryDestinationName: name, deliveryDestinationPolicy: policy }, ctx) {
    const row = await existing(name, ctx);
    try {
      parsePolicy(policy, "resource");
    } catch (error) {
      if (error instanceof MalformedPolicy) throw ctx.error("ValidationException", error.message);
      throw error;
    }
    deliveryDestinations.put(ctx.tx, [ctx.account, ctx.region, name], { ...row, policy });
    return { policy: { deliveryDestinationPolicy: policy } };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetDeliveryDestinationPolicy.html */
export const getDeliveryDestinationPolicy = logs.operation("GetDeliveryDestinationPolicy", {
  access: ({ deliveryDestinationName: name }, ctx) =>
    own("GetDeliveryDestinationPolicy", name, ctx as Context),
  async handle({ deliveryDestinationName: name }, ctx) {
    const { policy } = await existing(name, ctx);
    return { policy: policy === undefined ? {} : { deliveryDestinationPolicy: policy } };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteDeliveryDestinationPolicy.html */
export const deleteDeliveryDestinationPolicy = logs.operation("DeleteDeliveryDestinationPolicy", {
  access: ({ deliveryDestinationName: name }, ctx) =>
    own("DeleteDeliveryDestinationPolicy", name, ctx as Context),
  async handle({ deliveryDestinationName: name }, ctx) {
    const { policy: _, ...row } = await existing(name, ctx);
    deliveryDestinations.put(ctx.tx, [ctx.account, ctx.region, name], row);
    return {};
  },
});
