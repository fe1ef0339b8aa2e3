import { type Caller, servicePrincipal } from "../../../kit/caller.ts";
import type { Context, Host } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { Runnable } from "./types.ts";

/**
 * Log lines and metrics of functions. Lines are written as a session of the function's own role, through the gate: a
 * role that may not write logs has none, as on AWS. Both are gathered in memory for a moment, and written together.
 */

const flushMs = 200;
const maxBatchLines = 1_000;
const maxBatchBytes = 512 * 1024;
/** Lines that wait for a slow store; what a function prints beyond is dropped. */
const maxWaitingBytes = 8 * 1024 * 1024;

interface Waiting {
  runnable: Runnable;
  logStream: string;
  lines: { timestamp: number; message: string }[];
  bytes: number;
  isDenied: boolean;
}

interface Count {
  name: string;
  dimensions: Record<string, string>;
  value: number;
  unit: string;
}

/** Lambda itself, for one of its functions. */
export function lambdaFor({ functionArn, account }: Pick<Runnable, "functionArn" | "account">): Caller {
  return servicePrincipal("lambda.amazonaws.com", { sourceArn: functionArn, sourceAccount: account });
}

/** A session of a function's role. */
export function roleSession(
  runnable: Pick<Runnable, "functionArn" | "account" | "roleArn" | "functionName">,
  ctx: Context,
): Promise<Caller> {
  return ctx.assumeRole(
    runnable.roleArn,
    lambdaFor(runnable),
    runnable.functionName.slice(0, 64).padEnd(2, "-"),
  );
}

interface Measured {
  durationMs: number;
  failed: boolean;
  /** How many executions of the function there were at once. */
  concurrent: number;
}

/** Coarse where it does not matter: values that are the same are counted together. */
function shownDuration(ms: number): number {
  return ms < 100 ? Math.round(ms * 10) / 10 : Math.round(ms);
}

export class Journal {
  readonly #host: Host;
  readonly #now: () => number;
  readonly #streams = new Map<string, Waiting>();
  readonly #counts = new Map<string, { account: string; region: string; counts: Count[] }>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(host: Host, now: () => number) {
    this.#host = host;
    this.#now = now;
  }

  line(runnable: Runnable, logStream: string, message: string): void {
    let waiting = this.#streams.get(logStream);
    if (waiting === undefined) {
      waiting = { runnable, logStream, lines: [], bytes: 0, isDenied: false };
      this.#streams.set(logStream, waiting);
    }
    if (waiting.bytes > maxWaitingBytes || waiting.isDenied) return;
    waiting.lines.push({ timestamp: this.#now(), message });
    waiting.bytes += message.length;
    this.#soon();
  }

  count(runnable: Pick<Runnable, "account" | "region">, ...counts: Count[]): void {
    const key = `${runnable.account}/${runnable.region}`;
    const known = this.#counts.get(key);
    if (known === undefined) {
      this.#counts.set(key, { account: runnable.account, region: runnable.region, counts });
    } else known.counts.push(...counts);
    this.#soon();
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
  measure(runnable: Runnable, { durationMs, failed, concurrent }: Measured): void {
    const dimensions = { FunctionName: runnable.functionName };
    this.count(
      runnable,
      { name: "Invocations", dimensions, value: 1, unit: "Count" },
      { name: "Errors", dimensions, value: failed ? 1 : 0, unit: "Count" },
      { name: "Duration", dimensions, value: shownDuration(durationMs), unit: "Milliseconds" },
      { name: "ConcurrentExecutions", dimensions, value: concurrent, unit: "Count" },
    );
  }

  /** An environment that has ended writes no more. */
  close(logStream: string): void {
    void this.flush().then(() => this.#streams.delete(logStream));
  }

  /** Writes what has gathered; resolves once it is there. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref();
  }

  async #write(): Promise<void> {
    const counted = [...this.#counts.values()];
    this.#counts.clear();
    const streams = [...this.#streams.values()].filter(({ lines }) => lines.length > 0);
    await Promise.all([...counted.map((one) => this.#publish(one)), ...streams.map((one) => this.#put(one))]);
  }

  async #publish({
    account,
    region,
    counts,
  }: {
    account: string;
    region: string;
    counts: Count[];
  }): Promise<void> {
    try {
      await this.#host.act({ service: "lambda", account, region }, async (ctx) => {
        for (const count of counts) ctx.metric({ namespace: "AWS/Lambda", ...count });
      });
    } catch (error) {
      this.#host.note("error", { err: error }, "metrics of functions were lost");
    }
  }

  async #put(waiting: Waiting): Promise<void> {
    while (waiting.lines.length > 0) {
      const batch = takeBatch(waiting);
      const { account, region } = waiting.runnable;
      try {
        await this.#host.act({ service: "lambda", account, region }, (ctx) => putLines(waiting, batch, ctx));
      } catch (error) {
        // Its role may not: the function has no log, as on AWS.
        if (error instanceof AwsError) waiting.isDenied = true;
        else this.#host.note("error", { err: error }, "log lines of a function were lost");
        waiting.lines.length = 0;
        waiting.bytes = 0;
        return;
      }
    }
  }
}

function takeBatch(waiting: Waiting): Waiting["lines"] {
  let bytes = 0;
  let count = 0;
  for (const { message } of waiting.lines) {
    bytes += message.length;
    if (count > 0 && (bytes > maxBatchBytes || count >= maxBatchLines)) break;
    count += 1;
    waiting.bytes -= message.length;
  }
  return waiting.lines.splice(0, count);
}

async function putLines(
  { runnable, logStream }: Waiting,
  batch: Waiting["lines"],
  ctx: Context,
): Promise<void> {
  const as = await roleSession(runnable, ctx);
  const { logGroup: logGroupName } = runnable;
  const call = (operation: string, input: Record<string, unknown>) =>
    ctx.call("logs", operation, input, { as });
  const put = () => call("PutLogEvents", { logGroupName, logStreamName: logStream, logEvents: batch });
  try {
    await put();
  } catch (error) {
    if (!isCode(error, "ResourceNotFoundException")) throw error;
    await unlessThere(
      () => call("CreateLogStream", { logGroupName, logStreamName: logStream }),
      async () => {
        await unlessThere(() => call("CreateLogGroup", { logGroupName }));
        await unlessThere(() => call("CreateLogStream", { logGroupName, logStreamName: logStream }));
      },
    );
    await put();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof AwsError && error.code === code;
}

/** Makes something that another may have made meanwhile. */
async function unlessThere(make: () => Promise<unknown>, absent?: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (absent !== undefined && isCode(error, "ResourceNotFoundException")) return await absent();
    if (!isCode(error, "ResourceAlreadyExistsException")) throw error;
  }
}
