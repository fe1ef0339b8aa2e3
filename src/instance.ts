import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import type { RootCredentials } from "./bootstrap.ts";
import { Bus, type Work } from "./bus/bus.ts";
import type { Gathered } from "./bus/metrics.ts";
import { inBackground } from "./gateway/background.ts";
import type { Gateway } from "./gateway/callTypes.ts";
import { DigestThread } from "./gateway/digestThread.ts";
import { Refusals } from "./gateway/refusals.ts";
import type { Registry } from "./gateway/registry.ts";
import { ServiceRoles } from "./gateway/serviceRoles.ts";
import { KeyCache } from "./gateway/sigv4/keys.ts";
import { servicePrincipal } from "./kit/caller.ts";
import type { MovableClock } from "./kit/clock.ts";
import type { Host } from "./kit/context.ts";
import type { Ports } from "./kit/ports.ts";
import type { DeliveryScope } from "./kit/service.ts";
import { table } from "./kit/table.ts";
import type { ResettableStore } from "./start.ts";
import type { ByteStore } from "./storage/bytes.ts";

const hostState = table<{ clockOffsetMs: number }, [name: string]>("host", "state");

export const version = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
).version;

export interface InstanceOptions {
  store: ResettableStore;
  bytes: ByteStore;
  clock: MovableClock;
  registry: Registry;
  region: string;
  log: Logger;
  credentials: RootCredentials;
}

/** One running Cloudkeep: what the path needs of it, and what happens in it apart from any request. */
export class Instance implements Gateway {
  readonly store: ResettableStore;
  readonly bytes: ByteStore;
  readonly clock: MovableClock;
  readonly registry: Registry;
  readonly homeRegion: string;
  readonly homeAccount: string;
  readonly keys = new KeyCache();
  readonly digests = new DigestThread();
  readonly roles = new ServiceRoles();
  readonly refusals = new Refusals();
  readonly ports: Partial<Ports> = {};
  readonly bus: Bus;
  /** Set once it listens. */
  endpoint = "";
  readonly #credentials: RootCredentials;
  readonly #log: Logger;

  constructor({ store, bytes, clock, registry, region, log, credentials }: InstanceOptions) {
    this.store = store;
    this.bytes = bytes;
    this.clock = clock;
    this.registry = registry;
    this.homeRegion = region;
    this.homeAccount = credentials.accountId;
    this.#credentials = credentials;
    this.#log = log;
    this.bus = new Bus(store, clock, this.#work(log));
  }

  /** Makes what must exist before the first call. */
  async bootstrap(): Promise<void> {
    const { accountId: account, accessKeyId, secretAccessKey } = this.#credentials;
    const loaded = await Promise.all(this.registry.bootstrapNames.map((name) => this.registry.load(name)));
    await this.store.transact(async (tx) => {
      const state = await hostState.get(tx, "clock");
      this.clock.restore(state?.clockOffsetMs ?? 0);
      for (const { definition } of loaded) {
        await definition.bootstrap?.({
          tx,
          clock: this.clock,
          account,
          rootCredentials: { accessKeyId, secretAccessKey },
        });
      }
    });
    for (const { definition } of loaded) Object.assign(this.ports, definition.provides);
  }

  readonly #descriptions: Record<string, Readonly<Record<string, unknown>>> = {};
  #stops: (() => Promise<void>)[] = [];

  readonly host: Host = {
    act: (origin, body) => inBackground(this, origin, (ctx) => body(ctx)),
    home: () => ({ account: this.homeAccount, region: this.homeRegion }),
    note: (level, facts, text) => this.#log[level](facts, text),
    wake: (topic) => this.bus.waiters.notify(topic),
    onStop: (effect) => void this.#stops.push(effect),
    describe: (name, facts) => {
      this.#descriptions[name] = facts;
    },
    status: () => ({
      runtimes: this.#descriptions,
      version,
      account: this.homeAccount,
      region: this.homeRegion,
      services: this.registry.names,
      store: this.store.stats(),
    }),
    endpoint: () => this.endpoint,
    refusal: (requestId: string) => this.refusals.find(requestId),
    advanceClock: async (byMs: number) => {
      const target = this.clock.now() + byMs;
      await this.bus.settle();
      // From one due time to the next, so that each timer sees its own time, and what it sets fires too.
      for (;;) {
        const dueMs = await this.bus.nextDueMs();
        if (dueMs === undefined || dueMs > target) break;
        await this.#moveClock(dueMs);
        await this.bus.settle();
      }
      await this.#moveClock(target);
    },
    reset: async () => {
      await this.stopServices();
      await this.store.reset();
      await this.bytes.clear();
      await this.bootstrap();
      await this.bus.followersChanged();
      await this.startServices();
    },
  };

  /** Services begin what they do of their own accord. */
  async startServices(): Promise<void> {
    for (const name of this.registry.startingNames) {
      const { definition } = await this.registry.load(name);
      await definition.start?.(this.host);
    }
  }

  async stopServices(): Promise<void> {
    const stops = this.#stops;
    this.#stops = [];
    await Promise.all(stops.map((stop) => stop()));
  }

  /** Moves the clock to a time, if it is ahead. The offset is kept before anything happens at that time. */
  async #moveClock(toMs: number): Promise<void> {
    this.clock.advance(Math.max(0, toMs - this.clock.now()));
    const { offsetMs } = this.clock;
    await this.store.transact(async (tx) => hostState.put(tx, ["clock"], { clockOffsetMs: offsetMs }));
    this.bus.waiters.notifyAll();
  }

  #work(log: Logger): Work {
    return {
      timer: async (timer, claim) => {
        const { definition } = await this.registry.load(timer.service);
        const handler = definition.timers?.[timer.name];
        if (handler === undefined) throw new Error(`${timer.service} has no timer ${timer.name}.`);
        await inBackground(this, timer, async (ctx, tx) => {
          if (await claim(tx)) await handler(timer.payload as never, ctx as never);
        });
      },
      delivery: async (item, claim) => {
        const { definition } = await this.registry.load(item.service);
        const delivery = definition.deliveries?.[item.name];
        if (delivery === undefined) throw new Error(`${item.service} has no delivery ${item.name}.`);
        const { account, region } = item;
        const scope: DeliveryScope = {
          account,
          region,
          nowMs: this.clock.now(),
          read: this.store.transact.bind(this.store),
          act: (body) => inBackground(this, item, (ctx) => body(ctx)),
        };
        const result = await delivery.send?.(item.payload as never, scope);
        await inBackground(this, item, async (ctx, tx) => {
          if (await claim(tx)) await delivery.settle(item.payload as never, ctx as never, result as never);
        });
      },
      follow: async (service, entries, move) => {
        const { definition } = await this.registry.load(service);
        const origin = { service, account: this.homeAccount, region: this.homeRegion };
        await inBackground(this, origin, async (ctx, tx) => {
          if (await move(tx)) await definition.followsRecord?.(entries, ctx);
        });
      },
      metrics: (gathered) => this.#publish(gathered),
      failed: (error, what) => log.error({ err: error, ...what }, "work in the background failed"),
    };
  }

  /** Puts services' metrics to CloudWatch, under the principal of CloudWatch itself. */
  async #publish(gathered: Gathered[]): Promise<void> {
    if (!this.registry.names.includes("cloudwatch")) return;
    const { operations } = await this.registry.load("cloudwatch");
    if (!operations.has("PutMetricData")) return;
    const batches = new Map<string, Gathered[]>();
    for (const one of gathered) {
      const key = `${one.account}/${one.region}/${one.namespace}`;
      const batch = batches.get(key);
      if (batch === undefined) batches.set(key, [one]);
      else batch.push(one);
    }
    for (const batch of batches.values()) await this.#publishOf(batch);
  }

  async #publishOf(batch: Gathered[]): Promise<void> {
    for (let at = 0; at < batch.length; at += maxMetricsPerCall) {
      const part = batch.slice(at, at + maxMetricsPerCall);
      const { account, region, namespace } = part[0] as Gathered;
      await inBackground(this, { service: "cloudwatch", account, region }, async (ctx) => {
        await ctx.call(
          "cloudwatch",
          "PutMetricData",
          { Namespace: namespace, MetricData: part.map(datumOf) },
          {
            as: servicePrincipal("monitoring.amazonaws.com", { sourceAccount: account }),
          },
        );
      });
    }
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const maxMetricsPerCall = 1_000;

function datumOf({ name, dimensions, unit, minuteMs, counts }: Gathered): Record<string, unknown> {
  return {
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    Timestamp: new Date(minuteMs),
    Unit: unit,
    Values: [...counts.keys()],
    Counts: [...counts.values()],
  };
}
