import { AwsError } from "../../../kit/errors.ts";
import { uuid } from "../../../kit/ids.ts";
import { deliver, parseArn } from "../../../kit/targets.ts";
import { mappedFunctionArn } from "../mappingTags.ts";
import { type Answer, sourceSession } from "./batch.ts";
import type { PollScope } from "./pollers.ts";
import type { StreamRecord } from "./shards.ts";

/**
 * Records that are given up: where they stood goes to the mapping's destination; to a bucket, the records themselves too.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */

interface Reason {
  condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  attempts: number;
  answer: Answer | undefined;
}

export async function discard(
  scope: PollScope,
  shard: string,
  records: readonly StreamRecord[],
  reason: Reason,
): Promise<void> {
  const { onFailure } = scope.mapping.row;
  if (onFailure === undefined || records.length === 0) return;
  try {
    await scope.act(async (ctx) => {
      const { as } = await sourceSession(scope.mapping, ctx);
      const body = describe(scope, shard, records, reason, ctx.clock.now());
      const target = parseArn(onFailure);
      if (target?.service !== "s3") return await deliver(ctx, { arn: onFailure }, JSON.stringify(body), as);
      const payload = { Records: records.map(({ event }) => event) };
      const Key = keyOf(scope, shard, ctx.clock.now());
      const content = Buffer.from(JSON.stringify({ ...body, payload }));
      await ctx.call("s3", "PutObject", { Bucket: target.resource, Key }, { as, body: content });
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    await scope.report(`PROBLEM: ${error.code}: ${error.message}`);
  }
}

function describe(
  { mapping }: PollScope,
  shardId: string,
  records: readonly StreamRecord[],
  { condition, attempts, answer }: Reason,
  nowMs: number,
): Record<string, unknown> {
  const [first] = records as [StreamRecord];
  const last = records.at(-1) as StreamRecord;
  const outcome = answer?.outcome;
  const batch = {
    shardId,
    startSequenceNumber: first.sequenceNumber,
    endSequenceNumber: last.sequenceNumber,
    approximateArrivalOfFirstRecord: new Date(first.atMs).toISOString(),
    approximateArrivalOfLastRecord: new Date(last.atMs).toISOString(),
    batchSize: records.length,
    streamArn: mapping.row.sourceArn,
  };
  return {
    requestContext: {
      requestId: answer?.requestId ?? uuid(),
      functionArn: mappedFunctionArn(mapping.row, mapping),
      condition,
      approximateInvokeCount: attempts,
    },
    ...(outcome && {
      responseContext: {
        statusCode: 200,
        executedVersion: outcome.version,
        functionError: outcome.functionError ?? null,
      },
    }),
    version: "1.0",
    timestamp: new Date(nowMs).toISOString(),
    [mapping.row.kind === "kinesis" ? "KinesisBatchInfo" : "DDBStreamBatchInfo"]: batch,
  };
}

function keyOf({ mapping }: PollScope, shard: string, nowMs: number): string {
  const at = new Date(nowMs).toISOString();
  const day = at.slice(0, 10).replaceAll("-", "/");
  const time = at.slice(0, 19).replaceAll(":", ".");
  return `aws/lambda/${mapping.row.uuid}/${shard}/${day}/${time}-${uuid()}`;
}
