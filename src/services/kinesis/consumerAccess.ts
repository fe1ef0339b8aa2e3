import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { findStream, type StreamAccessOptions } from "./access.ts";
import { type NamedConsumer, type NamedStream, namedStream, streamOfArn } from "./names.ts";
import { type ConsumerRow, consumers, type StreamRow } from "./tables.ts";

/** Access to consumers: by identity policies, and by a consumer's own policy. */

export interface FoundConsumer {
  stream: StreamRow;
  row: ConsumerRow;
}

export function missingConsumer(arn: string): string {
  return `Consumer ${arn} not found.`;
}

/** The consumer of that very ARN: one of the same name may have been made since. */
export async function findConsumer(
  { stream: named, name, arn }: NamedConsumer,
  ctx: Context,
): Promise<FoundConsumer | undefined> {
  const stream = named.region === ctx.region ? await findStream(named, ctx) : undefined;
  if (stream === undefined) return undefined;
  const row = await consumers.get(ctx.tx, stream.account, stream.region, stream.streamId, name);
  return row?.arn === arn ? { stream, row } : undefined;
}

export function putConsumer({ stream, row }: FoundConsumer, ctx: Context): void {
  consumers.put(ctx.tx, [stream.account, stream.region, stream.streamId, row.name], row);
}

export async function accessToConsumer(
  action: string,
  consumer: NamedConsumer,
  ctx: Context,
  options: StreamAccessOptions = {},
): Promise<Access> {
  const row = (await findConsumer(consumer, ctx))?.row;
  return {
    action: `kinesis:${action}`,
    resource: consumer.arn,
    resourceAccount: consumer.account,
    resourceType: "AWS::Kinesis::StreamConsumer",
    ...(row?.policy !== undefined && {
      resourcePolicy: { name: consumer.arn, document: row.policy, kind: "resource" },
    }),
    ...(row && { resourceTags: row.tags }),
    ...options,
  };
}

/** Operations name a consumer by its ARN, or by its stream's and its own name. */
export interface ConsumerInput {
  StreamARN?: string | undefined;
  ConsumerName?: string | undefined;
  ConsumerARN?: string | undefined;
}

/** The stream of a consumer that is named without its ARN. */
export function streamOf({ StreamARN }: ConsumerInput, ctx: Context): NamedStream {
  return (StreamARN === undefined ? undefined : streamOfArn(StreamARN)) ?? namedStream({}, ctx);
}
