import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { draw, uuid } from "../../kit/ids.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { toDeadLetters, toDestination } from "./destinations.ts";
import { arnOf, type FunctionName, findFunction, functionArn, latest } from "./names.ts";
import { resolveToRun, tooMany } from "./run.ts";
import { runnableOf } from "./runnable.ts";
import { engineFor } from "./runtime/engine.ts";
import { Execution } from "./runtime/execution.ts";
import { type EventInvokeRow, eventInvokes } from "./tables.ts";

/**
 * Invocations that nobody waits for: kept in the outbox until they succeed, are tried often enough, or grow too old.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */

export interface Queued {
  named: FunctionName;
  requestId: string;
  /** Base64. */
  payload: string;
  clientContext?: string;
  /** When it was asked for, ms by the clock. */
  atMs: number;
  /** Attempts that ended with an error of the function. */
  failures: number;
  /** Attempts that were not even begun, for want of concurrency. */
  throttles: number;
  [member: string]: unknown;
}

interface Result {
  functionError?: string;
  payload?: string;
  version?: string;
  /** It was not run at all: code and words. */
  refusal?: { code: string; message: string };
}

const defaultMaxRetries = 2;
const defaultMaxAgeSeconds = 6 * 3_600;
/** A minute before the second attempt, two before the third. */
const retryDelaysMs = [60_000, 120_000];
const firstThrottleDelayMs = 1_000;
const maxThrottleDelayMs = 5 * 60_000;
/** The executions of one function share so many queues, each of which runs a few at once. */
const lanes = 8;

export function enqueue(
  named: FunctionName,
  payload: Buffer,
  clientContext: string | undefined,
  ctx: Context,
): void {
  const queued: Queued = {
    named,
    requestId: ctx.requestId,
    payload: payload.toString("base64"),
    ...(clientContext !== undefined && { clientContext }),
    atMs: ctx.clock.now(),
    failures: 0,
    throttles: 0,
  };
  put(queued, ctx);
  const dimensions = { FunctionName: named.name };
  ctx.metric({ namespace: "AWS/Lambda", name: "AsyncEventsReceived", dimensions, value: 1 });
}

function put(queued: Queued, ctx: Context, delayMs = 0): void {
  const { account, region } = queued.named;
  const lane = draw(1).readUInt8() % lanes;
  const peer = `lambda/${functionArn(queued.named)}/${lane}`;
  ctx.outbox.put("invokeAsync", queued, { peer, account, region, ...(delayMs > 0 && { delayMs }) });
}

export const invokeAsyncDelivery = {
  /** Runs the function, as Lambda itself: whether the caller may, was decided when it was asked for. */
  async send(queued: Queued, scope: DeliveryScope): Promise<Result> {
    try {
      const execution = await scope.act((ctx) => beginQueued(queued, ctx));
      await execution.done();
      const { outcome, refusal } = execution;
      if (outcome === undefined) return { refusal: refusal ?? { code: "ServiceException", message: "" } };
      return {
        ...(outcome.functionError !== undefined && { functionError: outcome.functionError }),
        payload: outcome.payload.toString("base64"),
        version: outcome.version,
      };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { refusal: { code: error.code, message: error.message } };
    }
  },

  async settle(queued: Queued, ctx: Context, result: Result): Promise<void> {
    const { named } = queued;
    const row = await findFunction(named, ctx);
    if (row === undefined) return;
    const config = await configOf(named, ctx);
    const dimensions = { FunctionName: named.name };
    const age = ctx.clock.now() - queued.atMs;
    ctx.metric({
      namespace: "AWS/Lambda",
      name: "AsyncEventAge",
      dimensions,
      value: age,
      unit: "Milliseconds",
    });
    if (result.refusal !== undefined) return await notRun(queued, result, config, ctx);
    const outcome = outcomeOf(queued, result);
    if (result.functionError === undefined)
      return await toDestination(config?.onSuccess, { ...outcome, condition: "Success" }, ctx);
    const failures = queued.failures + 1;
    const maxRetries = config?.maxRetries ?? defaultMaxRetries;
    const delayMs = retryDelaysMs[failures - 1] ?? 0;
    if (failures > maxRetries)
      return await givenUp({ ...queued, failures }, result, "RetriesExhausted", config, ctx);
    if (tooOld(queued, delayMs, config, ctx))
      return await givenUp({ ...queued, failures }, result, "EventAgeExceeded", config, ctx);
    put({ ...queued, failures }, ctx, delayMs);
  },
};

async function beginQueued(
  { named, requestId, payload, clientContext }: Queued,
  ctx: Context,
): Promise<Execution> {
  const engine = engineFor(ctx);
  const runnable = runnableOf(named, await resolveToRun(named, ctx));
  const request = {
    id: requestId,
    payload: Buffer.from(payload, "base64"),
    invokedArn: arnOf(named),
    clientContext,
    hops: ctx.hops,
  };
  const begun = engine.begin(runnable, request, `lambda/${uuid()}`);
  if (begun instanceof Execution) return begun;
  const dimensions = { FunctionName: named.name };
  engine.journal.count(named, { name: "Throttles", dimensions, value: 1, unit: "Count" });
  throw tooMany(begun.throttle);
}

/** A function that has no room now is asked again; one that cannot be run at all is given up in time. */
async function notRun(
  queued: Queued,
  result: Result,
  config: EventInvokeRow | undefined,
  ctx: Context,
): Promise<void> {
  const code = result.refusal?.code ?? "";
  if (code === "ResourceNotFoundException" || code === "AccessDeniedException")
    return await givenUp(queued, result, "RetriesExhausted", config, ctx);
  const throttles = queued.throttles + 1;
  const delayMs = Math.min(maxThrottleDelayMs, firstThrottleDelayMs * 2 ** (throttles - 1));
  if ((await findFunction(queued.named, ctx))?.reserved === 0)
    return await givenUp(queued, result, "ZeroReservedConcurrency", config, ctx);
  if (tooOld(queued, delayMs, config, ctx))
    return await givenUp(queued, result, "EventAgeExceeded", config, ctx);
  put({ ...queued, throttles }, ctx, delayMs);
}

function tooOld(queued: Queued, delayMs: number, config: EventInvokeRow | undefined, ctx: Context): boolean {
  const maxAgeMs = (config?.maxAgeSeconds ?? defaultMaxAgeSeconds) * 1_000;
  return ctx.clock.now() + delayMs > queued.atMs + maxAgeMs;
}

async function configOf(
  { account, region, name, qualifier }: FunctionName,
  ctx: Context,
): Promise<EventInvokeRow | undefined> {
  return await eventInvokes.get(ctx.tx, account, region, name, qualifier ?? latest);
}

function outcomeOf(queued: Queued, result: Result) {
  const text = (base64: string | undefined) => Buffer.from(base64 ?? "", "base64").toString();
  return {
    named: queued.named,
    requestId: queued.requestId,
    requestPayload: text(queued.payload),
    responsePayload: text(result.payload),
    functionError: result.functionError,
    version: result.version ?? latest,
    attempts: queued.failures + (result.refusal === undefined ? 1 : 0),
  };
}

async function givenUp(
  queued: Queued,
  result: Result,
  condition: string,
  config: EventInvokeRow | undefined,
  ctx: Context,
): Promise<void> {
  const dimensions = { FunctionName: queued.named.name };
  ctx.metric({ namespace: "AWS/Lambda", name: "AsyncEventsDropped", dimensions, value: 1 });
  const outcome = { ...outcomeOf(queued, result), attempts: queued.failures, condition };
  await toDeadLetters(outcome, ctx);
  await toDestination(config?.onFailure, outcome, ctx);
}
