import type { CloudWatchLoggingOptions } from "@aws-sdk/client-firehose";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { asRole } from "./names.ts";
import type { Failure } from "./records.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/** Problems of deliveries, in CloudWatch Logs. https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html */

export interface Problem extends Failure {
  processor?: string;
}

export async function logProblems(
  stream: DeliveryStreamRow,
  problems: readonly Problem[],
  destination: string,
  ctx: Context,
): Promise<void> {
  const { config } = stream.destination;
  const options: CloudWatchLoggingOptions = config.CloudWatchLoggingOptions ?? {};
  const { Enabled, LogGroupName: logGroupName, LogStreamName: logStreamName } = options;
  const roleArn = config.RoleARN;
  if (problems.length === 0 || Enabled !== true || !logGroupName || !logStreamName || roleArn === undefined)
    return;
  const logEvents = problems.map(({ code, message, processor }) => ({
    timestamp: Math.floor(ctx.clock.now()),
    message: JSON.stringify({
      deliveryStreamARN: stream.arn,
      destination,
      deliveryStreamVersionId: stream.version,
      message,
      errorCode: code,
      ...(processor !== undefined && { processor }),
    }),
  }));
  try {
    const as = await asRole(stream, roleArn, ctx);
    const { account, region } = stream;
    await ctx.call(
      "logs",
      "PutLogEvents",
      { logGroupName, logStreamName, logEvents },
      { as, account, region },
    );
  } catch (error) {
    // A log that cannot be written must not keep the data from where it belongs.
    if (!(error instanceof AwsError)) throw error;
  }
}
