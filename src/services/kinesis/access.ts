import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { type NamedStream, namedStream, type StreamInput } from "./names.ts";
import { type ShardsRow, type StreamRow, shardLists, streams } from "./tables.ts";

/**
 * Access to streams: by identity policies, and by a stream's own policy.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html
 */

export const streamType = "AWS::Kinesis::Stream";

export interface StreamAccessOptions {
  requestTags?: Access["requestTags"];
  context?: Access["context"];
}

export function findStream({ account, region, name }: NamedStream, ctx: Context) {
  return streams.get(ctx.tx, account, region, name);
}

export async function accessToStream(
  action: string,
  stream: NamedStream,
  ctx: Context,
  options: StreamAccessOptions = {},
): Promise<Access> {
  const row = await findStream(stream, ctx);
  return {
    action: `kinesis:${action}`,
    resource: stream.arn,
    resourceAccount: stream.account,
    resourceType: streamType,
    ...(row?.policy !== undefined && {
      resourcePolicy: { name: stream.arn, document: row.policy, kind: "resource" },
    }),
    ...(row && { resourceTags: row.tags }),
    ...options,
  };
}

/** Declares the access of an operation on the stream that its input names. */
export function onStream<Input extends StreamInput>(
  action: string,
  options: (input: Input) => StreamAccessOptions = () => ({}),
) {
  return (input: Input, ctx: Context) => accessToStream(action, namedStream(input, ctx), ctx, options(input));
}

/** For actions of an account. */
export function onAll(action: string) {
  return (): Access => ({ action: `kinesis:${action}`, resource: "*" });
}

/** For actions on a stream that AWS's reference gives no resource; the stream's owner decides all the same. */
export function onAnyStream<Input extends StreamInput>(action: string) {
  return (input: Input, ctx: Context): Access => ({
    action: `kinesis:${action}`,
    resource: "*",
    resourceAccount: namedStream(input, ctx).account,
  });
}

export function missingStream({ name, account }: Pick<NamedStream, "name" | "account">): string {
  return `Stream ${name} under account ${account} not found.`;
}

type FindErrors = "ResourceNotFoundException" | "InvalidArgumentException";

/** The stream, or ResourceNotFoundException in AWS's words. */
export async function existingStream(input: StreamInput, ctx: Context<FindErrors>): Promise<StreamRow> {
  const { StreamName, StreamARN } = input;
  if (StreamName === undefined && StreamARN === undefined) {
    throw ctx.error("InvalidArgumentException", "Either StreamName or StreamARN must be specified.");
  }
  const stream = namedStream(input, ctx);
  if (StreamName !== undefined && StreamName !== stream.name) {
    throw ctx.error(
      "InvalidArgumentException",
      `StreamName ${StreamName} and StreamARN ${StreamARN} do not name the same stream.`,
    );
  }
  // Each Region answers for its own.
  const row = stream.region === ctx.region ? await findStream(stream, ctx) : undefined;
  if (row === undefined) throw ctx.error("ResourceNotFoundException", missingStream(stream));
  return row;
}

export async function shardsOf({ account, region, streamId }: StreamRow, ctx: Context): Promise<ShardsRow> {
  const row = await shardLists.get(ctx.tx, account, region, streamId);
  if (row === undefined) throw new Error("A stream has no list of shards.");
  return row;
}

export function putStream(row: StreamRow, ctx: Context): void {
  streams.put(ctx.tx, [row.account, row.region, row.name], row);
}

export function requestTags(tags: Readonly<Record<string, string>> | undefined): Access["requestTags"] {
  return tags && Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
