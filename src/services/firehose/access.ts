import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { deliveryStreamArn } from "./names.ts";
import { type DeliveryStreamRow, deliveryStreams } from "./tables.ts";

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisfirehose.html */

interface Options {
  requestTags?: Access["requestTags"];
  context?: Access["context"];
}

/** Declares the access of an operation on the delivery stream that its input names. */
export function onDeliveryStream<Input extends { DeliveryStreamName: string }>(
  action: string,
  options: (input: Input) => Options = () => ({}),
) {
  return async (input: Input, ctx: Context): Promise<Access> => {
    const row = await deliveryStreams.get(ctx.tx, ctx.account, ctx.region, input.DeliveryStreamName);
    return {
      action: `firehose:${action}`,
      resource: deliveryStreamArn(ctx, input.DeliveryStreamName),
      resourceType: "AWS::KinesisFirehose::DeliveryStream",
      ...(row && { resourceTags: row.tags }),
      ...options(input),
    };
  };
}

/** The delivery stream, or ResourceNotFoundException in AWS's words. */
export async function existingDeliveryStream(
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<DeliveryStreamRow> {
  const row = await deliveryStreams.get(ctx.tx, ctx.account, ctx.region, name);
  if (row !== undefined) return row;
  throw ctx.error("ResourceNotFoundException", `Firehose ${name} under account ${ctx.account} not found.`);
}

export function putDeliveryStream(row: DeliveryStreamRow, ctx: Context): void {
  deliveryStreams.put(ctx.tx, [row.account, row.region, row.name], row);
}
