import type { Context } from "../../kit/context.ts";
import { memoryOf, type QueueMemory } from "./memory.ts";
import type { QueueRow } from "./tables.ts";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */

type MetricName =
  | "NumberOfMessagesSent"
  | "SentMessageSize"
  | "NumberOfMessagesReceived"
  | "NumberOfEmptyReceives"
  | "NumberOfMessagesDeleted"
  | "ApproximateNumberOfMessagesVisible"
  | "ApproximateNumberOfMessagesNotVisible"
  | "ApproximateNumberOfMessagesDelayed"
  | "ApproximateAgeOfOldestMessage";

export function metric(
  { name: QueueName, account, region }: QueueRow,
  name: MetricName,
  value: number,
  ctx: Context,
  unit: "Count" | "Bytes" | "Seconds" = "Count",
): void {
  ctx.metric({ namespace: "AWS/SQS", name, dimensions: { QueueName }, value, unit, account, region });
}

const minuteMs = 60_000;

/** The queue is used: its gauges are published in the next minute, and its old messages looked after. */
export function noteUse(queue: QueueRow, ctx: Context): void {
  const memory = memoryOf(queue, ctx);
  const now = ctx.clock.now();
  memory.usedAt = now;
  if (memory.upkeepAt > now && memory.upkeepAt <= now + minuteMs) return;
  setUpkeep(queue, memory, now - (now % minuteMs) + minuteMs, ctx);
}

export function setUpkeep(queue: QueueRow, memory: QueueMemory, at: number, ctx: Context): void {
  memory.upkeepAt = at;
  const { account, region, name, store } = queue;
  ctx.timers.set(`upkeep/${store}`, "upkeep", at, { account, region, name, store });
}
