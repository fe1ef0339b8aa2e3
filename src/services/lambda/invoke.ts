import type { InvokeWithResponseStreamResponseEvent } from "@aws-sdk/client-lambda";
import { enqueue } from "./async.ts";
import { lambda } from "./contract.ts";
import { resolve } from "./find.ts";
import { functionAccess, nameOf } from "./names.ts";
import { invalid } from "./refusals.ts";
import { maxAsyncPayloadBytes, payloadOf, runAndWait } from "./run.ts";
import type { Execution } from "./runtime/execution.ts";

/** Functions, invoked. */

function clientContextOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.stringify(JSON.parse(Buffer.from(text, "base64").toString()));
  } catch {
    throw invalid("Client context must be a valid Base64-encoded JSON object.");
  }
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export const invoke = lambda.operation("Invoke", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("InvokeFunction", FunctionName, ctx, { qualifier: Qualifier }),
  async handle(input, ctx) {
    const named = nameOf(input.FunctionName, ctx, input.Qualifier);
    const clientContext = clientContextOf(input.ClientContext);
    if (input.InvocationType === "DryRun") {
      await resolve(named, ctx);
      return { StatusCode: 204 };
    }
    if (input.InvocationType === "Event") {
      await resolve(named, ctx);
      enqueue(named, payloadOf(input.Payload, maxAsyncPayloadBytes), clientContext, ctx);
      return { StatusCode: 202 };
    }
    const { outcome } = await runAndWait(named, { payload: input.Payload, clientContext }, ctx);
    if (outcome === undefined) throw new Error("An execution that is done has an outcome.");
    return {
      StatusCode: 200,
      Payload: outcome.payload as never,
      ExecutedVersion: outcome.version,
      ...(outcome.functionError && { FunctionError: outcome.functionError }),
      ...(input.LogType === "Tail" && { LogResult: outcome.logTail }),
    };
  },
  record: { data: true, readOnly: false },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html */
export const invokeWithResponseStream = lambda.operation("InvokeWithResponseStream", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("InvokeFunction", FunctionName, ctx, { qualifier: Qualifier }),
  async handle(input, ctx) {
    const named = nameOf(input.FunctionName, ctx, input.Qualifier);
    if (input.InvocationType === "DryRun") {
      await resolve(named, ctx);
      return { StatusCode: 204, EventStream: nothing() };
    }
    const wanted = {
      payload: input.Payload,
      clientContext: clientContextOf(input.ClientContext),
      streams: true,
    };
    const hasBegun = ({ isDone, stream }: Execution) => isDone || stream !== undefined;
    const execution = await runAndWait(named, wanted, ctx, hasBegun);
    return {
      StatusCode: 200,
      ExecutedVersion: execution.runnable.version,
      EventStream: eventsOf(execution, input.LogType === "Tail"),
    };
  },
  record: { data: true, readOnly: false, response: () => null },
});

async function* nothing(): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {}

/** What a function answers, as it comes; in the end, whether it failed. */
async function* eventsOf(
  execution: Execution,
  wantsLog: boolean,
): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {
  const { stream } = execution;
  if (stream !== undefined) {
    for await (const Payload of stream.read()) yield { PayloadChunk: { Payload } } as never;
  }
  await execution.done();
  const { outcome } = execution;
  const failed = outcome?.functionError !== undefined;
  if (stream === undefined && !failed && outcome !== undefined)
    yield { PayloadChunk: { Payload: outcome.payload } } as never;
  const said = failed ? (parsed(outcome?.payload) ?? {}) : {};
  yield {
    InvokeComplete: {
      ...(failed && {
        ErrorCode: String(said.errorType ?? "Unhandled"),
        ErrorDetails: outcome?.payload.toString() ?? "",
      }),
      ...(wantsLog && { LogResult: outcome?.logTail ?? "" }),
    },
  } as never;
}

function parsed(bytes: Buffer | undefined): Record<string, unknown> | undefined {
  try {
    return JSON.parse(bytes?.toString() ?? "") as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html */
export const invokeAsync = lambda.operation("InvokeAsync", {
  access: ({ FunctionName }, ctx) => functionAccess("InvokeAsync", FunctionName, ctx),
  body: { digests: () => [], maxBytes: maxAsyncPayloadBytes },
  async handle({ FunctionName }, ctx) {
    const named = nameOf(FunctionName, ctx);
    await resolve(named, ctx);
    const { content } = ctx.body;
    if (!Buffer.isBuffer(content)) throw invalid("The request is too large.");
    enqueue(named, payloadOf(content, maxAsyncPayloadBytes), undefined, ctx);
    return { Status: 202 };
  },
  record: { data: true, readOnly: false },
});
