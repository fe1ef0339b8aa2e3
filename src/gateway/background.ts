import { Waiting } from "../bus/waiters.ts";
import { servicePrincipal } from "../kit/caller.ts";
import type { Context } from "../kit/context.ts";
import { timedUuid } from "../kit/ids.ts";
import { recordLog } from "../kit/record.ts";
import type { LogEntry, Transaction } from "../storage/store.ts";
import { contextOf, type Environment } from "./call.ts";
import type { CallScope, Gateway } from "./callTypes.ts";
import { longPoll } from "./longPoll.ts";

/** For whom, and where, a service acts of its own accord. */
export interface Origin {
  service: string;
  account: string;
  region: string;
  /** How many deliveries led to this, each causing the next. */
  hops?: number;
}

/**
 * Runs what a service does of its own accord (a timer that is due, a delivery, new events of the record) in a
 * transaction, under the service's own principal. What it calls is judged and recorded like any call, and may wait.
 */
export async function inBackground<Result>(
  environment: Gateway,
  { service: name, account, region, hops = 0 }: Origin,
  work: (ctx: Context, tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const service = await environment.registry.load(name);
  const { eventSource } = service.definition;
  // One id for all runs: what waits knows by it what it has begun.
  const requestId = timedUuid(environment.clock.now());
  const run = (waited: boolean) => {
    const scope = () => ({
      requestId,
      service,
      caller: servicePrincipal(eventSource),
      account,
      region,
      request: { sourceIp: "", userAgent: eventSource, secure: true, host: "" },
      hops,
      waited,
    });
    return outsideOfCalls(environment, scope, work);
  };
  try {
    return await run(false);
  } catch (error) {
    if (!(error instanceof Waiting)) throw error;
    return await longPoll(error, { run, waiters: environment.bus.waiters, clock: environment.clock });
  }
}

/** Runs what is no call of an operation in a transaction of its own; what it records commits with it. */
export async function outsideOfCalls<Result>(
  environment: Environment,
  scope: () => Omit<CallScope, "events" | "afterCommit">,
  work: (ctx: Context, tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const events: LogEntry[] = [];
  const afterCommit: (() => void | Promise<void>)[] = [];
  const result = await environment.store.transact(async (tx) => {
    events.length = 0;
    afterCommit.length = 0;
    const done = await work(contextOf({ ...scope(), events, afterCommit }, tx, environment), tx);
    for (const event of events) tx.append(recordLog, event);
    return done;
  });
  if (events.length > 0) environment.bus.recorded();
  for (const effect of afterCommit) await effect();
  return result;
}
