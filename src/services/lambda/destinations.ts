import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { deliver, parseArn, queueUrl } from "../../kit/targets.ts";
import { resolve } from "./find.ts";
import { type FunctionName, findFunction, functionArn, latest } from "./names.ts";
import { roleSession } from "./runtime/journal.ts";

/**
 * Where the outcome of an asynchronous invocation goes, with the function's own role.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */

export interface AsyncOutcome {
  named: FunctionName;
  requestId: string;
  requestPayload: string;
  responsePayload: string;
  functionError: string | undefined;
  version: string;
  attempts: number;
  /** "Success", "RetriesExhausted", "EventAgeExceeded" */
  condition: string;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function recordOf(outcome: AsyncOutcome, ctx: Context): Record<string, unknown> {
  const { named, requestId, requestPayload, responsePayload, functionError, version } = outcome;
  return {
    version: "1.0",
    timestamp: new Date(ctx.clock.now()).toISOString(),
    requestContext: {
      requestId,
      functionArn: functionArn(named, named.qualifier ?? latest),
      condition: outcome.condition,
      approximateInvokeCount: outcome.attempts,
    },
    requestPayload: json(requestPayload),
    ...(responsePayload !== "" && {
      responseContext: {
        statusCode: 200,
        executedVersion: version,
        ...(functionError !== undefined && { functionError }),
      },
      responsePayload: json(responsePayload),
    }),
  };
}

/** Delivers to one of the kinds of destination; what may not be delivered shows in a metric, as on AWS. */
export async function toDestination(
  arn: string | undefined,
  outcome: AsyncOutcome,
  ctx: Context,
): Promise<void> {
  if (arn === undefined) return;
  const body = recordOf(outcome, ctx);
  await attempt("DestinationDeliveryFailures", outcome.named, ctx, async (as) => {
    const target = parseArn(arn);
    if (target?.service === "events") {
      const result = outcome.condition === "Success" ? "Success" : "Failure";
      const event = {
        source: "lambda",
        "detail-type": `Lambda Function Invocation Result - ${result}`,
        resources: [arn, functionArn(outcome.named, outcome.named.qualifier ?? latest)],
        detail: body,
        time: new Date(ctx.clock.now()),
      };
      await deliver(ctx, { arn }, JSON.stringify(event), as);
    } else if (target?.service === "s3")
      await toBucket(target.resource, JSON.stringify(body), outcome, as, ctx);
    else await deliver(ctx, { arn }, JSON.stringify(body), as);
  });
}

type Session = Awaited<ReturnType<typeof roleSession>>;

async function toBucket(
  Bucket: string,
  body: string,
  { named }: AsyncOutcome,
  as: Session,
  ctx: Context,
): Promise<void> {
  const at = new Date(ctx.clock.now()).toISOString();
  const day = at.slice(0, 10).replaceAll("-", "/");
  const time = at.slice(0, 19).replaceAll(":", ".");
  const Key = `aws/lambda/async/${named.name}/${day}/${time}-${uuid()}`;
  await ctx.call("s3", "PutObject", { Bucket, Key }, { as, body: Buffer.from(body) });
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq */
export async function toDeadLetters(outcome: AsyncOutcome, ctx: Context): Promise<void> {
  const { named, requestId, requestPayload, responsePayload } = outcome;
  const row = await findFunction(named, ctx);
  const { configuration } = row ? await resolve(named, ctx) : {};
  const arn = configuration?.deadLetterArn;
  if (arn === undefined) return;
  const said = json(responsePayload) as { errorMessage?: string } | string;
  const ErrorMessage = (typeof said === "object" ? said?.errorMessage : undefined) ?? "";
  const attributes = {
    RequestID: { DataType: "String", StringValue: requestId },
    ErrorCode: { DataType: "Number", StringValue: "200" },
    ...(ErrorMessage !== "" && {
      ErrorMessage: { DataType: "String", StringValue: ErrorMessage.slice(0, 1_024) },
    }),
  };
  await attempt("DeadLetterErrors", named, ctx, async (as) => {
    const target = parseArn(arn);
    if (target === undefined) return;
    const options = { as, account: target.account, region: target.region };
    if (target.service === "sqs") {
      const input = {
        QueueUrl: queueUrl(target),
        MessageBody: requestPayload,
        MessageAttributes: attributes,
      };
      await ctx.call("sqs", "SendMessage", input, options);
    } else {
      const input = { TopicArn: arn, Message: requestPayload, MessageAttributes: attributes };
      await ctx.call("sns", "Publish", input, options);
    }
  });
}

async function attempt(
  metric: string,
  named: FunctionName,
  ctx: Context,
  send: (as: Session) => Promise<void>,
): Promise<void> {
  const { configuration } = await resolve(named, ctx);
  try {
    const role = { roleArn: configuration.role, functionName: named.name };
    await send(await roleSession({ ...role, functionArn: functionArn(named), account: named.account }, ctx));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const dimensions = { FunctionName: named.name };
    ctx.metric({ namespace: "AWS/Lambda", name: metric, dimensions, value: 1 });
  }
}
