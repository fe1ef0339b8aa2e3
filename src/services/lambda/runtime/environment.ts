import type { Socket } from "node:net";
import { draw } from "../../../kit/ids.ts";
import type { Execution } from "./execution.ts";
import { type Exit, FunctionProcess } from "./process.ts";
import { endLine, initLine, type PlatformLog, reportLine, startLine, timeoutLine } from "./reports.ts";
import type { FunctionError, NextInvocation, RuntimeSide } from "./runtimeApi.ts";
import { maxResponseBytes } from "./runtimeApi.ts";
import type { Sandbox, View } from "./sandbox.ts";
import type { Runnable } from "./types.ts";

/** One execution environment: a function's process, which runs one invocation at a time, and is used again. */

export interface EnvironmentHooks {
  accept(socket: Socket, side: RuntimeSide): void;
  /** It has begun its work, be it with an invocation that waited for it. */
  initialized(environment: Environment): void;
  /** It waits for its next invocation. */
  ready(environment: Environment): void;
  ended(environment: Environment): void;
  /** A line for the function's log. */
  logged(environment: Environment, message: string, isPlatform: boolean): void;
  /** An invocation is over. */
  finished(
    environment: Environment,
    execution: Execution,
    facts: { durationMs: number; failed: boolean },
  ): void;
}

export interface EnvironmentOptions {
  runnable: Runnable;
  sandbox: Sandbox;
  view: View;
  variables: Readonly<Record<string, string>>;
  cloudkeepPort: number;
  logStream: string;
  hooks: EnvironmentHooks;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const maxInitMs = 10_000;
/** What is shown of the log with an answer. */
const tailBytes = 4_096;

export class Environment implements RuntimeSide {
  readonly runnable: Runnable;
  readonly logStream: string;
  /** When it last had something to do, ms of real time. */
  usedAt = Date.now();
  /** When its credentials expire, by the clock. */
  expiresAt = Number.POSITIVE_INFINITY;
  isDead = false;
  readonly #options: EnvironmentOptions;
  readonly #process: FunctionProcess;
  #waitingNext: ((invocation: NextInvocation | undefined) => void) | undefined;
  #execution: Execution | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #spawnedAt = 0;
  #initMs: number | undefined;
  #isReported = false;
  #initError: { body: Buffer; type: string | undefined } | undefined;
  #streamed: Buffer[] | undefined;
  #streamedBytes = 0;
  #tail = "";

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.runnable = options.runnable;
    this.logStream = options.logStream;
    this.#process = new FunctionProcess({
      sandbox: options.sandbox,
      view: options.view,
      runtime: options.runnable.runtime,
      memoryMb: options.runnable.memoryMb,
      variables: options.variables,
      cloudkeepPort: options.cloudkeepPort,
      onConnection: (socket) => options.hooks.accept(socket, this),
      onLine: (text) => this.#log(text, false),
      onExit: (exit) => this.#exited(exit),
    });
  }

  get isInitialized(): boolean {
    return this.#initMs !== undefined;
  }

  get currentId(): string | undefined {
    return this.#execution?.request.id;
  }

  async start(): Promise<void> {
    this.#platform(initLine(this.runnable));
    this.#spawnedAt = performance.now();
    this.#timer = setTimeout(
      () => this.#tooLate(),
      Math.max(maxInitMs, this.runnable.timeoutSeconds * 1_000),
    );
    await this.#process.start();
  }

  /** Gives it an invocation; one that still initializes runs it as soon as it can. */
  run(execution: Execution): void {
    this.#execution = execution;
    this.usedAt = Date.now();
    if (this.#waitingNext !== undefined) this.#send();
  }

  kill(): void {
    this.#process.kill();
  }

  next(): Promise<NextInvocation | undefined> {
    if (this.isDead) return Promise.resolve(undefined);
    const isFirst = this.#initMs === undefined;
    if (isFirst) {
      this.#initMs = performance.now() - this.#spawnedAt;
      clearTimeout(this.#timer);
      this.#options.hooks.initialized(this);
    }
    return new Promise((resolve) => {
      this.#waitingNext = resolve;
      if (isFirst && this.#execution !== undefined) this.#send();
      else if (this.#execution === undefined) this.#options.hooks.ready(this);
    });
  }

  responded(body: Buffer, contentType: string | undefined): void {
    this.#later((execution) => this.#finish(execution, body, undefined, contentType));
  }

  responseTooLarge(): void {
    const message = `Response payload size exceeded maximum allowed payload size (${maxResponseBytes} bytes).`;
    this.#later((execution) =>
      this.#finish(execution, errorBody("Function.ResponseSizeTooLarge", message), "failed"),
    );
  }

  streamBegins(contentType: string | undefined): void {
    this.#streamed = [];
    this.#streamedBytes = 0;
    if (this.#execution?.request.streams) this.#execution.beginStream(contentType);
  }

  streamPiece(piece: Buffer): boolean {
    const { stream } = this.#execution ?? {};
    if (stream !== undefined) return stream.push(piece);
    this.#streamedBytes += piece.length;
    if (this.#streamedBytes <= maxResponseBytes) this.#streamed?.push(piece);
    return true;
  }

  streamEnds(error: FunctionError | undefined): void {
    this.#later((execution) => {
      const whole = Buffer.concat(this.#streamed ?? []);
      if (error !== undefined) {
        const body = error.body ?? errorBody(error.type, "The function failed while it streamed its answer.");
        this.#finish(execution, body, "failed");
      } else if (this.#streamedBytes > maxResponseBytes) this.responseTooLarge();
      else this.#finish(execution, whole, undefined);
    });
  }

  drained(): Promise<void> {
    return this.#execution?.stream?.drained() ?? Promise.resolve();
  }

  failed(error: Buffer): void {
    this.#later((execution) => this.#finish(execution, error, "failed"));
  }

  initFailed(body: Buffer, type: string | undefined): void {
    this.#initError = { body, type };
  }

  /** Acts on the present invocation once what the function printed before has been read. */
  #later(act: (execution: Execution) => void): void {
    const execution = this.#execution;
    if (execution === undefined) return;
    setImmediate(() => {
      if (this.#execution === execution) act(execution);
    });
  }

  #send(): void {
    const execution = this.#execution;
    const send = this.#waitingNext;
    if (execution === undefined || send === undefined) return;
    this.#waitingNext = undefined;
    this.#process.isBusy = true;
    const { request, runnable } = execution;
    const timeoutMs = runnable.timeoutSeconds * 1_000;
    const deadlineMs = Date.now() + timeoutMs;
    this.#tail = "";
    this.#platform(startLine(runnable, request));
    this.#startedAt = performance.now();
    this.#timer = setTimeout(() => this.#tooLate(), timeoutMs);
    const headers = [
      "Lambda-Runtime-Aws-Request-Id",
      request.id,
      "Lambda-Runtime-Deadline-Ms",
      String(deadlineMs),
      "Lambda-Runtime-Invoked-Function-Arn",
      request.invokedArn,
      "Lambda-Runtime-Trace-Id",
      traceId(),
    ];
    if (request.clientContext !== undefined)
      headers.push("Lambda-Runtime-Client-Context", request.clientContext);
    send({ headers, payload: request.payload });
  }

  #finish(execution: Execution, payload: Buffer, failure?: "failed" | "timeout", contentType?: string): void {
    clearTimeout(this.#timer);
    const durationMs = performance.now() - this.#startedAt;
    this.#platform(endLine(execution.request, this.runnable));
    this.#platform(
      reportLine(this.runnable, execution.request, {
        durationMs: failure === "timeout" ? this.runnable.timeoutSeconds * 1_000 : durationMs,
        peakMb: this.#process.peakMb,
        initMs: this.#isReported ? undefined : this.#initMs,
        status: failure === undefined ? undefined : failure === "timeout" ? "timeout" : "error",
      }),
    );
    this.#isReported = true;
    this.#process.isBusy = false;
    this.usedAt = Date.now();
    this.#execution = undefined;
    this.#options.hooks.finished(this, execution, { durationMs, failed: failure !== undefined });
    execution.settle({
      payload,
      ...(failure !== undefined && { functionError: "Unhandled" }),
      logTail: Buffer.from(this.#tail).toString("base64"),
      version: this.runnable.version,
      contentType,
    });
    if (this.#waitingNext !== undefined && !this.isDead) this.#options.hooks.ready(this);
  }

  #tooLate(): void {
    const execution = this.#execution;
    if (execution !== undefined) {
      this.#log(timeoutLine(this.runnable, execution.request), true);
      const seconds = this.runnable.timeoutSeconds.toFixed(2);
      this.#fail(execution, "Sandbox.Timedout", `Task timed out after ${seconds} seconds`, "timeout");
    }
    this.kill();
  }

  #exited(exit: Exit): void {
    if (this.isDead) return;
    this.isDead = true;
    clearTimeout(this.#timer);
    const execution = this.#execution;
    if (execution !== undefined) this.#failExit(execution, exit);
    this.#waitingNext?.(undefined);
    this.#options.hooks.ended(this);
  }

  #failExit(execution: Execution, exit: Exit): void {
    if (this.#initMs === undefined) this.#startedAt = performance.now();
    if (this.#initError !== undefined) this.#finish(execution, this.#initError.body, "failed");
    else this.#fail(execution, exit.outOfMemory ? "Runtime.OutOfMemory" : "Runtime.ExitError", wordsOf(exit));
  }

  #fail(execution: Execution, type: string, what: string, failure: "failed" | "timeout" = "failed"): void {
    const body = errorBody(type, `RequestId: ${execution.request.id} Error: ${what}`);
    this.#finish(execution, body, failure);
  }

  #platform(line: PlatformLog | undefined): void {
    if (line !== undefined) this.#log(line, true);
  }

  #log(message: string, isPlatform: boolean): void {
    this.#tail = (this.#tail + message).slice(-tailBytes);
    this.#options.hooks.logged(this, message, isPlatform);
  }
}

function wordsOf({ code, signal }: Exit): string {
  if (signal === "SIGKILL" || code === 128 + sigkill) return "Runtime exited with error: signal: killed";
  if (signal !== null) return `Runtime exited with error: signal: ${signal}`;
  if (code === 0) return "Runtime exited without providing a reason";
  return `Runtime exited with error: exit status ${code ?? 1}`;
}

const sigkill = 9;

function errorBody(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
function traceId(): string {
  const random = draw(20).toString("hex");
  const seconds = Math.floor(Date.now() / 1_000).toString(16);
  return `Root=1-${seconds}-${random.slice(0, 24)};Parent=${random.slice(24)};Sampled=0`;
}
