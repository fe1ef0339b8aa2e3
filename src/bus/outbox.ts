import type { Clock } from "../kit/clock.ts";
import type { Outbox, OutboxOptions } from "../kit/context.ts";
import { table } from "../kit/table.ts";
import type { Store, Transaction } from "../storage/store.ts";

/**
 * The outbox: work that a commit leaves to be done soon after it. An item is a row, written in the transaction that
 * causes it and deleted in the transaction that settles it, so it is done at least once however often the process
 * dies, and exactly once where it has no effect but through that transaction.
 */

/** One piece of work, for the service's `deliveries[name]`. */
export interface Item {
  service: string;
  name: string;
  account: string;
  region: string;
  payload: Record<string, unknown>;
  /** Items of one group are done in order. */
  group?: string;
  /** What is asked outside of Cloudkeep. */
  peer?: string;
  /** How many deliveries led to this one, each causing the next. */
  hops: number;
  attempts?: number;
}

/** Does an item. `claim` deletes its row in the transaction that settles it; false if another did. */
export type RunItem = (item: Item, claim: (tx: Transaction) => Promise<boolean>) => Promise<void>;

/** By peer; what stays within Cloudkeep has the peer "". */
export const items = table<Item, [peer: string, id: string]>("bus", "outbox");

const maxAttempts = 10;
const firstRetryMs = 1_000;
const longestRetryMs = 15 * 60_000;

let serial = 0;

/** Ids are in the order in which items were put, as far as one process can tell. */
function newId(clock: Clock): string {
  serial += 1;
  return `${String(clock.now()).padStart(16, "0")}-${serial.toString(36).padStart(10, "0")}`;
}

export interface OutboxScope {
  service: string;
  account: string;
  region: string;
  hops: number;
}

/** What the outbox of one call needs of the loop and of the call. */
export interface OutboxHooks {
  /** Takes an item up, once the transaction is on disk. */
  committed(id: string, item: Item): void;
  /** Puts an item by until a time. */
  later(item: Item, atMs: number): void;
}

export function outboxOf(tx: Transaction, scope: OutboxScope, clock: Clock, hooks: OutboxHooks): Outbox {
  return {
    put(name, payload, { delayMs = 0, group, peer, hops, account, region }: OutboxOptions = {}) {
      const item: Item = {
        service: scope.service,
        name,
        account: account ?? scope.account,
        region: region ?? scope.region,
        payload,
        hops: (hops ?? scope.hops) + 1,
        ...(group !== undefined && { group }),
        ...(peer !== undefined && { peer }),
      };
      if (delayMs > 0) hooks.later(item, clock.now() + delayMs);
      else hooks.committed(putItem(tx, item, clock), item);
    },
  };
}

/** Writes an item's row; its id. */
export function putItem(tx: Transaction, item: Item, clock: Clock): string {
  const id = newId(clock);
  items.put(tx, [item.peer ?? "", id], item);
  return id;
}

/** Items that may be done at once, over several loops: each gets its turn. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot; if there is none, `again` is called when there is. */
  take(again: () => void): boolean {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    this.#waiting.add(again);
    return false;
  }

  give(): void {
    this.#free += 1;
    // One that has nothing to do any more must not keep the slot from the next.
    for (const next of this.#waiting) {
      if (this.#free === 0) return;
      this.#waiting.delete(next);
      next();
    }
  }
}

export interface LoopOptions {
  peer: string;
  slots: Slots;
  /** Items done at once. */
  maxRunning: number;
  /** Items held in memory; what is beyond waits on disk. */
  maxQueued: number;
}

/** What a loop needs of the bus. */
export interface LoopWork {
  store: Store;
  run: RunItem;
  postpone(item: Item, delayMs: number, tx: Transaction): void;
  failed(error: unknown, item: Item): void;
}

/** Does the items of one peer. */
export class OutboxLoop {
  readonly #work: LoopWork;
  readonly #options: LoopOptions;
  readonly #ready: [id: string, item: Item][] = [];
  /** Items that wait for an earlier one of their group. */
  readonly #lanes = new Map<string, [id: string, item: Item][]>();
  readonly #known = new Set<string>();
  #running = 0;
  /** Some rows on disk are not in memory. */
  #behind: boolean;
  #loading = false;
  #stopped = false;
  #idle: (() => void)[] = [];
  readonly #again = () => this.#next();

  /** With `behind`, what earlier runs of the process left is taken up. */
  constructor(work: LoopWork, options: LoopOptions, behind: boolean) {
    this.#work = work;
    this.#options = options;
    this.#behind = behind;
    if (behind) void this.#load();
  }

  enqueue(id: string, item: Item): void {
    if (this.#stopped || this.#known.has(id)) return;
    // While older rows are on disk only, a newer one waits its turn there.
    if (this.#known.size >= this.#options.maxQueued || this.#behind || this.#loading) {
      this.#behind = true;
      if (this.#known.size === 0) void this.#load();
      return;
    }
    this.#take(id, item);
    this.#next();
  }

  /** Resolves when nothing is left to be done now. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ready.length = 0;
    this.#lanes.clear();
    await this.idle();
  }

  /** Whether nothing is left, in memory or on disk. */
  get isEmpty(): boolean {
    return this.#isIdle && !this.#behind;
  }

  get #isIdle(): boolean {
    return this.#running === 0 && !this.#loading && (this.#stopped || this.#known.size === 0);
  }

  #take(id: string, item: Item): void {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    if (item.group === undefined) return void this.#ready.push([id, item]);
    const lane = `${item.service}/${item.account}/${item.group}`;
    const waiting = this.#lanes.get(lane);
    if (waiting !== undefined) return void waiting.push([id, item]);
    this.#lanes.set(lane, []);
    this.#ready.push([id, item]);
  }

  #next(): void {
    const { maxRunning, slots } = this.#options;
    while (this.#running < maxRunning && this.#ready.length > 0 && !this.#stopped) {
      if (!slots.take(this.#again)) return;
      const [id, item] = this.#ready.shift() as [string, Item];
      this.#running += 1;
      void this.#runOne(id, item);
    }
  }

  async #runOne(id: string, item: Item): Promise<void> {
    try {
      await this.#work.run(item, async (tx) => {
        if ((await items.get(tx, this.#options.peer, id)) === undefined) return false;
        items.delete(tx, this.#options.peer, id);
        return true;
      });
    } catch (error) {
      this.#work.failed(error, item);
      await this.#putBy(id, item);
    }
    this.#finished(id, item);
  }

  /** Failed work is tried again later, and given up in the end. */
  async #putBy(id: string, item: Item): Promise<void> {
    const attempts = (item.attempts ?? 0) + 1;
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** attempts);
    try {
      await this.#work.store.transact(async (tx) => {
        if ((await items.get(tx, this.#options.peer, id)) === undefined) return;
        items.delete(tx, this.#options.peer, id);
        if (attempts < maxAttempts) this.#work.postpone({ ...item, attempts }, delayMs, tx);
      });
    } catch (error) {
      // The store is gone; the row stands, and the next start takes it up.
      this.#work.failed(error, item);
    }
  }

  #finished(id: string, item: Item): void {
    this.#running -= 1;
    this.#options.slots.give();
    this.#known.delete(id);
    if (item.group !== undefined) this.#advance(`${item.service}/${item.account}/${item.group}`);
    this.#next();
    if (this.#behind && this.#known.size === 0 && !this.#stopped) void this.#load();
    this.#tellIdle();
  }

  #advance(lane: string): void {
    const waiting = this.#lanes.get(lane);
    const next = waiting?.shift();
    if (next === undefined) this.#lanes.delete(lane);
    else this.#ready.push(next);
  }

  #tellIdle(): void {
    if (!this.#isIdle) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Reads a page of rows from disk; those that come meanwhile wait for the next page. */
  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    try {
      do {
        this.#behind = false;
        const { peer, maxQueued } = this.#options;
        const page = await this.#work.store.transact((tx) => items.list(tx, [peer], { limit: maxQueued }));
        if (page.length === maxQueued) this.#behind = true;
        for (const { key, row } of page) this.#take(key[1], row);
      } while (this.#behind && this.#known.size === 0);
    } catch {
      // The store is closing, or failed: the next item that comes reads again.
      this.#behind = true;
    }
    this.#loading = false;
    this.#next();
    this.#tellIdle();
  }
}
