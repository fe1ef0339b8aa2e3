import type { Environment } from "./environment.ts";
import type { Execution } from "./execution.ts";
import type { Runnable } from "./types.ts";

/** Environments that are interchangeable, and the invocations that wait for one of them. */
export class Pool {
  readonly runnable: Runnable;
  readonly all = new Set<Environment>();
  /** Free, the one that was used longest ago first. */
  readonly idle: Environment[] = [];
  readonly queue: Execution[] = [];
  starting = 0;
  /** They have answered, and ask for the next invocation in a moment. */
  readonly returning = new Set<Environment>();
  /** Of a version that was changed: nothing new is started. */
  isRetired = false;
  /** How many environments are kept, whether or not there is work for them. */
  kept = 0;
  /** Why no more of them are kept. */
  failure: string | undefined;
  readonly #starts = new Map<Environment, () => void>();

  constructor(runnable: Runnable) {
    this.runnable = runnable;
  }

  get isEmpty(): boolean {
    return this.all.size === 0 && this.starting === 0 && this.queue.length === 0 && this.kept === 0;
  }

  /** Whether an environment that has nothing to do may end. */
  get canSpare(): boolean {
    return this.all.size > this.kept;
  }

  /** Whether another environment is to be started: invocations wait, or too few are kept. */
  get wantsMore(): boolean {
    const expected = this.starting + this.returning.size;
    return expected < this.queue.length || (this.failure === undefined && this.#missing > 0);
  }

  get #missing(): number {
    return this.kept - this.all.size - this.starting;
  }

  get warm(): number {
    let count = 0;
    for (const { isInitialized, isDead } of this.all) if (isInitialized && !isDead) count += 1;
    return count;
  }

  /** The one that was used last, unless its credentials expire before `untilMs` of the clock. */
  takeIdle(untilMs: number): Environment | undefined {
    for (;;) {
      const environment = this.idle.pop();
      if (environment === undefined) return undefined;
      if (environment.expiresAt > untilMs && !environment.isDead) return environment;
      environment.kill();
    }
  }

  remove(environment: Environment): void {
    this.all.delete(environment);
    this.returning.delete(environment);
    const at = this.idle.indexOf(environment);
    if (at >= 0) this.idle.splice(at, 1);
  }

  /** Resolves once the environment has begun its work, or has ended. */
  initialized(environment: Environment): Promise<void> {
    if (environment.isInitialized || environment.isDead) return Promise.resolve();
    return new Promise((resolve) => this.#starts.set(environment, resolve));
  }

  settleStart(environment: Environment): void {
    this.#starts.get(environment)?.();
    this.#starts.delete(environment);
  }
}
