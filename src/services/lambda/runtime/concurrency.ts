import type { Runnable } from "./types.ts";

/**
 * How many executions run at once, by function and by account and Region.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 */

export const accountConcurrency = 1_000;
/** What must stay for functions that have reserved none. */
export const minUnreserved = 100;

export interface Throttle {
  throttle: "ReservedFunctionConcurrentInvocationLimitExceeded" | "ConcurrentInvocationLimitExceeded";
}

export class Concurrency {
  readonly #byFunction = new Map<string, number>();
  /** Of these, those on versions for which nothing is provisioned. */
  readonly #onDemand = new Map<string, number>();
  readonly #byAccount = new Map<string, number>();

  of({ functionArn }: Pick<Runnable, "functionArn">): number {
    return this.#byFunction.get(functionArn) ?? 0;
  }

  /** Counts one more, unless there are too many already. */
  take(runnable: Runnable, isProvisioned: boolean): Throttle | undefined {
    const { reserved, provisioned, functionArn } = runnable;
    const running = this.of(runnable);
    const onDemand = this.#onDemand.get(functionArn) ?? 0;
    const isOver = isProvisioned
      ? running >= (reserved ?? Number.POSITIVE_INFINITY)
      : onDemand >= (reserved ?? Number.POSITIVE_INFINITY) - provisioned;
    if (isOver) return { throttle: "ReservedFunctionConcurrentInvocationLimitExceeded" };
    const account = accountOf(runnable);
    const inAccount = this.#byAccount.get(account) ?? 0;
    if (reserved === undefined && inAccount >= accountConcurrency)
      return { throttle: "ConcurrentInvocationLimitExceeded" };
    this.#byFunction.set(functionArn, running + 1);
    if (!isProvisioned) this.#onDemand.set(functionArn, onDemand + 1);
    this.#byAccount.set(account, inAccount + 1);
    return undefined;
  }

  give(runnable: Runnable, isProvisioned: boolean): void {
    if (!isProvisioned) lower(this.#onDemand, runnable.functionArn);
    lower(this.#byFunction, runnable.functionArn);
    lower(this.#byAccount, accountOf(runnable));
  }
}

function accountOf({ account, region }: Runnable): string {
  return `${account}/${region}`;
}

function lower(counts: Map<string, number>, key: string): void {
  const count = (counts.get(key) ?? 0) - 1;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
