import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { type RootCredentials, rootCredentials } from "./bootstrap.ts";
import { TimerLoop, timersOf } from "./bus/timers.ts";
import { runTimer } from "./gateway/call.ts";
import type { Gateway } from "./gateway/pipeline.ts";
import { Refusals } from "./gateway/refusals.ts";
import { Registry } from "./gateway/registry.ts";
import { listen } from "./gateway/server.ts";
import { KeyCache } from "./gateway/sigv4/keys.ts";
import { buildDirectory } from "./kit/buildFiles.ts";
import type { Caller } from "./kit/caller.ts";
import { type Clock, MovableClock } from "./kit/clock.ts";
import { timedUuid } from "./kit/ids.ts";
import { silentLog } from "./kit/log.ts";
import { recordLog } from "./kit/record.ts";
import type { Ports } from "./kit/service.ts";
import { table } from "./kit/table.ts";
import { services as allServices, type ServiceEntry } from "./services/index.ts";
import type { Store, Transaction } from "./storage/store.ts";

export interface StartOptions {
  store: ResettableStore;
  host?: string;
  /** 0 takes a free port. */
  port?: number;
  region?: string;
  accountId?: string;
  /** Where the root credentials are kept; left out, they live only as long as the process. */
  credentialsFile?: string;
  tls?: { cert: string | Buffer; key: string | Buffer };
  log?: Logger;
  services?: Record<string, ServiceEntry>;
}

export type ResettableStore = Store & { reset(): Promise<void>; stats(): Record<string, unknown> };

export interface Cloudkeep {
  endpoint: string;
  port: number;
  region: string;
  accountId: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  clock: AdvancingClock;
  stop(): Promise<void>;
}

/** The clock, for who started Cloudkeep. */
export interface AdvancingClock extends Clock {
  /** Moves time forward; what becomes due on the way happens in order, before this resolves. */
  advance(byMs: number): Promise<void>;
}

const hostState = table<{ clockOffsetMs: number }, [name: string]>("host", "state");

const contractsDirectory = join(buildDirectory, "contracts");

export const version = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
).version;

/** Starts the whole of Cloudkeep over an open store, which it closes when it stops. */
export async function start(options: StartOptions): Promise<Cloudkeep> {
  const { store, host = "127.0.0.1", region = "us-east-1", log = silentLog } = options;
  const credentials = rootCredentials(options.credentialsFile, options.accountId);
  const clock = new MovableClock();
  const registry = new Registry(options.services ?? allServices, contractsDirectory);
  const gateway = new GatewayImpl(store, clock, registry, region, credentials.accountId);
  gateway.timers = new TimerLoop(
    store,
    clock,
    (timer, tx) => gateway.runTimer(timer, tx),
    (error, timer) => log.error({ err: error, service: timer.service, timer: timer.name }, "timer failed"),
  );
  gateway.host.reset = async () => {
    await store.reset();
    await bootstrap(gateway, credentials);
  };
  await bootstrap(gateway, credentials);
  const listening = await listen(
    { gateway, log, ...(options.tls && { tls: options.tls }) },
    host,
    options.port ?? 0,
  );
  void gateway.timers.drain();
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    endpoint: `${options.tls ? "https" : "http"}://${name}:${listening.port}`,
    port: listening.port,
    region,
    accountId: credentials.accountId,
    credentials,
    clock: { now: () => clock.now(), advance: (byMs) => gateway.host.advanceClock(byMs) },
    async stop() {
      await listening.close();
      await gateway.timers?.stop();
      await store.close();
    },
  };
}

async function bootstrap(gateway: GatewayImpl, credentials: RootCredentials): Promise<void> {
  const { accountId: account, accessKeyId, secretAccessKey } = credentials;
  const names = gateway.registry.bootstrapNames;
  const loaded = await Promise.all(names.map((name) => gateway.registry.load(name)));
  await gateway.store.transact(async (tx) => {
    const state = await hostState.get(tx, "clock");
    gateway.clock.restore(state?.clockOffsetMs ?? 0);
    for (const { definition } of loaded) {
      await definition.bootstrap?.({
        tx,
        clock: gateway.clock,
        account,
        rootCredentials: { accessKeyId, secretAccessKey },
      });
    }
  });
  for (const { definition } of loaded) Object.assign(gateway.ports, definition.provides);
}

class GatewayImpl implements Gateway {
  readonly store: ResettableStore;
  readonly clock: MovableClock;
  readonly registry: Registry;
  readonly homeRegion: string;
  readonly homeAccount: string;
  readonly keys = new KeyCache();
  readonly refusals = new Refusals();
  readonly ports: Partial<Ports> = {};
  timers: TimerLoop | undefined;

  constructor(
    store: ResettableStore,
    clock: MovableClock,
    registry: Registry,
    region: string,
    account: string,
  ) {
    this.store = store;
    this.clock = clock;
    this.registry = registry;
    this.homeRegion = region;
    this.homeAccount = account;
  }

  readonly host = {
    status: () => ({
      version,
      account: this.homeAccount,
      region: this.homeRegion,
      services: this.registry.names,
      store: this.store.stats(),
    }),
    refusal: (requestId: string) => this.refusals.find(requestId),
    advanceClock: async (byMs: number) => {
      const target = this.clock.now() + byMs;
      // From one due time to the next, so that each timer sees its own time, and what it sets fires too.
      for (;;) {
        const dueMs = await this.timers?.nextDueMs();
        if (dueMs === undefined || dueMs > target) break;
        await this.#moveClock(dueMs);
        await this.timers?.drain();
      }
      await this.#moveClock(target);
    },
    reset: async () => {},
  };

  /** Moves the clock to a time, if it is ahead. The offset is kept before anything happens at that time. */
  async #moveClock(toMs: number): Promise<void> {
    this.clock.advance(Math.max(0, toMs - this.clock.now()));
    const { offsetMs } = this.clock;
    await this.store.transact(async (tx) => hostState.put(tx, ["clock"], { clockOffsetMs: offsetMs }));
  }

  timersOf(tx: Transaction, service: string, account: string, region: string) {
    return timersOf(tx, { service, account, region }, (atMs) => this.timers?.wake(atMs));
  }

  async runTimer(
    timer: {
      service: string;
      name: string;
      account: string;
      region: string;
      payload: Record<string, unknown>;
    },
    tx: Transaction,
  ): Promise<void> {
    const service = await this.registry.load(timer.service);
    const events: Parameters<typeof tx.append>[1][] = [];
    const scope = {
      requestId: timedUuid(this.clock.now()),
      service,
      caller: serviceCaller(service.definition.eventSource),
      account: timer.account,
      region: timer.region,
      request: { sourceIp: "", userAgent: service.definition.eventSource, secure: true, host: "" },
      events,
      afterCommit: [],
    };
    await runTimer(scope, timer.name, timer.payload, tx, this);
    for (const event of events) tx.append(recordLog, event);
  }
}

/** A service acting on its own behalf. */
function serviceCaller(service: string): Caller {
  return { principal: { kind: "service", account: "", arn: "", service, userId: "" } };
}
