import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { Access } from "../../../kit/service.ts";
import { parseArn } from "../../../kit/targets.ts";
import { retentionMs } from "../tableStreams.ts";
import { type StreamRow, streams, tables } from "../tables.ts";

/** Streams by their ARN: "…:table/name/stream/label". */

interface StreamName {
  account: string;
  region: string;
  table: string;
  label: string;
}

export function streamName(arn: string): StreamName | undefined {
  const parsed = parseArn(arn);
  const match = /^table\/([^/]+)\/stream\/(.+)$/.exec(parsed?.resource ?? "");
  if (parsed?.service !== "dynamodb" || match === null) return undefined;
  const [, table, label] = match as unknown as [string, string, string];
  return { account: parsed.account, region: parsed.region, table, label };
}

export const streamType = "AWS::DynamoDB::Stream";

export async function streamAccess(action: string, arn: string, ctx: Context): Promise<Access> {
  const name = streamName(arn);
  const table = name && (await tables.get(ctx.tx, name.account, name.region, name.table));
  const policy = table?.policy;
  return {
    action: `dynamodb:${action}`,
    resource: name === undefined ? `arn:aws:dynamodb:${ctx.region}:${ctx.account}:table/*/stream/*` : arn,
    resourceAccount: name?.account ?? ctx.account,
    resourceType: streamType,
    resourcePolicy: policy && { name: table.arn, document: policy.document, kind: "resource" },
  };
}

export async function existingStream(arn: string, ctx: Context): Promise<StreamRow> {
  const name = streamName(arn);
  if (name === undefined) {
    throw new AwsError("ValidationException", "Invalid StreamArn");
  }
  const stream = await streams.get(ctx.tx, name.account, name.region, name.table, name.label);
  const isGone = stream?.endedAt !== undefined && stream.endedAt + retentionMs <= ctx.clock.now();
  if (stream !== undefined && !isGone) return stream;
  throw new AwsError("ResourceNotFoundException", `Requested resource not found: Stream: ${arn} not found`);
}

/** A stream has one shard, whose name says when it began. */
export function shardIdOf({ created, store }: StreamRow): string {
  const tail = Buffer.from(store).toString("hex").slice(0, 8);
  return `shardId-${String(created).padStart(20, "0")}-${tail}`;
}

export function scopeOf({ arn, store }: StreamRow): [account: string, region: string, store: string] {
  const [, , , region = "", account = ""] = arn.split(":");
  return [account, region, store];
}
