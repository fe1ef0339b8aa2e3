import { servicePrincipal } from "../kit/caller.ts";
import type { Context } from "../kit/context.ts";
import { timedUuid } from "../kit/ids.ts";
import { recordLog } from "../kit/record.ts";
import type { LogEntry, Transaction } from "../storage/store.ts";
import { contextOf, type Environment } from "./call.ts";

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
 * transaction, under the service's own principal. What it calls is judged and recorded like any call.
 */
export async function inBackground(
  environment: Environment,
  { service: name, account, region, hops = 0 }: Origin,
  work: (ctx: Context, tx: Transaction) => Promise<void>,
): Promise<void> {
  const service = await environment.registry.load(name);
  const { eventSource } = service.definition;
  const events: LogEntry[] = [];
  const afterCommit: (() => void | Promise<void>)[] = [];
  await environment.store.transact(async (tx) => {
    events.length = 0;
    afterCommit.length = 0;
    const scope = {
      requestId: timedUuid(environment.clock.now()),
      service,
      caller: servicePrincipal(eventSource),
      account,
      region,
      request: { sourceIp: "", userAgent: eventSource, secure: true, host: "" },
      hops,
      events,
      afterCommit,
    };
    await work(contextOf(scope, tx, environment), tx);
    for (const event of events) tx.append(recordLog, event);
  });
  if (events.length > 0) environment.bus.recorded();
  for (const effect of afterCommit) await effect();
}
