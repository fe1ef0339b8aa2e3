import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Context, Host } from "../../../kit/context.ts";
import { Concurrency, type Throttle } from "./concurrency.ts";
import { Environment, type EnvironmentHooks } from "./environment.ts";
import { Execution } from "./execution.ts";
import { Journal } from "./journal.ts";
import { Packages } from "./packages.ts";
import { Pool } from "./pool.ts";
import { prepare } from "./prepare.ts";
import { runtimeApiServer } from "./runtimeApi.ts";
import { type Sandbox, sandboxHere } from "./sandbox.ts";
import type { InvokeRequest, Runnable } from "./types.ts";

/**
 * Runs functions: keeps execution environments, hands invocations to those that are free, starts others, and ends
 * those that have nothing to do. All of it is in memory: what must not be lost waits in the outbox meanwhile.
 */

/** Processes at once, whatever the functions' concurrency: invocations wait for one that is free. */
const maxEnvironments = 64;
/** Environments that start at the same time. */
const maxStarting = Math.max(2, availableParallelism());
/** Environments that are kept warm, of all functions. */
const maxKept = 32;
const idleMs = 5 * 60_000;
const returnMs = 100;
const reapEveryMs = 15_000;
/** Answers are kept for those who asked, should they have to ask again. */
const keepAnswersMs = 60_000;
/** Credentials are used no longer than this before they expire. */
const expiryMarginMs = 16 * 60_000;

const engines = new WeakMap<Host, Engine>();

/** The engine of one Cloudkeep. */
export function engineOf(host: Host, now: () => number): Engine {
  let engine = engines.get(host);
  if (engine === undefined) {
    engine = new Engine(host, now);
    engines.set(host, engine);
  }
  return engine;
}

export function engineFor({ host, clock }: Pick<Context, "host" | "clock">): Engine {
  return engineOf(host, () => clock.now());
}

export class Engine {
  readonly journal: Journal;
  readonly concurrency = new Concurrency();
  readonly #host: Host;
  readonly #now: () => number;
  readonly #pools = new Map<string, Pool>();
  readonly #executions = new Map<string, Execution>();
  readonly #environments = new Set<Environment>();
  readonly #api = runtimeApiServer();
  #packages: Promise<Packages> | undefined;
  #starting = 0;
  #stopped = false;
  #reaper: NodeJS.Timeout | undefined;

  constructor(host: Host, now: () => number) {
    this.#host = host;
    this.#now = now;
    this.journal = new Journal(host, now);
    host.onStop(() => this.stop());
  }

  /** How functions are kept apart from the machine and from each other. */
  async sandbox(): Promise<Sandbox> {
    return await sandboxHere();
  }

  find(id: string): Execution | undefined {
    return this.#executions.get(id);
  }

  /** Takes an invocation in; `topic` is told when something comes of it. */
  begin(runnable: Runnable, request: InvokeRequest, topic: string): Execution | Throttle {
    const isProvisioned = (this.#pools.get(runnable.key)?.kept ?? 0) > 0;
    const throttle = this.concurrency.take(runnable, isProvisioned);
    if (throttle !== undefined) return throttle;
    const execution = new Execution(runnable, request, () => this.#host.wake(topic));
    this.#executions.set(topic, execution);
    void execution.done().then(() => {
      this.concurrency.give(runnable, isProvisioned);
      setTimeout(() => this.#executions.delete(topic), keepAnswersMs).unref();
    });
    this.#poolOf(runnable).queue.push(execution);
    this.#advance(runnable.key);
    return execution;
  }

  forget(topic: string): void {
    this.#executions.delete(topic);
  }

  /** Ends the environments of a function that was changed or deleted, as they become free. */
  retire(functionArn: string): void {
    for (const pool of this.#pools.values()) {
      // A version that is provisioned does not change.
      if (pool.runnable.functionArn === functionArn && pool.kept === 0) this.#drain(pool);
    }
  }

  /** Keeps environments of a function's versions warm, and no longer those that were kept before. */
  keep(functionArn: string, wanted: readonly { runnable: Runnable; count: number }[]): void {
    for (const pool of this.#pools.values()) if (pool.runnable.functionArn === functionArn) pool.kept = 0;
    for (const { runnable, count } of wanted) {
      const pool = this.#poolOf(runnable);
      pool.kept = Math.max(0, Math.min(count, maxKept - this.#kept));
      pool.failure = undefined;
      this.#advance(runnable.key);
    }
  }

  get #kept(): number {
    let sum = 0;
    for (const { kept } of this.#pools.values()) sum += kept;
    return sum;
  }

  /** How many environments of a version are warm, of how many; and why it is no more. */
  warmth(key: string): { warm: number; wanted: number; failure: string | undefined } {
    const { warm = 0, kept: wanted = 0, failure } = this.#pools.get(key) ?? {};
    const isFull = wanted === 0 && this.#kept >= maxKept;
    return { warm, wanted, failure: isFull ? `All ${maxKept} environments are kept for others.` : failure };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#reaper);
    for (const environment of this.#environments) environment.kill();
    for (const execution of this.#executions.values()) {
      if (!execution.isDone) execution.refuse(unavailable);
    }
    await this.journal.flush();
    (await this.#packages?.catch(() => undefined))?.wipe();
    engines.delete(this.#host);
  }

  #poolOf(runnable: Runnable): Pool {
    let pool = this.#pools.get(runnable.key);
    if (pool === undefined) {
      for (const other of this.#pools.values()) {
        const isOlder =
          other.runnable.functionArn === runnable.functionArn && other.runnable.version === runnable.version;
        if (isOlder) this.#drain(other);
      }
      pool = new Pool(runnable);
      this.#pools.set(runnable.key, pool);
    }
    return pool;
  }

  #drain(pool: Pool): void {
    pool.isRetired = true;
    for (const environment of pool.idle.splice(0)) environment.kill();
    if (pool.isEmpty) this.#pools.delete(pool.runnable.key);
  }

  /** Gives waiting invocations to free environments, and starts more where there are too few. */
  #advance(key: string): void {
    const pool = this.#pools.get(key);
    if (pool === undefined || this.#stopped) return;
    while (pool.queue.length > 0) {
      const environment = pool.takeIdle(this.#now() + expiryMarginMs);
      if (environment === undefined) break;
      environment.run(pool.queue.shift() as Execution);
    }
    while (pool.wantsMore && this.#starting < maxStarting && this.#hasRoom()) this.#start(pool);
  }

  #hasRoom(): boolean {
    if (this.#environments.size + this.#starting < maxEnvironments) return true;
    // The one that was used longest ago makes room.
    let oldest: Environment | undefined;
    for (const { idle, canSpare } of this.#pools.values()) {
      const [first] = idle;
      if (!canSpare) continue;
      if (first !== undefined && (oldest === undefined || first.usedAt < oldest.usedAt)) oldest = first;
    }
    if (oldest === undefined) return false;
    this.#pools.get(oldest.runnable.key)?.remove(oldest);
    oldest.kill();
    return true;
  }

  #start(pool: Pool): void {
    this.#starting += 1;
    pool.starting += 1;
    this.#reaper ??= setInterval(() => this.#reap(), reapEveryMs).unref();
    this.#launch(pool)
      .catch((error: unknown) => {
        const refusal = refusalOf(error);
        if (refusal === unavailable)
          this.#host.note("error", { err: error }, "a function could not be started");
        pool.failure = refusal.message;
        pool.queue.shift()?.refuse(refusal);
      })
      .finally(() => {
        this.#starting -= 1;
        pool.starting -= 1;
        for (const key of this.#pools.keys()) this.#advance(key);
      });
  }

  async #launch(pool: Pool): Promise<void> {
    const { runnable } = pool;
    this.#packages ??= this.#makePackages();
    const packages = await this.#packages;
    const date = new Date(this.#now()).toISOString().slice(0, 10).replaceAll("-", "/");
    const logStream = `${date}/[${runnable.version}]${randomBytes(16).toString("hex")}`;
    const { variables, expiresAt, view, cloudkeepPort } = await prepare(
      runnable,
      logStream,
      packages,
      this.#host,
      pool.kept > 0 ? "provisioned-concurrency" : "on-demand",
    );
    if (this.#stopped) return;
    const sandbox = await sandboxHere();
    const hooks = this.#hooks(pool);
    const environment = new Environment({
      runnable,
      sandbox,
      view,
      variables,
      cloudkeepPort,
      logStream,
      hooks,
    });
    environment.expiresAt = expiresAt;
    this.#environments.add(environment);
    pool.all.add(environment);
    // An invocation waits for it already; another environment may have become free for that meanwhile.
    const first = pool.queue.shift();
    if (first !== undefined) environment.run(first);
    await environment.start();
    await pool.initialized(environment);
  }

  #hooks(pool: Pool): EnvironmentHooks {
    return {
      accept: (socket, side) => this.#api.accept(socket, side),
      initialized: (environment) => pool.settleStart(environment),
      ready: (environment) => {
        pool.returning.delete(environment);
        if (pool.isRetired && pool.queue.length === 0) return environment.kill();
        pool.idle.push(environment);
        this.#advance(pool.runnable.key);
      },
      ended: (environment) => {
        pool.settleStart(environment);
        if (!environment.isInitialized) pool.failure = "FUNCTION_ERROR_INIT_FAILURE";
        pool.remove(environment);
        this.#environments.delete(environment);
        this.journal.close(environment.logStream);
        if (pool.isRetired && pool.isEmpty) this.#pools.delete(pool.runnable.key);
        for (const key of this.#pools.keys()) this.#advance(key);
      },
      logged: (environment, message) => this.journal.line(pool.runnable, environment.logStream, message),
      finished: (environment, _execution, { durationMs, failed }) => {
        if (!environment.isDead) this.#expectBack(pool, environment);
        const concurrent = this.concurrency.of(pool.runnable);
        this.journal.measure(pool.runnable, { durationMs, failed, concurrent });
      },
    };
  }

  /** An environment that has answered is free in a moment; for one that takes longer, nobody waits. */
  #expectBack(pool: Pool, environment: Environment): void {
    pool.returning.add(environment);
    const late = () => {
      if (pool.returning.delete(environment)) this.#advance(pool.runnable.key);
    };
    setTimeout(late, returnMs).unref();
  }

  #reap(): void {
    const before = Date.now() - idleMs;
    for (const pool of this.#pools.values()) {
      for (const environment of [...pool.idle]) {
        if (environment.usedAt > before || !pool.canSpare) continue;
        pool.remove(environment);
        environment.kill();
      }
      if (pool.isEmpty) this.#pools.delete(pool.runnable.key);
    }
  }

  async #makePackages(): Promise<Packages> {
    const packages = new Packages(await sandboxHere());
    await packages.prepare();
    return packages;
  }
}

const unavailable = { code: "ServiceException", message: "Service failure", status: 500 };

function refusalOf(error: unknown): { code: string; message: string; status: number } {
  if (error instanceof Error && "refusal" in error) return error.refusal as typeof unavailable;
  return unavailable;
}
