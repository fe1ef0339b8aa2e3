import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { checkFilter } from "./filters.ts";

/** Attributes of topics and subscriptions: which there are, and what they may be. */

const feedback = ["HTTP", "SQS", "Lambda", "Firehose", "Application"].flatMap((protocol) =>
  ["SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"].map(
    (name) => protocol + name,
  ),
);

/** Those beside the policy that may change. https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html */
export const topicAttributes: ReadonlySet<string> = new Set([
  "DisplayName",
  "DeliveryPolicy",
  "KmsMasterKeyId",
  "SignatureVersion",
  "TracingConfig",
  "ContentBasedDeduplication",
  "FifoThroughputScope",
  "ArchivePolicy",
  ...feedback,
]);

const subscriptionAttributes = new Set([
  "DeliveryPolicy",
  "FilterPolicy",
  "FilterPolicyScope",
  "RawMessageDelivery",
  "RedrivePolicy",
  "SubscriptionRoleArn",
  "ReplayPolicy",
]);

type Invalid = Context<"InvalidParameterException">;

/** Checks one attribute of a subscription; answers what is kept. `where` stands before the reason: "" or "Attributes Reason: ". */
export function checkedSubscriptionAttribute(
  name: string,
  value: string,
  { where, fifo, all }: { where: string; fifo: boolean; all: Readonly<Record<string, string>> },
  ctx: Invalid,
): string {
  const invalid = (reason: string) =>
    ctx.error("InvalidParameterException", `Invalid parameter: ${where}${reason}`);
  if (!subscriptionAttributes.has(name))
    throw ctx.error("InvalidParameterException", "Invalid parameter: AttributeName");
  if (name === "RawMessageDelivery" && !/^(?:true|false)$/i.test(value))
    throw invalid(`RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
  if (name === "FilterPolicyScope" && !/^Message(?:Body|Attributes)$/.test(value)) {
    throw invalid(
      `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
    );
  }
  if (name === "FilterPolicy" || name === "FilterPolicyScope") {
    const policy = name === "FilterPolicy" ? value : all.FilterPolicy;
    const scope = name === "FilterPolicyScope" ? value : all.FilterPolicyScope;
    if (policy && policy !== "{}") checkFilter(policy, scope ?? "MessageAttributes", invalid);
  }
  if (name === "RedrivePolicy" && value !== "") checkRedrive(value, fifo, invalid);
  if (name === "DeliveryPolicy") parsedJson(value, "DeliveryPolicy", invalid);
  return name === "RawMessageDelivery" ? value.toLowerCase() : value;
}

function parsedJson(text: string, name: string, invalid: (reason: string) => Error): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as never;
  } catch (error) {
    throw invalid(`${name}: failed to parse JSON. ${error instanceof Error ? error.message : ""}`);
  }
  throw invalid(`${name}: failed to parse JSON. It is not an object.`);
}

function checkRedrive(text: string, fifo: boolean, invalid: (reason: string) => Error): void {
  const { deadLetterTargetArn } = parsedJson(text, "RedrivePolicy", invalid);
  const arn = typeof deadLetterTargetArn === "string" ? parseArn(deadLetterTargetArn) : undefined;
  if (arn?.service !== "sqs") throw invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn");
  if (fifo && !arn.resource.endsWith(".fifo"))
    throw invalid("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.");
}

/** How HTTP deliveries are tried again. https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html */
export interface RetryPolicy {
  minDelayTarget: number;
  maxDelayTarget: number;
  numRetries: number;
  numMaxDelayRetries: number;
  numNoDelayRetries: number;
  numMinDelayRetries: number;
  backoffFunction: "linear" | "arithmetic" | "geometric" | "exponential";
}

const defaultRetry: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numMaxDelayRetries: 0,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  backoffFunction: "linear",
};

interface HttpPolicy {
  defaultHealthyRetryPolicy: RetryPolicy;
  disableSubscriptionOverrides: boolean;
  defaultRequestPolicy: { headerContentType: string };
}

/** A topic's delivery policy as it is kept: what was taken back is gone, and overrides are said. */
export function keptPolicy(text: string): string {
  const { http = {}, ...others } = JSON.parse(text) as { http?: Record<string, unknown> };
  const given = Object.entries(http).filter(([, value]) => value !== null);
  return JSON.stringify({
    ...others,
    http: {
      ...Object.fromEntries(given),
      disableSubscriptionOverrides: http.disableSubscriptionOverrides ?? false,
    },
  });
}

/** A topic's delivery policy with what AWS adds to it. */
export function effectivePolicy(text: string | undefined): HttpPolicy {
  const given = text ? ((JSON.parse(text) as { http?: Partial<HttpPolicy> }).http ?? {}) : {};
  return {
    defaultHealthyRetryPolicy: { ...defaultRetry, ...given.defaultHealthyRetryPolicy },
    disableSubscriptionOverrides: given.disableSubscriptionOverrides ?? false,
    defaultRequestPolicy: {
      headerContentType: given.defaultRequestPolicy?.headerContentType ?? "text/plain; charset=UTF-8",
    },
  };
}

/** The retry policy in force for a subscription. */
export function retryPolicy(topic: string | undefined, subscription: string | undefined): RetryPolicy {
  const { defaultHealthyRetryPolicy, disableSubscriptionOverrides } = effectivePolicy(topic);
  if (!subscription || disableSubscriptionOverrides) return defaultHealthyRetryPolicy;
  const { healthyRetryPolicy } = JSON.parse(subscription) as { healthyRetryPolicy?: Partial<RetryPolicy> };
  return { ...defaultHealthyRetryPolicy, ...healthyRetryPolicy };
}

/** Seconds before retry number `retry`, from 1; undefined once there are no more. */
export function retryDelaySeconds(policy: RetryPolicy, retry: number): number | undefined {
  const { minDelayTarget: min, maxDelayTarget: max, numRetries, backoffFunction } = policy;
  const { numNoDelayRetries: none, numMinDelayRetries: atMin, numMaxDelayRetries: atMax } = policy;
  if (retry > numRetries) return undefined;
  if (retry <= none) return 0;
  if (retry <= none + atMin) return min;
  if (retry > numRetries - atMax) return max;
  const steps = numRetries - none - atMin - atMax;
  const step = retry - none - atMin;
  const share = steps <= 1 ? 1 : (step - 1) / (steps - 1);
  switch (backoffFunction) {
    case "exponential":
    case "geometric":
      return Math.min(max, min * (max / Math.max(min, 1)) ** share);
    case "arithmetic":
      return min + (max - min) * share * share;
    default:
      return min + (max - min) * share;
  }
}
