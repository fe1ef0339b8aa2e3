import { randomBytes } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { pageOf } from "../../kit/paging.ts";
import { accessTo, onOwnQueue, onQueue, queueType } from "./access.ts";
import { type Attributes, changed, defaults, shownSettings } from "./attributes.ts";
import { sqs } from "./contract.ts";
import { findQueue, named, queueArn, queueUrl } from "./find.ts";
import { rememberNew } from "./memory.ts";
import { pageSize, sqsPage } from "./pages.ts";
import { indexSource } from "./redrive.ts";
import { deletions, type QueueRow, queues, type Settings } from "./tables.ts";
import { checkTags } from "./tagRules.ts";
import { abandon } from "./upkeep.ts";
import { invalidParameter } from "./words.ts";

const nameForm = /^[A-Za-z0-9_-]{1,80}$/;
const fifoSuffix = ".fifo";
const maxNameCharacters = 80;
const secretBytes = 32;
const storeBytes = 12;
/** How soon a name can be used again, or a queue be purged again. */
const pauseMs = 60_000;

/** Where a queue's messages are from now on. */
function newStore(ctx: Context): string {
  const store = randomBytes(storeBytes).toString("base64url");
  ctx.afterCommit(() => rememberNew(store, ctx));
  return store;
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

function checkName(name: string, isFifo: boolean): void {
  if (!isFifo && !nameForm.test(name)) {
    throw invalidParameter(
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  }
  const isFifoName =
    name.endsWith(fifoSuffix) &&
    nameForm.test(name.slice(0, -fifoSuffix.length)) &&
    name.length <= maxNameCharacters;
  if (isFifo && !isFifoName) {
    throw invalidParameter(
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
    );
  }
}

/** The settings of a queue that is to be made. */
async function newSettings(name: string, attributes: Attributes, ctx: Context): Promise<Settings> {
  const isFifo = isTrue(attributes.FifoQueue);
  checkName(name, isFifo);
  const { account, region } = ctx;
  const fifo = { contentBasedDeduplication: false, scope: "queue", limit: "perQueue" } as const;
  const start = isFifo ? { ...defaults, fifo } : defaults;
  return await changed(start, attributes, { arn: queueArn(account, region, name), account, region }, ctx);
}

/** Makes a queue, or finds the one that is as it should be. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html */
export const createQueue = sqs.operation("CreateQueue", {
  access: ({ QueueName, tags }, ctx) => {
    const { account, region } = ctx;
    const requestTags = Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
    const access = {
      action: "sqs:CreateQueue",
      resource: queueArn(account, region, QueueName),
      resourceType: queueType,
      requestTags,
    };
    return requestTags.length > 0 ? [access, { ...access, action: "sqs:TagQueue" }] : access;
  },
  async handle({ QueueName, Attributes = {}, tags = {} }, ctx) {
    const { account, region, tx } = ctx;
    const settings = await newSettings(QueueName, Attributes, ctx);
    const existing = await queues.get(tx, account, region, QueueName);
    if (existing !== undefined) {
      const differing = differs(existing.settings, settings, Attributes);
      if (differing === undefined) return { QueueUrl: queueUrl(existing, ctx) };
      throw ctx.error(
        "QueueNameExists",
        `A queue already exists with the same name and a different value for attribute ${differing}`,
      );
    }
    const now = ctx.clock.now();
    const deleted = await deletions.get(tx, account, region, QueueName);
    if (deleted !== undefined && now < deleted.at + pauseMs) {
      throw ctx.error(
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
      );
    }
    const queue: QueueRow = {
      name: QueueName,
      account,
      region,
      arn: queueArn(account, region, QueueName),
      created: now,
      modified: now,
      store: newStore(ctx),
      secret: randomBytes(secretBytes).toString("base64"),
      settings,
      tags: checkTags(tags, {}),
    };
    queues.put(tx, [account, region, QueueName], queue);
    indexSource(queue, undefined, settings.redrive, ctx);
    return { QueueUrl: queueUrl(queue, ctx) };
  },
});

/** The first of the given attributes whose value the queue does not have. */
function differs(held: Settings, wanted: Settings, given: Attributes): string | undefined {
  const [before, after] = [shownSettings(held), shownSettings(wanted)];
  return Object.keys(given).find((name) => before[name] !== after[name]);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html */
export const deleteQueue = sqs.operation("DeleteQueue", {
  access: onOwnQueue("DeleteQueue"),
  async handle({ QueueUrl }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    const { account, region, name } = queue;
    queues.delete(ctx.tx, account, region, name);
    indexSource(queue, queue.settings.redrive, undefined, ctx);
    const at = ctx.clock.now();
    deletions.put(ctx.tx, [account, region, name], { at });
    ctx.timers.set(`deletion/${account}/${region}/${name}`, "forgetDeletion", at + pauseMs, {
      account,
      region,
      name,
      at,
    });
    abandon(queue, ctx);
    return {};
  },
});

/** The name may be used again. */
export async function forgetDeletion(
  { account, region, name, at }: { account: string; region: string; name: string; at: number },
  ctx: Context,
): Promise<void> {
  const deletion = await deletions.get(ctx.tx, account, region, name);
  if (deletion?.at === at) deletions.delete(ctx.tx, account, region, name);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html */
export const getQueueUrl = sqs.operation("GetQueueUrl", {
  access: async ({ QueueName, QueueOwnerAWSAccountId }, ctx) =>
    accessTo("GetQueueUrl", await named(QueueOwnerAWSAccountId ?? ctx.account, QueueName, ctx), ctx),
  async handle({ QueueName, QueueOwnerAWSAccountId }, ctx) {
    const { queue } = await named(QueueOwnerAWSAccountId ?? ctx.account, QueueName, ctx);
    if (queue === undefined) throw ctx.error("QueueDoesNotExist", "The specified queue does not exist.");
    return { QueueUrl: queueUrl(queue, ctx) };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html */
export const listQueues = sqs.operation("ListQueues", {
  access: () => ({ action: "sqs:ListQueues", resource: "*" }),
  async handle({ QueueNamePrefix, MaxResults, NextToken }, ctx) {
    const limit = pageSize(MaxResults, NextToken);
    const { account, region, tx } = ctx;
    const { items, end } = await sqsPage(MaxResults, () =>
      pageOf(queues, tx, [account, region], { limit, marker: NextToken, startsWith: QueueNamePrefix }),
    );
    if (items.length === 0) return {};
    return { QueueUrls: items.map((queue) => queueUrl(queue, ctx)), ...end };
  },
  record: { data: true },
});

/** Drops all messages. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html */
export const purgeQueue = sqs.operation("PurgeQueue", {
  access: onQueue("PurgeQueue"),
  async handle({ QueueUrl }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    const now = ctx.clock.now();
    if (queue.purgedAt !== undefined && now < queue.purgedAt + pauseMs) {
      throw ctx.error(
        "PurgeQueueInProgress",
        `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
      );
    }
    abandon(queue, ctx);
    const emptied = { ...queue, store: newStore(ctx), purgedAt: now };
    queues.put(ctx.tx, [queue.account, queue.region, queue.name], emptied);
    return {};
  },
});
