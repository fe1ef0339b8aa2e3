import type { Target } from "@aws-sdk/client-scheduler";
import { type Caller, servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { eventTime } from "../../kit/record.ts";
import { deliver, isRetriable, parseArn, retryDelayMs, sendToDeadLetters } from "../../kit/targets.ts";
import { groupArn, scheduleArn } from "./names.ts";

/** What a schedule calls, and what becomes of a call that fails. */

export interface Invocation {
  group: string;
  name: string;
  target: Target;
  scheduledMs: number;
  executionId: string;
  firstTriedMs: number;
  attempts?: number;
  [member: string]: unknown;
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html */
const universal = /^arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9-]+):([a-zA-Z0-9]+)$/;
const readOnly =
  /^(get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|batchGet|batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|testConnection|translateDocument|isAuthorized|invokeModel)/;

/** Services whose name in an SDK differs from the one here. */
const sdkNames: Record<string, string> = { eventbridge: "events", cloudwatchlogs: "logs", sfn: "states" };

export function checkTarget(
  { Arn = "", Input, EventBridgeParameters, KinesisParameters, SqsParameters }: Target,
  ctx: Context,
): void {
  const invalid = (message: string) => ctx.error("ValidationException", message);
  const named = universal.exec(Arn);
  if (named === null && parseArn(Arn) === undefined) throw invalid(`Provided Arn is not in correct format.`);
  if (named !== null && readOnly.test(named[2] as string))
    throw invalid(`${named[2]} is not a supported action: it only reads.`);
  if (named !== null && Input !== undefined && parsed(Input) === undefined)
    throw invalid("Invalid Input: a universal target takes a JSON object.");
  const isBus = /^arn:[^:]+:events:/.test(Arn);
  if (isBus !== (EventBridgeParameters !== undefined))
    throw invalid("EventBridgeParameters must be specified for an event bus, and for no other target.");
  if (Arn.endsWith(".fifo") && /:sqs:/.test(Arn) && SqsParameters?.MessageGroupId === undefined)
    throw invalid("SqsParameters must be specified for a FIFO queue.");
  const isStream = /^arn:[^:]+:kinesis:/.test(Arn);
  if (isStream !== (KinesisParameters !== undefined))
    throw invalid("KinesisParameters must be specified for a Kinesis stream, and for no other target.");
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const defaultMaxAttempts = 185;
const defaultMaxAgeSeconds = 86_400;

export const invoke = {
  async settle(invocation: Invocation, ctx: Context): Promise<void> {
    const { group, target } = invocation;
    const count = (name: string) =>
      ctx.metric({ namespace: "AWS/Scheduler", name, dimensions: { ScheduleGroup: group }, value: 1 });
    count("InvocationAttemptCount");
    const source = { sourceArn: groupArn(ctx, group), sourceAccount: ctx.account };
    const service = servicePrincipal("scheduler.amazonaws.com", source);
    try {
      const as = await ctx.assumeRole(target.RoleArn ?? "", service, sessionName(invocation));
      await call(invocation, as, ctx);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      count("TargetErrorCount");
      await failed(error, invocation, count, ctx);
    }
  },
};

function sessionName({ name }: Invocation): string {
  return name.slice(0, 64).padEnd(2, "-");
}

async function call(invocation: Invocation, as: Caller, ctx: Context): Promise<void> {
  const { target } = invocation;
  const { Arn = "", SqsParameters, EventBridgeParameters, KinesisParameters } = target;
  const body = bodyOf(invocation, ctx);
  const named = universal.exec(Arn);
  if (named !== null) {
    const [, service = "", action = ""] = named;
    const operation = action[0]?.toUpperCase() + action.slice(1);
    await ctx.call(sdkNames[service] ?? service, operation, parsed(body) ?? {}, { as, isDocument: true });
  } else if (EventBridgeParameters !== undefined) {
    const { Source: source, DetailType } = EventBridgeParameters;
    const event = {
      source,
      "detail-type": DetailType,
      detail: parsed(body) ?? {},
      time: new Date(ctx.clock.now()),
    };
    await deliver(ctx, { arn: Arn }, JSON.stringify(event), as);
  } else {
    const { MessageGroupId: messageGroupId } = SqsParameters ?? {};
    await deliver(ctx, { arn: Arn, messageGroupId, partitionKey: KinesisParameters?.PartitionKey }, body, as);
  }
}

/** The target's input with its context attributes, or AWS's own notification. */
function bodyOf(
  { group, name, target, scheduledMs, executionId, attempts = 0 }: Invocation,
  ctx: Context,
): string {
  const arn = scheduleArn(ctx, group, name);
  const attributes: Record<string, string> = {
    "schedule-arn": arn,
    "scheduled-time": eventTime(scheduledMs),
    "execution-id": executionId,
    "attempt-number": String(attempts + 1),
  };
  if (target.Input !== undefined) {
    return target.Input.replace(
      /<aws\.scheduler\.([a-z-]+)>/g,
      (whole, one: string) => attributes[one] ?? whole,
    );
  }
  return JSON.stringify({
    version: "0",
    id: executionId,
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account: ctx.account,
    time: eventTime(scheduledMs),
    region: ctx.region,
    resources: [arn],
    detail: "{}",
  });
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html */
async function failed(
  error: AwsError,
  invocation: Invocation,
  count: (name: string) => void,
  ctx: Context,
): Promise<void> {
  const { target, group, name } = invocation;
  const attempts = (invocation.attempts ?? 0) + 1;
  const { MaximumRetryAttempts = defaultMaxAttempts, MaximumEventAgeInSeconds = defaultMaxAgeSeconds } =
    target.RetryPolicy ?? {};
  const delayMs = retryDelayMs(attempts);
  const tooOld = ctx.clock.now() + delayMs > invocation.firstTriedMs + MaximumEventAgeInSeconds * 1000;
  if (isRetriable(error) && !tooOld && attempts <= MaximumRetryAttempts) {
    return ctx.outbox.put("invoke", { ...invocation, attempts }, { delayMs });
  }
  count("InvocationDroppedCount");
  const queueArn = target.DeadLetterConfig?.Arn;
  if (queueArn === undefined) return;
  const source = { sourceArn: groupArn(ctx, group), sourceAccount: ctx.account };
  const letter = {
    queueArn,
    body: bodyOf(invocation, ctx),
    attributes: {
      ERROR_CODE: error.code,
      ERROR_MESSAGE: error.message,
      EXECUTION_ID: invocation.executionId,
      EXHAUSTED_RETRY_CONDITION: tooOld ? "MaximumEventAgeInSeconds" : "MaximumRetryAttempts",
      IS_PAYLOAD_TRUNCATED: "false",
      RETRY_ATTEMPTS: String(attempts - 1),
      SCHEDULE_ARN: scheduleArn(ctx, group, name),
      SCHEDULED_TIME: eventTime(invocation.scheduledMs),
      TARGET_ARN: target.Arn ?? "",
    },
  };
  try {
    // The schedule's own role writes its dead letters.
    const service = servicePrincipal("scheduler.amazonaws.com", source);
    const as = await ctx.assumeRole(target.RoleArn ?? "", service, sessionName(invocation));
    await sendToDeadLetters(ctx, letter, as);
    count("InvocationsSentToDeadLetterCount");
  } catch (problem) {
    if (!(problem instanceof AwsError)) throw problem;
    count("InvocationsFailedToBeSentToDeadLetterCount");
  }
}
