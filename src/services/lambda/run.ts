import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { draw } from "../../kit/ids.ts";
import { type Resolved, resolve } from "./find.ts";
import { canRun } from "./input.ts";
import { arnOf, type FunctionName } from "./names.ts";
import { runnableOf } from "./runnable.ts";
import { engineFor } from "./runtime/engine.ts";
import { Execution } from "./runtime/execution.ts";
import { pythonHere } from "./runtime/sandbox.ts";
import type { Refusal } from "./runtime/types.ts";

/** Invocations that somebody waits for. */

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const maxSyncPayloadBytes = 6_291_456;
export const maxAsyncPayloadBytes = 1_048_576;

/** Beside the function's own time, what a start and a queue may take. */
const startMarginMs = 60_000;

const emptyEvent = Buffer.from("{}");

export interface Wanted {
  payload: Uint8Array | undefined;
  clientContext?: string | undefined;
  streams?: boolean;
}

/** The event of an invocation: JSON, and no larger than it may be. */
export function payloadOf(payload: Uint8Array | undefined, maxBytes: number): Buffer {
  if (payload === undefined || payload.length === 0) return emptyEvent;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (bytes.length > maxBytes) {
    const message = `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`;
    throw new AwsError("RequestTooLargeException", message, { status: 413, members: { Type: "User" } });
  }
  checkJson(bytes);
  return bytes;
}

function checkJson(bytes: Buffer): void {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? unexpected(bytes, error) : invalidStart(bytes);
    throw new AwsError(
      "InvalidRequestContentException",
      `Could not parse request body into json: Could not parse payload into json: ${why}`,
      { members: { Type: "User" } },
    );
  }
}

/** AWS's parser says it so, with the place. */
function unexpected(bytes: Buffer, { message }: SyntaxError): string {
  const at = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
  const text = bytes.toString();
  const code = text.charCodeAt(at);
  const shown = code < 32 || code > 126 ? `(CTRL-CHAR, code ${code})` : `'${text[at]}' (code ${code})`;
  return `Unexpected character (${shown}): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at ${place(at)}`;
}

function invalidStart(bytes: Buffer): string {
  let at = 0;
  while (at < bytes.length && (bytes[at] as number) < 128) at += 1;
  return `Invalid UTF-8 start byte 0x${(bytes[at] ?? 0).toString(16)}\n at ${place(at)}`;
}

function place(at: number): string {
  return `[Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: 1, column: ${at + 1}]`;
}

export function tooMany(reason: string): AwsError {
  return new AwsError("TooManyRequestsException", "Rate Exceeded.", {
    status: 429,
    members: { Type: "User", Reason: reason },
  });
}

/** The version that an invocation goes to; throws where it cannot be run here. */
export async function resolveToRun(named: FunctionName, ctx: Context): Promise<Resolved> {
  const resolved = await resolve(named, ctx, () => draw(4).readUInt32BE() / 2 ** 32);
  const { runtime } = resolved.configuration;
  if (!canRun(runtime) || (runtime.startsWith("python") && pythonHere() === undefined)) {
    const message = `Cloudkeep cannot run ${runtime} here: it runs nodejs, python where the machine has Python 3, and provided runtimes.`;
    throw new AwsError("InvalidRuntimeException", message, { status: 502 });
  }
  return resolved;
}

/**
 * What an invocation is known by while its call runs more than once. A call of another service may invoke one function
 * several times: what it is handed tells them apart.
 */
function topicOf(
  named: FunctionName,
  { payload = emptyEvent }: Wanted,
  { requestId, caller }: Context,
): string {
  const handed = caller.principal.kind === "service" ? `/${hash("sha256", payload)}` : "";
  return `lambda/${requestId}/${arnOf(named)}${handed}`;
}

/**
 * Runs a function and answers when `enough` of it is there. The first run of the call begins; while nothing has come of it,
 * the call waits without a transaction.
 */
export async function runAndWait(
  named: FunctionName,
  wanted: Wanted,
  ctx: Context,
  enough: (execution: Execution) => boolean = ({ isDone }) => isDone,
): Promise<Execution> {
  const engine = engineFor(ctx);
  const topic = topicOf(named, wanted, ctx);
  const execution = engine.find(topic) ?? (await begin(named, wanted, topic, ctx));
  if (execution.refusal !== undefined) throw refused(execution.refusal);
  if (!enough(execution)) {
    if (ctx.waited) throw new AwsError("ServiceException", "The function did not answer.", { status: 500 });
    const waitMs = execution.runnable.timeoutSeconds * 1_000 + startMarginMs;
    throw ctx.wait(topic, Date.now() + waitMs, () => execution.refusal !== undefined || enough(execution));
  }
  ctx.afterCommit(() => engine.forget(topic));
  return execution;
}

async function begin(named: FunctionName, wanted: Wanted, topic: string, ctx: Context): Promise<Execution> {
  const engine = engineFor(ctx);
  const runnable = runnableOf(named, await resolveToRun(named, ctx));
  const payload = payloadOf(wanted.payload, maxSyncPayloadBytes);
  const begun = engine.begin(
    runnable,
    {
      id: ctx.requestId,
      payload,
      invokedArn: arnOf(named),
      clientContext: wanted.clientContext,
      streams: wanted.streams ?? false,
      hops: ctx.hops,
    },
    topic,
  );
  if (begun instanceof Execution) return begun;
  const dimensions = { FunctionName: named.name };
  engine.journal.count(named, { name: "Throttles", dimensions, value: 1, unit: "Count" });
  throw tooMany(begun.throttle);
}

function refused({ code, message, status }: Refusal): AwsError {
  return new AwsError(code, message, { status, members: { Type: status >= 500 ? "Service" : "User" } });
}
