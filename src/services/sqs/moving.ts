import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import type { Message } from "./engine.ts";
import { engineOf } from "./engines.ts";
import { locateArn } from "./find.ts";
import { putTask, type TaskKey } from "./moveTasks.ts";
import { type QueueRow, queues, type TaskRow, tasks } from "./tables.ts";

/** One step of a task that moves messages; it leaves the next in the outbox. */

/** Messages of one step, where no rate is asked for. */
const stepMessages = 100;
const secondMs = 1_000;
const hiddenMs = 30_000;
/** Above this rate, a step is a fifth of a second. */
const maxPerStep = 100;
const stepsPerSecond = 5;

const queueGone = "AWS.SimpleQueueService.NonExistentQueue";
const sourceUnknown = "CouldNotDetermineMessageSource";

/** The task cannot go on; what it moved in this step stays moved. */
class TaskFailure extends Error {}

export async function moveMessages(payload: TaskKey, ctx: Context): Promise<void> {
  const { account, region, name, started, taskId } = payload;
  const task = await tasks.get(ctx.tx, account, region, name, started, taskId);
  if (task?.status !== "RUNNING") return;
  const source = await queues.get(ctx.tx, account, region, name);
  if (source === undefined) return putTask({ ...task, status: "FAILED", failure: queueGone }, ctx);
  const { count, delayMs } = pace(task);
  const step = await moveSome(source, task, count, ctx);
  const moved = task.moved + step.moved;
  if (step.failure !== undefined)
    return putTask({ ...task, moved, status: "FAILED", failure: step.failure }, ctx);
  if (step.ended) return putTask({ ...task, moved, status: "COMPLETED" }, ctx);
  putTask({ ...task, moved }, ctx);
  ctx.outbox.put("moveMessages", payload, { delayMs });
}

function pace({ perSecond }: TaskRow): { count: number; delayMs: number } {
  if (perSecond === undefined) return { count: stepMessages, delayMs: 0 };
  if (perSecond <= maxPerStep) return { count: perSecond, delayMs: secondMs };
  return { count: Math.ceil(perSecond / stepsPerSecond), delayMs: secondMs / stepsPerSecond };
}

interface Step {
  moved: number;
  ended: boolean;
  failure?: string;
}

async function moveSome(source: QueueRow, task: TaskRow, count: number, ctx: Context): Promise<Step> {
  const engine = engineOf(source);
  const hiddenUntil = ctx.clock.now() + hiddenMs;
  const { messages, changed } = await engine.receive(source, { count, hiddenUntil }, ctx);
  let moved = 0;
  for (const { message, handle } of messages) {
    try {
      await moveOne(message, task.destinationArn ?? message.source, ctx);
    } catch (error) {
      if (error instanceof TaskFailure) return { moved, ended: false, failure: error.message };
      throw error;
    }
    await engine.remove(source, handle, ctx);
    moved += 1;
  }
  return { moved, ended: messages.length === 0 && !changed };
}

/** AWS: in the queue that it comes to, it is a new message. */
async function moveOne(message: Message, arn: string | undefined, ctx: Context): Promise<void> {
  if (arn === undefined) throw new TaskFailure(sourceUnknown);
  const { queue } = await locateArn(arn, ctx);
  if (queue === undefined) throw new TaskFailure(queueGone);
  const now = ctx.clock.now();
  const { source: _, firstReceivedAt: __, receivedAt: ___, moved: ____, ...kept } = message;
  await engineOf(queue).put(queue, { ...kept, messageId: uuid(), sentAt: now, receives: 0 }, now, ctx);
}
