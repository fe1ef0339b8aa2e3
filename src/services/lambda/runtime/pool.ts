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
  readonly #starts = new Map<Environment, () => void>();

  constructor(runnable: Runnable) {
    this.runnable = runnable;
  }

  get isEmpty(): boolean {
    return this.all.size === 0 && this.starting === 0 && this.queue.length === 0;
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
