import { type RecordRow, recordLog } from "../kit/record.ts";
import { table } from "../kit/table.ts";
import type { LogReader, Store, Transaction } from "../storage/store.ts";

/**
 * Services that follow the record: each gets every event once, in order, in the transaction that moves its place
 * forward. So what it makes of an event is neither lost nor done twice, however often the process dies.
 */

interface Place {
  /** Position of the last entry that was handled; "" before the first. */
  position: string;
}

const places = table<Place, [service: string]>("bus", "followers");

/** Hands entries to a service in a transaction; `move` advances its place there, and tells whether they are its turn. */
export type Follow = (
  service: string,
  entries: readonly RecordRow[],
  move: (tx: Transaction) => Promise<boolean>,
) => Promise<void>;

const pageEntries = 500;
const retryMs = 1_000;
/** A page that fails this often is passed over: one bad event must not hold up all that follow. */
const maxAttempts = 10;

/** Lets a service follow the record from now on, or no longer. */
export async function followRecord(
  tx: Transaction,
  service: string,
  active: boolean,
  log: LogReader,
): Promise<void> {
  const known = await places.get(tx, service);
  if (!active) return void (known && places.delete(tx, service));
  if (known !== undefined) return;
  const { entries } = await log.read({ reverse: true, limit: 1 });
  places.put(tx, [service], { position: entries[0]?.position ?? "" });
}

export class Followers {
  readonly #store: Store;
  readonly #follow: Follow;
  readonly #onFailure: (error: unknown, service: string) => void;
  readonly #active = new Map<string, Follower>();
  #stopped = false;
  /** Pages handled since the start. */
  done = 0;

  constructor(store: Store, follow: Follow, onFailure: (error: unknown, service: string) => void) {
    this.#store = store;
    this.#follow = follow;
    this.#onFailure = onFailure;
  }

  /** Looks which services follow; called at the start and whenever that may have changed. */
  async refresh(): Promise<void> {
    const rows = await this.#store.transact((tx) => places.list(tx, []));
    for (const { key, row } of rows) {
      if (this.#active.has(key[0])) continue;
      this.#active.set(key[0], { position: row.position, busy: undefined, attempts: 0 });
    }
    const names = new Set(rows.map(({ key }) => key[0]));
    for (const name of this.#active.keys()) if (!names.has(name)) this.#active.delete(name);
    this.wake();
  }

  /** The record has grown. */
  wake(): void {
    if (this.#stopped) return;
    for (const [service, follower] of this.#active) {
      follower.again = true;
      follower.busy ??= this.#catchUp(service, follower).finally(() => {
        follower.busy = undefined;
      });
    }
  }

  /** Resolves when every follower has seen all there is. */
  async idle(): Promise<void> {
    await Promise.all([...this.#active.values()].map(({ busy }) => busy));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.idle();
  }

  async #catchUp(service: string, follower: Follower): Promise<void> {
    while (follower.again && !this.#stopped) {
      follower.again = false;
      try {
        while (!this.#stopped && (await this.#page(service, follower)));
        follower.attempts = 0;
      } catch (error) {
        this.#onFailure(error, service);
        follower.attempts += 1;
        setTimeout(() => this.wake(), retryMs).unref();
        return;
      }
    }
  }

  /** Handles one page; whether there was anything. */
  async #page(service: string, follower: Follower): Promise<boolean> {
    const after = follower.position;
    const { entries } = await this.#store
      .log(recordLog)
      .read({ limit: pageEntries, ...(after !== "" && { after }) });
    const last = entries.at(-1);
    if (last === undefined) return false;
    const rows =
      follower.attempts >= maxAttempts ? [] : entries.map(({ text }) => JSON.parse(text) as RecordRow);
    let moved = false;
    await this.#follow(service, rows, async (tx) => {
      moved = (await places.get(tx, service))?.position === after;
      if (moved) places.put(tx, [service], { position: last.position });
      return moved;
    });
    if (!moved) return false;
    follower.position = last.position;
    this.done += 1;
    return true;
  }
}

interface Follower {
  position: string;
  busy: Promise<void> | undefined;
  again?: boolean;
  attempts: number;
}
