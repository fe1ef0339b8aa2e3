import type { MovableClock } from "../kit/clock.ts";
import type { Metric, Outbox, Timers } from "../kit/context.ts";
import { uuid } from "../kit/ids.ts";
import type { RecordRow } from "../kit/record.ts";
import type { Store, Transaction } from "../storage/store.ts";
import { Followers } from "./followers.ts";
import { type Gathered, MetricGatherer } from "./metrics.ts";
import { type Item, type OutboxScope, outboxOf, putItem } from "./outbox.ts";
import { Outboxes } from "./outboxes.ts";
import { type Timer, TimerLoop, timersOf } from "./timers.ts";
import { Waiters } from "./waiters.ts";

/** What happens apart from any request, as the services do it. */
export interface Work {
  timer(timer: Timer, claim: (tx: Transaction) => Promise<boolean>): Promise<void>;
  delivery(item: Item, claim: (tx: Transaction) => Promise<boolean>): Promise<void>;
  follow(
    service: string,
    entries: readonly RecordRow[],
    move: (tx: Transaction) => Promise<boolean>,
  ): Promise<void>;
  metrics(metrics: Gathered[]): Promise<void>;
  failed(error: unknown, what: Record<string, unknown>): void;
}

/** A timer of this name is an item of the outbox whose time has not come. */
const laterTimer = "bus:later";

/** Rounds that a quiet state may take; more mean that something keeps causing itself. */
const maxRounds = 1_000;

/** Everything that happens later or elsewhere: timers, deliveries, followers of the record, long polls, metrics. */
export class Bus {
  readonly waiters = new Waiters();
  readonly #store: Store;
  readonly #clock: MovableClock;
  readonly #timers: TimerLoop;
  readonly #outbox: Outboxes;
  readonly #followers: Followers;
  readonly #metrics: MetricGatherer;
  #timersRun = 0;

  constructor(store: Store, clock: MovableClock, work: Work) {
    this.#store = store;
    this.#clock = clock;
    this.#timers = new TimerLoop(
      store,
      clock,
      (timer, claim) => this.#runTimer(timer, claim, work),
      (error, { service, name }) => work.failed(error, { service, timer: name }),
    );
    this.#outbox = new Outboxes({
      store,
      run: (item, claim) => work.delivery(item, claim),
      postpone: (item, delayMs, tx) => this.#later(tx, item, clock.now() + delayMs),
      failed: (error, { service, name }) => work.failed(error, { service, delivery: name }),
    });
    this.#followers = new Followers(
      store,
      (service, entries, move) => work.follow(service, entries, move),
      (error, service) => work.failed(error, { service, follows: "record" }),
    );
    this.#metrics = new MetricGatherer(
      (metrics) => work.metrics(metrics),
      (error) => work.failed(error, { metrics: "publish" }),
    );
  }

  async start(): Promise<void> {
    await this.#followers.refresh();
    await this.#outbox.start();
    void this.#timers.drain();
  }

  async stop(): Promise<void> {
    this.waiters.notifyAll();
    await this.#metrics.flush();
    await this.#timers.stop();
    await this.#followers.stop();
    await this.#outbox.stop();
  }

  timersOf(tx: Transaction, service: string, account: string, region: string): Timers {
    return timersOf(tx, { service, account, region }, (atMs) => this.#timers.wake(atMs));
  }

  /** `afterCommit` runs an effect once the transaction is on disk. */
  outboxOf(tx: Transaction, scope: OutboxScope, afterCommit: (effect: () => void) => void): Outbox {
    return outboxOf(tx, scope, this.#clock, {
      committed: (id, item) => afterCommit(() => this.#outbox.enqueue(id, item)),
      later: (item, atMs) => this.#later(tx, item, atMs),
    });
  }

  /** The record has grown. */
  recorded(): void {
    this.#followers.wake();
  }

  /** Services may have begun to follow the record, or ceased to. */
  followersChanged(): Promise<void> {
    return this.#followers.refresh();
  }

  metric(metric: Metric, account: string, region: string): void {
    this.#metrics.add(metric, { account, region, atMs: this.#clock.now() });
  }

  /** When the next timer is due, ms since the epoch; undefined if there is none. */
  nextDueMs(): Promise<number | undefined> {
    return this.#timers.nextDueMs();
  }

  /** Does all that is to be done now, and what follows from it. */
  async settle(): Promise<void> {
    for (let round = 0; round < maxRounds; round += 1) {
      const before = this.#workDone;
      await this.#metrics.flush();
      await this.#timers.drain();
      await this.#followers.idle();
      await this.#outbox.idle();
      if (this.#workDone === before) return;
    }
  }

  get #workDone(): number {
    return this.#timersRun + this.#outbox.done + this.#followers.done;
  }

  #later(tx: Transaction, item: Item, atMs: number): void {
    const { service, account, region } = item;
    const timers = timersOf(tx, { service, account, region }, (at) => this.#timers.wake(at));
    timers.set(`${laterTimer}/${uuid()}`, laterTimer, atMs, { item });
  }

  async #runTimer(timer: Timer, claim: (tx: Transaction) => Promise<boolean>, work: Work): Promise<void> {
    this.#timersRun += 1;
    if (timer.name !== laterTimer) return await work.timer(timer, claim);
    const { item } = timer.payload as { item: Item };
    const id = await this.#store.transact(async (tx) =>
      (await claim(tx)) ? putItem(tx, item, this.#clock) : undefined,
    );
    if (id !== undefined) this.#outbox.enqueue(id, item);
  }
}
