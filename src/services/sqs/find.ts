import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { type QueueRow, queues } from "./tables.ts";

/** Queues by their URL. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html */

/** Where a queue's name points, whether or not there is one. */
export interface Named {
  account: string;
  name: string;
  arn: string;
  queue?: QueueRow | undefined;
  /** Set where the text is no queue URL. */
  malformed?: string;
}

/** Any host will do: clients reach Cloudkeep under many, and only the path names the queue. */
const urlForm = /^https?:\/\/[^/?#]+\/(\d{12})\/([^/?#]+)\/?$/;

export function queueArn(account: string, region: string, name: string): string {
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

/** The URL of a queue, at the address that the client itself has used. */
export function queueUrl({ account, name }: { account: string; name: string }, ctx: Context): string {
  const { secure, host } = ctx.request;
  const origin =
    host === "" ? `https://sqs.${ctx.region}.amazonaws.com` : `${secure ? "https" : "http"}://${host}`;
  return `${origin}/${account}/${name}`;
}

export async function locate(url: string, ctx: Context): Promise<Named> {
  const match = urlForm.exec(url);
  if (match === null) {
    return { account: ctx.account, name: url, arn: queueArn(ctx.account, ctx.region, url), malformed: url };
  }
  return await named(match[1] as string, match[2] as string, ctx);
}

export async function named(account: string, name: string, ctx: Context): Promise<Named> {
  const queue = await queues.get(ctx.tx, account, ctx.region, name);
  return { account, name, arn: queueArn(account, ctx.region, name), queue };
}

export async function locateArn(arn: string, ctx: Context): Promise<Named> {
  const parsed = parseArn(arn);
  if (parsed?.service !== "sqs" || parsed.region !== ctx.region) {
    return { account: ctx.account, name: arn, arn, malformed: arn };
  }
  return await named(parsed.account, parsed.resource, ctx);
}

type FindErrors = "QueueDoesNotExist" | "InvalidAddress";

/** The queue itself, or an error in AWS's words. */
export async function findQueue(url: string, ctx: Context<FindErrors>): Promise<QueueRow> {
  const { queue, malformed } = await locate(url, ctx);
  if (queue !== undefined) return queue;
  if (malformed !== undefined) {
    throw ctx.error("InvalidAddress", `The address ${malformed} is not valid for this endpoint.`);
  }
  throw ctx.error("QueueDoesNotExist", "The specified queue does not exist.");
}

/** For clients of the query protocol, which post to the URL of the queue. */
export function inputFromUrl(
  input: Record<string, unknown>,
  { origin, path }: { origin: string; path: string },
): void {
  if (input.QueueUrl === undefined && urlForm.test(`${origin}${path}`)) input.QueueUrl = `${origin}${path}`;
}
