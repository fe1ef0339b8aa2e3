import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";

/** Names of streams, shards and consumers. */

export interface Owner {
  account: string;
  region: string;
}

export function streamArn({ account, region }: Owner, name: string): string {
  return `arn:aws:kinesis:${region}:${account}:stream/${name}`;
}

export function shardId(number: number): string {
  return `shardId-${String(number).padStart(12, "0")}`;
}

/** The number in a shard's id; undefined for what is none. AWS takes the number alone, too. */
export function shardNumber(id: string): number | undefined {
  const match = /^(?:shardId-)?(\d{1,12})$/.exec(id);
  return match === null ? undefined : Number(match[1]);
}

/** A stream by name or ARN, whether or not there is one. */
export interface NamedStream extends Owner {
  name: string;
  arn: string;
}

export interface StreamInput {
  StreamName?: string | undefined;
  StreamARN?: string | undefined;
  StreamId?: string | undefined;
}

/** The stream that an input names; an ARN counts over a name. */
export function namedStream({ StreamName, StreamARN }: StreamInput, ctx: Context): NamedStream {
  const byArn = StreamARN === undefined ? undefined : streamOfArn(StreamARN);
  if (byArn !== undefined) return byArn;
  const { account, region } = ctx;
  const name = StreamName ?? "";
  return { account, region, name, arn: streamArn(ctx, name) };
}

/** Undefined for an ARN of something else. */
export function streamOfArn(arn: string): NamedStream | undefined {
  const parsed = parseArn(arn);
  const [, name] = /^stream\/([a-zA-Z0-9_.-]+)$/.exec(parsed?.resource ?? "") ?? [];
  if (parsed?.service !== "kinesis" || name === undefined) return undefined;
  const { account, region } = parsed;
  return { account, region, name, arn };
}

export interface NamedConsumer extends Owner {
  stream: NamedStream;
  name: string;
  arn: string;
}

export function consumerArn(stream: string, name: string, createdMs: number): string {
  return `${stream}/consumer/${name}:${Math.floor(createdMs / 1000)}`;
}

/** Undefined for an ARN of something else. */
export function consumerOfArn(arn: string): NamedConsumer | undefined {
  const match =
    /^(arn:[^:]+:kinesis:[^:]+:\d{12}:stream\/[a-zA-Z0-9_.-]+)\/consumer\/([a-zA-Z0-9_.-]+):\d+$/.exec(arn);
  const stream = match === null ? undefined : streamOfArn(match[1] as string);
  if (match === null || stream === undefined) return undefined;
  const { account, region } = stream;
  return { account, region, stream, name: match[2] as string, arn };
}
