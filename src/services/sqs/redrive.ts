import type { Context } from "../../kit/context.ts";
import { pageOf } from "../../kit/paging.ts";
import { parseArn } from "../../kit/targets.ts";
import { onQueue } from "./access.ts";
import { sqs } from "./contract.ts";
import { findQueue, queueUrl } from "./find.ts";
import { pageSize, sqsPage } from "./pages.ts";
import { type QueueRow, queues, type RedriveAllow, type Settings, sources } from "./tables.ts";
import { invalidValue } from "./words.ts";

/**
 * Which queue takes the dead letters of which.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
 */

const maxReceives = 1_000;
const maxSourceQueues = 10;

interface QueueNames {
  arn: string;
  account: string;
  region: string;
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where the text ends the policy. */
export async function readRedrive(
  text: string,
  { arn, account, region }: QueueNames,
  isFifo: boolean,
  ctx: Context,
): Promise<Settings["redrive"]> {
  if (text.trim() === "") return undefined;
  const invalid = (reason: string) => invalidValue(text, "RedrivePolicy", reason);
  const policy = objectIn(text);
  if (policy === undefined) throw invalid("Redrive policy is not a valid JSON map.");
  for (const name of ["deadLetterTargetArn", "maxReceiveCount"]) {
    if (policy[name] === undefined || policy[name] === "")
      throw invalid(`Redrive policy does not contain mandatory attribute: ${name}.`);
  }
  const given = policy.maxReceiveCount;
  const maxReceiveCount = /^\d{1,9}$/.test(String(given)) ? Number(given) : 0;
  if (maxReceiveCount < 1 || maxReceiveCount > maxReceives) {
    throw invalid(
      `Invalid value for maxReceiveCount: ${String(given)}, valid values are from 1 to ${maxReceives} both inclusive.`,
    );
  }
  const deadLetterTargetArn = String(policy.deadLetterTargetArn);
  const target = parseArn(deadLetterTargetArn);
  if (target?.service !== "sqs") throw invalid("Invalid value for deadLetterTargetArn.");
  if (target.account !== account || target.region !== region) {
    throw invalid("Dead-letter queue must be in the same account and Region as the source.");
  }
  const queue = await queues.get(ctx.tx, account, region, target.resource);
  if (queue === undefined) throw invalid("Dead letter target does not exist.");
  if ((queue.settings.fifo !== undefined) !== isFifo)
    throw invalid("Dead-letter queue must be same type of queue as the source.");
  if (!admits(queue, arn))
    throw invalid(`Redrive allow policy of ${deadLetterTargetArn} does not admit ${arn} as a source queue.`);
  return { deadLetterTargetArn, maxReceiveCount };
}

/** Whether a queue takes the dead letters of another. */
export function admits({ settings }: QueueRow, sourceArn: string): boolean {
  const { redriveAllow } = settings;
  if (redriveAllow === undefined || redriveAllow.redrivePermission === "allowAll") return true;
  return (
    redriveAllow.redrivePermission === "byQueue" &&
    (redriveAllow.sourceQueueArns?.includes(sourceArn) ?? false)
  );
}

export function readRedriveAllow(text: string): RedriveAllow | undefined {
  if (text.trim() === "") return undefined;
  const invalid = (reason: string) => invalidValue(text, "RedriveAllowPolicy", reason);
  const policy = objectIn(text);
  if (policy === undefined)
    throw invalid("Amazon SQS can't create the redrive allow policy, as it is not valid JSON.");
  const { redrivePermission, sourceQueueArns } = policy;
  if (redrivePermission !== "allowAll" && redrivePermission !== "denyAll" && redrivePermission !== "byQueue")
    throw invalid("Invalid value for redrivePermission.");
  if (redrivePermission !== "byQueue") {
    if (sourceQueueArns !== undefined)
      throw invalid("sourceQueueArns may be given only when redrivePermission is byQueue.");
    return { redrivePermission };
  }
  const arns = Array.isArray(sourceQueueArns) ? sourceQueueArns.map(String) : [];
  if (arns.length < 1 || arns.length > maxSourceQueues)
    throw invalid(`sourceQueueArns must hold from 1 to ${maxSourceQueues} ARNs.`);
  if (arns.some((arn) => parseArn(arn)?.service !== "sqs"))
    throw invalid("Invalid value for sourceQueueArns.");
  return { redrivePermission, sourceQueueArns: arns };
}

/** Keeps the index of source queues in step with a queue's redrive policy. */
export function indexSource(
  { name, account, region, arn }: QueueRow,
  before: Settings["redrive"],
  after: Settings["redrive"],
  ctx: Context,
): void {
  const nameOf = (redrive: NonNullable<Settings["redrive"]>) =>
    parseArn(redrive.deadLetterTargetArn)?.resource ?? "";
  if (before) sources.delete(ctx.tx, account, region, nameOf(before), name);
  if (after) sources.put(ctx.tx, [account, region, nameOf(after), name], { arn });
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html */
export const listDeadLetterSourceQueues = sqs.operation("ListDeadLetterSourceQueues", {
  access: onQueue("ListDeadLetterSourceQueues"),
  async handle({ QueueUrl, MaxResults, NextToken }, ctx) {
    const { account, region, name } = await findQueue(QueueUrl, ctx);
    const limit = pageSize(MaxResults, NextToken);
    const { items, end } = await sqsPage(MaxResults, () =>
      pageOf(sources, ctx.tx, [account, region, name], { limit, marker: NextToken }),
    );
    const urls = items.map(({ arn }) => queueUrl({ account, name: parseArn(arn)?.resource ?? "" }, ctx));
    return { queueUrls: urls, ...end };
  },
  record: { data: true },
});
