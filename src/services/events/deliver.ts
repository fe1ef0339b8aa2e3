import type { Target } from "@aws-sdk/client-eventbridge";
import { type Caller, servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { deliver, isRetriable, maxHops, retryDelayMs, sendToDeadLetters } from "../../kit/targets.ts";
import { type HttpResult, isApiDestination, peerOf, sendToApiDestination } from "./apiCalls.ts";
import { ruleDimensions } from "./ingest.ts";
import { type BusName, ruleArn } from "./names.ts";
import { targets } from "./tables.ts";
import { atPath, bodyFor, type Envelope } from "./transform.ts";

/** One event for one target of one rule. */
export interface Invocation {
  bus: string;
  rule: string;
  targetId: string;
  event: Envelope;
  ingestedAtMs: number;
  /** How often it was tried before. */
  attempts?: number;
  /** Scheduled rules keep a target's own input; the event stands for "now". */
  [member: string]: unknown;
}

const defaultMaxAttempts = 185;
const defaultMaxAgeSeconds = 86_400;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html */
export const invoke = {
  async send(
    invocation: Invocation,
    { account, region, read }: DeliveryScope,
  ): Promise<HttpResult | undefined> {
    const { bus, rule, targetId, event, ingestedAtMs } = invocation;
    const target = await read((tx) => targets.get(tx, account, region, bus, rule, targetId));
    if (target === undefined || !isApiDestination(target)) return undefined;
    const facts = { ruleArn: ruleArn({ account, region, name: bus }, rule), ruleName: rule, ingestedAtMs };
    return await sendToApiDestination(target, bodyFor(target, event, facts), read);
  },

  async settle(invocation: Invocation, ctx: Context, result: HttpResult | undefined): Promise<void> {
    const bus: BusName = { account: ctx.account, region: ctx.region, name: invocation.bus };
    const { rule, targetId } = invocation;
    const target = await targets.get(ctx.tx, bus.account, bus.region, bus.name, rule, targetId);
    // The target was taken from the rule meanwhile.
    if (target === undefined) return;
    const count = counter(bus, rule, ctx);
    if ((invocation.attempts ?? 0) > 0) count("RetryInvocationAttempts");
    count("Invocations");
    const error = await attempt(invocation, target, bus, ctx, result);
    if (error === undefined) return;
    await failed(error, invocation, target, bus, ctx);
  },
};

function counter(bus: BusName, rule: string, ctx: Context): (name: string) => void {
  const dimensions = ruleDimensions(bus, rule);
  return (name) => ctx.metric({ namespace: "AWS/Events", name, dimensions, value: 1 });
}

async function attempt(
  { rule, event, ingestedAtMs }: Invocation,
  target: Target,
  bus: BusName,
  ctx: Context,
  sent: HttpResult | undefined,
): Promise<AwsError | undefined> {
  if (ctx.hops > maxHops) return new AwsError("INTERNAL_ERROR", "The event leads to itself without end.");
  if (sent !== undefined) {
    return sent.error === undefined
      ? undefined
      : new AwsError(sent.error.code, sent.error.message, { status: sent.error.retriable ? 503 : 400 });
  }
  const facts = { ruleArn: ruleArn(bus, rule), ruleName: rule, ingestedAtMs };
  const isBus = /^arn:[^:]+:events:/.test(target.Arn ?? "");
  const body = isBus ? JSON.stringify(event) : bodyFor(target, event, facts);
  try {
    const as = await authority(target, facts.ruleArn, bus, ctx);
    const to = {
      arn: target.Arn ?? "",
      messageGroupId: target.SqsParameters?.MessageGroupId,
      logStream: event.id,
      partitionKey: partitionKeyOf(target, event),
    };
    await deliver(ctx, to, body, as);
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_KinesisParameters.html */
function partitionKeyOf({ KinesisParameters }: Target, event: Envelope): string {
  const value = KinesisParameters?.PartitionKeyPath && atPath(event, KinesisParameters.PartitionKeyPath);
  return typeof value === "string" && value !== "" ? value : event.id;
}

/** The role that the target names, or EventBridge itself, for the rule. */
async function authority({ RoleArn }: Target, arn: string, bus: BusName, ctx: Context): Promise<Caller> {
  const service = servicePrincipal("events.amazonaws.com", { sourceArn: arn, sourceAccount: bus.account });
  return RoleArn === undefined ? service : await ctx.assumeRole(RoleArn, service, sessionName(arn));
}

function sessionName(arn: string): string {
  return arn
    .slice(arn.lastIndexOf("/") + 1)
    .slice(0, 64)
    .padEnd(2, "-");
}

/** Tries again later, or hands the event to the target's dead-letter queue. */
async function failed(
  error: AwsError,
  invocation: Invocation,
  target: Target,
  bus: BusName,
  ctx: Context,
): Promise<void> {
  const attempts = (invocation.attempts ?? 0) + 1;
  const { MaximumRetryAttempts = defaultMaxAttempts, MaximumEventAgeInSeconds = defaultMaxAgeSeconds } =
    target.RetryPolicy ?? {};
  const delayMs = retryDelayMs(attempts);
  const tooOld = ctx.clock.now() + delayMs > invocation.ingestedAtMs + MaximumEventAgeInSeconds * 1000;
  const tooOften = attempts > MaximumRetryAttempts;
  if (isRetriable(error) && !tooOld && !tooOften) {
    return ctx.outbox.put("invoke", { ...invocation, attempts }, { delayMs, ...peerOf(target) });
  }
  const count = counter(bus, invocation.rule, ctx);
  count("FailedInvocations");
  const queueArn = target.DeadLetterConfig?.Arn;
  if (queueArn === undefined) return;
  const arn = ruleArn(bus, invocation.rule);
  const letter = {
    queueArn,
    body: JSON.stringify(invocation.event),
    attributes: {
      RULE_ARN: arn,
      TARGET_ARN: target.Arn ?? "",
      ERROR_CODE: shownCode(error),
      ERROR_MESSAGE: error.message,
      ...(isRetriable(error) && {
        EXHAUSTED_RETRY_CONDITION: tooOften ? "MaximumRetryAttempts" : "MaximumEventAgeInSeconds",
      }),
      RETRY_ATTEMPTS: String(attempts - 1),
    },
  };
  try {
    const source = { sourceArn: arn, sourceAccount: bus.account };
    await sendToDeadLetters(ctx, letter, servicePrincipal("events.amazonaws.com", source));
    count("InvocationsSentToDlq");
  } catch (problem) {
    if (!(problem instanceof AwsError)) throw problem;
    count("InvocationsFailedToBeSentToDlq");
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html#eb-rule-dlq */
function shownCode({ code }: AwsError): string {
  if (/AccessDenied|NotAuthorized|KMS.AccessDenied/.test(code)) return "NO_PERMISSIONS";
  if (/NotFound|NonExistent|DoesNotExist/.test(code)) return "NO_RESOURCE";
  if (/Throttl/.test(code)) return "THROTTLING";
  return code;
}
