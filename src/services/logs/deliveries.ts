import type { Delivery } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { type Owner, requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import { destinationAccess, destinationOf, missingDestination } from "./deliveryDestinations.ts";
import { existingSource, sourceAccess } from "./deliverySources.ts";
import {
  type DeliveryDestinationRow,
  type DeliveryRow,
  type DeliverySourceRow,
  deliveries,
} from "./deliveryTables.ts";
import { defaultSuffix, kindOf } from "./deliveryTemplates.ts";
import { logsPage } from "./pages.ts";
import { checkTags } from "./tags.ts";
import { prepareDestination } from "./vendedAccess.ts";

/** A source's logs on their way to a destination. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Delivery.html */

function deliveryArn({ account, region }: Owner, id: string): string {
  return `arn:aws:logs:${region}:${account}:delivery:${id}`;
}

async function deliveryAccess(
  action: string,
  id: string,
  ctx: Context,
  more: Partial<Access> = {},
): Promise<Access> {
  const row = await deliveries.get(ctx.tx, ctx.account, ctx.region, id);
  return {
    action: `logs:${action}`,
    resource: deliveryArn(ctx, id),
    ...(row && { resourceTags: row.tags }),
    ...more,
  };
}

async function existing(id: string, ctx: Context<"ResourceNotFoundException">): Promise<DeliveryRow> {
  const row = await deliveries.get(ctx.tx, ctx.account, ctx.region, id);
  if (row === undefined) {
    throw ctx.error("ResourceNotFoundException", "Requested Delivery does not exist in this account.");
  }
  return row;
}

function shown(row: DeliveryRow): Delivery {
  const { id, arn, sourceName, destinationArn, type, recordFields, fieldDelimiter, s3, tags } = row;
  return {
    id,
    arn,
    deliverySourceName: sourceName,
    deliveryDestinationArn: destinationArn,
    deliveryDestinationType: type,
    recordFields,
    ...(fieldDelimiter !== undefined && { fieldDelimiter }),
    ...(s3 && { s3DeliveryConfiguration: s3 }),
    ...(Object.keys(tags).length > 0 && { tags }),
  };
}

interface Configuration {
  recordFields?: string[] | undefined;
  fieldDelimiter?: string | undefined;
  s3DeliveryConfiguration?:
    | { suffixPath?: string | undefined; enableHiveCompatiblePath?: boolean | undefined }
    | undefined;
}

/** What a delivery takes of its source, and how it writes it; what is left out is as it was, or as the service has it. */
function configured(
  input: Configuration,
  source: DeliverySourceRow,
  { type, outputFormat }: Pick<DeliveryDestinationRow, "type" | "outputFormat">,
  held: DeliveryRow | undefined,
  ctx: Context<"ValidationException">,
): Pick<DeliveryRow, "recordFields" | "fieldDelimiter" | "s3"> {
  const { service, resource } = parseArn(source.resourceArn) ?? { service: "", resource: "" };
  const kind = kindOf(service, resource);
  if (kind === undefined) throw ctx.error("ValidationException", "The source writes no logs.");
  const recordFields = input.recordFields ?? held?.recordFields ?? kind.fields;
  const unknown = recordFields.find((name) => !kind.fields.includes(name));
  if (unknown !== undefined || recordFields.length === 0) {
    throw ctx.error("ValidationException", `Invalid record field: ${unknown ?? ""}`);
  }
  const fieldDelimiter = input.fieldDelimiter ?? held?.fieldDelimiter;
  if (input.fieldDelimiter !== undefined && (outputFormat === "json" || outputFormat === "parquet")) {
    throw ctx.error("ValidationException", `A field delimiter does not go with the format ${outputFormat}.`);
  }
  const wanted = input.s3DeliveryConfiguration;
  if (wanted !== undefined && type !== "S3") {
    throw ctx.error("ValidationException", "s3DeliveryConfiguration is for deliveries to buckets.");
  }
  const suffixPath = wanted?.suffixPath ?? held?.s3?.suffixPath ?? defaultSuffix(kind);
  const hive = wanted?.enableHiveCompatiblePath ?? held?.s3?.enableHiveCompatiblePath ?? false;
  return {
    recordFields,
    ...(fieldDelimiter !== undefined && { fieldDelimiter }),
    ...(type === "S3" && { s3: { suffixPath, enableHiveCompatiblePath: hive } }),
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateDelivery.html */
export const createDelivery = logs.operation("CreateDelivery", {
  access: async ({ deliverySourceName, deliveryDestinationArn, tags }, ctx) => {
    const more = { requestTags: requestTags(tags) };
    // What is no ARN is asked for as a destination of the account.
    const destination = deliveryDestinationArn.startsWith("arn:")
      ? deliveryDestinationArn
      : `arn:aws:logs:${ctx.region}:${ctx.account}:delivery-destination:${deliveryDestinationArn}`;
    return [
      await deliveryAccess("CreateDelivery", "*", ctx as Context, more),
      await sourceAccess("CreateDelivery", deliverySourceName, ctx as Context, more),
      await destinationAccess("CreateDelivery", destination, ctx as Context, more),
    ];
  },
  async handle(input, ctx) {
    const { deliverySourceName: sourceName, deliveryDestinationArn: destinationArn, tags } = input;
    const source = await existingSource(sourceName, ctx);
    const destination = await destinationOf(destinationArn, ctx as Context);
    if (destination === undefined) throw ctx.error("ResourceNotFoundException", missingDestination);
    const rows = await deliveries.list(ctx.tx, [ctx.account, ctx.region]);
    const same = rows.filter(({ row }) => row.sourceName === sourceName);
    if (same.some(({ row }) => row.type === destination.type)) {
      throw ctx.error(
        "ConflictException",
        "The delivery source has a delivery to a destination of this type.",
      );
    }
    const id = randomText(16, "mixed62");
    const row: DeliveryRow = {
      id,
      arn: deliveryArn(ctx, id),
      sourceName,
      destinationArn,
      type: destination.type,
      ...configured(input, source, destination, undefined, ctx),
      tags: checkTags(tags ?? {}, {}, ctx as Context),
    };
    await prepareDestination(destination.resourceArn, ctx as Context);
    deliveries.put(ctx.tx, [ctx.account, ctx.region, id], row);
    return { delivery: shown(row) };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetDelivery.html */
export const getDelivery = logs.operation("GetDelivery", {
  access: ({ id }, ctx) => deliveryAccess("GetDelivery", id, ctx as Context),
  async handle({ id }, ctx) {
    return { delivery: shown(await existing(id, ctx)) };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeDeliveries.html */
export const describeDeliveries = logs.operation("DescribeDeliveries", {
  access: () => ({ action: "logs:DescribeDeliveries", resource: "*" }),
  async handle({ limit = 50, nextToken: marker, deliverySourceNames: names }, ctx) {
    const where = ({ sourceName }: DeliveryRow) => names?.includes(sourceName) ?? true;
    const { items, end } = await logsPage(ctx as never, () =>
      pageOf(deliveries, ctx.tx, [ctx.account, ctx.region], { limit, marker, where }),
    );
    return { deliveries: items.map(shown), ...end };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UpdateDeliveryConfiguration.html */
export const updateDeliveryConfiguration = logs.operation("UpdateDeliveryConfiguration", {
  access: async ({ id }, ctx) => {
    const row = await deliveries.get(ctx.tx, ctx.account, ctx.region, id);
    const delivery = await deliveryAccess("UpdateDeliveryConfiguration", id, ctx as Context);
    if (row === undefined) return [delivery];
    return [
      delivery,
      await sourceAccess("UpdateDeliveryConfiguration", row.sourceName, ctx as Context),
      await destinationAccess("UpdateDeliveryConfiguration", row.destinationArn, ctx as Context),
    ];
  },
  async handle({ id, ...input }, ctx) {
    const row = await existing(id, ctx);
    const source = await existingSource(row.sourceName, ctx);
    const destination = (await destinationOf(row.destinationArn, ctx as Context)) ?? row;
    const configuration = configured(input, source, { ...destination, type: row.type }, row, ctx);
    deliveries.put(ctx.tx, [ctx.account, ctx.region, id], { ...row, ...configuration });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteDelivery.html */
export const deleteDelivery = logs.operation("DeleteDelivery", {
  access: ({ id }, ctx) => deliveryAccess("DeleteDelivery", id, ctx as Context),
  async handle({ id }, ctx) {
    await existing(id, ctx);
    deliveries.delete(ctx.tx, ctx.account, ctx.region, id);
    return {};
  },
});
