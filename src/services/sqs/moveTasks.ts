import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import type { Access } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { accessByArn } from "./access.ts";
import { sqs } from "./contract.ts";
import { locateArn } from "./find.ts";
import { countsOf } from "./memory.ts";
import { sources, type TaskRow, tasks, timeKey } from "./tables.ts";
import { checkedInteger, invalidParameter } from "./words.ts";

/**
 * Moving messages out of a dead-letter queue, back to where they came from or to another queue.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
 */

const maxPerSecond = 500;
const maxListed = 10;
/** A queue's tasks that are remembered. */
const maxKept = 10;

/** Changes no queue but its own: policies of queues do not open these to other accounts. */
const own = { crossAccount: false };

function notFound(parameter: string): AwsError {
  const message = `The resource that you specified for the ${parameter} parameter doesn't exist.`;
  return new AwsError("ResourceNotFoundException", message);
}

function handleOf({ taskId, sourceArn }: Pick<TaskRow, "taskId" | "sourceArn">): string {
  return Buffer.from(JSON.stringify({ taskId, sourceArn })).toString("base64");
}

function readHandle(handle: string): { taskId: string; sourceArn: string } | undefined {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle, "base64").toString()) as Record<
      string,
      unknown
    >;
    if (typeof taskId === "string" && typeof sourceArn === "string") return { taskId, sourceArn };
  } catch {
    // Falls through: what cannot be parsed is no handle of ours.
  }
  return undefined;
}

/** What the one who starts a task must be allowed to do himself. */
async function accessToStart(
  sourceArn: string,
  destinationArn: string | undefined,
  ctx: Context,
): Promise<Access[]> {
  const source = await locateArn(sourceArn, ctx);
  const destinations =
    destinationArn === undefined
      ? (await sources.list(ctx.tx, [source.account, ctx.region, source.name])).map(({ row }) => row.arn)
      : [destinationArn];
  return [
    await accessByArn("StartMessageMoveTask", sourceArn, ctx, own),
    ...(await Promise.all(
      ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"].map((action) =>
        accessByArn(action, sourceArn, ctx),
      ),
    )),
    ...(await Promise.all(destinations.map((arn) => accessByArn("SendMessage", arn, ctx)))),
  ];
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html */
export const startMessageMoveTask = sqs.operation("StartMessageMoveTask", {
  access: ({ SourceArn, DestinationArn }, ctx) => accessToStart(SourceArn, DestinationArn, ctx),
  async handle({ SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond }, ctx) {
    const range = { min: 1, max: maxPerSecond };
    const perSecond = checkedInteger(MaxNumberOfMessagesPerSecond, "MaxNumberOfMessagesPerSecond", range);
    const { queue } = await locateArn(SourceArn, ctx);
    if (queue === undefined) throw notFound("SourceArn");
    const { account, region, name } = queue;
    const [feeds] = await sources.list(ctx.tx, [account, region, name], { limit: 1 });
    if (feeds === undefined)
      throw invalidParameter("Source queue must be configured as a Dead Letter Queue.");
    if (DestinationArn !== undefined && (await locateArn(DestinationArn, ctx)).queue === undefined)
      throw notFound("DestinationArn");
    const before = await tasks.list(ctx.tx, [account, region, name], { reverse: true, limit: maxKept });
    if (before.some(({ row }) => row.status === "RUNNING")) {
      throw invalidParameter(
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
      );
    }
    const oldest = before[maxKept - 1];
    if (oldest !== undefined) tasks.delete(ctx.tx, ...oldest.key);
    const task: TaskRow = {
      taskId: uuid(),
      sourceArn: queue.arn,
      startedAt: ctx.clock.now(),
      status: "RUNNING",
      toMove: (await countsOf(queue, ctx)).visible,
      moved: 0,
      ...(DestinationArn !== undefined && { destinationArn: DestinationArn }),
      ...(perSecond !== undefined && { perSecond }),
    };
    putTask(task, ctx);
    ctx.outbox.put("moveMessages", keyOfTask(task), { account, region });
    return { TaskHandle: handleOf(task) };
  },
});

export interface TaskKey extends Record<string, unknown> {
  account: string;
  region: string;
  name: string;
  started: string;
  taskId: string;
}

export function keyOfTask({ sourceArn, startedAt, taskId }: TaskRow): TaskKey {
  const { account = "", region = "", resource: name = "" } = parseArn(sourceArn) ?? {};
  return { account, region, name, started: timeKey(startedAt), taskId };
}

export function putTask(task: TaskRow, ctx: Context): void {
  const { account, region, name, started, taskId } = keyOfTask(task);
  tasks.put(ctx.tx, [account, region, name, started, taskId], task);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html */
export const cancelMessageMoveTask = sqs.operation("CancelMessageMoveTask", {
  access: ({ TaskHandle }, ctx) =>
    accessByArn("CancelMessageMoveTask", readHandle(TaskHandle)?.sourceArn ?? "*", ctx, own),
  async handle({ TaskHandle }, ctx) {
    const handle = readHandle(TaskHandle);
    if (handle === undefined) throw invalidParameter("Value for parameter TaskHandle is invalid.");
    const { queue } = await locateArn(handle.sourceArn, ctx);
    if (queue === undefined) throw notFound("SourceArn");
    const { account, region, name } = queue;
    const rows = await tasks.list(ctx.tx, [account, region, name], { reverse: true, limit: maxKept });
    const task = rows.find(({ row }) => row.taskId === handle.taskId)?.row;
    if (task === undefined) throw ctx.error("ResourceNotFoundException", "Task does not exist.");
    if (task.status !== "RUNNING") throw invalidParameter("Only active tasks can be cancelled.");
    putTask({ ...task, status: "CANCELLED" }, ctx);
    return { ApproximateNumberOfMessagesMoved: task.moved };
  },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html */
export const listMessageMoveTasks = sqs.operation("ListMessageMoveTasks", {
  access: ({ SourceArn }, ctx) => accessByArn("ListMessageMoveTasks", SourceArn, ctx, own),
  async handle({ SourceArn, MaxResults }, ctx) {
    const limit = checkedInteger(MaxResults, "MaxResults", { min: 1, max: maxListed }) ?? 1;
    const { queue } = await locateArn(SourceArn, ctx);
    if (queue === undefined) throw notFound("SourceArn");
    const { account, region, name } = queue;
    const rows = await tasks.list(ctx.tx, [account, region, name], { reverse: true, limit });
    return rows.length > 0 ? { Results: rows.map(({ row }) => shown(row)) } : {};
  },
});

function shown(task: TaskRow) {
  const { status, sourceArn, destinationArn, perSecond, moved, toMove, failure, startedAt } = task;
  return {
    ...(status === "RUNNING" && { TaskHandle: handleOf(task) }),
    Status: status,
    SourceArn: sourceArn,
    ...(destinationArn !== undefined && { DestinationArn: destinationArn }),
    ...(perSecond !== undefined && { MaxNumberOfMessagesPerSecond: perSecond }),
    ApproximateNumberOfMessagesMoved: moved,
    ApproximateNumberOfMessagesToMove: toMove,
    ...(failure !== undefined && { FailureReason: failure }),
    StartedTimestamp: startedAt,
  };
}
