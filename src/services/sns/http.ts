import { send } from "../../kit/outbound.ts";
import { type SubscriptionName, topicArn } from "./names.ts";

/** Requests to HTTP endpoints. https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html */

const timeoutMs = 15_000;

/** What an HTTP endpoint answered. */
export interface HttpResult {
  status?: number;
  error?: string;
  tookMs: number;
}

export interface HttpRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export function httpHeaders(
  type: string,
  messageId: string,
  subscription: SubscriptionName,
): Record<string, string> {
  return {
    "content-type": "text/plain; charset=UTF-8",
    "user-agent": "Amazon Simple Notification Service Agent",
    "x-amz-sns-message-type": type,
    "x-amz-sns-message-id": messageId,
    "x-amz-sns-topic-arn": topicArn(subscription),
  };
}

export async function postTo({ url, headers, body }: HttpRequest): Promise<HttpResult> {
  const begun = Date.now();
  try {
    const { status } = await send({ url, method: "POST", headers, body, timeoutMs });
    return { status, tookMs: Date.now() - begun };
  } catch (error) {
    return { error: error instanceof Error ? error.message : "failed", tookMs: Date.now() - begun };
  }
}
