import { type Item, items, type LoopWork, OutboxLoop, Slots } from "./outbox.ts";

/**
 * A loop for what stays within Cloudkeep, and one for each peer outside: an endpoint that hangs holds up nothing but
 * what is for itself, and no more than a few requests at a time.
 */

/** Each waits for commits most of the time. */
const inside = { maxRunning: 64, maxQueued: 10_000 };
const outside = { maxRunning: 8, maxQueued: 1_000 };
/** Requests to peers that are under way at once, all together. */
const maxOutside = 256;

export class Outboxes {
  readonly #work: LoopWork;
  readonly #loops = new Map<string, OutboxLoop>();
  readonly #insideSlots = new Slots(inside.maxRunning);
  readonly #outsideSlots = new Slots(maxOutside);
  #started = false;
  /** Items done since the start. */
  done = 0;

  constructor(work: LoopWork) {
    this.#work = work;
  }

  /** Takes up what earlier runs of the process left. */
  async start(): Promise<void> {
    const peers: string[] = [];
    for (;;) {
      const last = peers.at(-1);
      const options = last === undefined ? {} : { behind: { part: last } };
      const [next] = await this.#work.store.transact((tx) => items.list(tx, [], { limit: 1, ...options }));
      if (next === undefined) break;
      peers.push(next.key[0]);
    }
    this.#started = true;
    for (const peer of peers) this.#loop(peer, true);
  }

  /** What comes before the start is on disk, and is found there. */
  enqueue(id: string, item: Item): void {
    if (this.#started) this.#loop(item.peer ?? "", false).enqueue(id, item);
  }

  /** Resolves when nothing is left to be done now. */
  async idle(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.idle()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
  }

  #loop(peer: string, behind: boolean): OutboxLoop {
    const known = this.#loops.get(peer);
    if (known !== undefined) return known;
    const options =
      peer === "" ? { ...inside, slots: this.#insideSlots } : { ...outside, slots: this.#outsideSlots };
    const work = { ...this.#work, run: this.#counted(peer) };
    const loop = new OutboxLoop(work, { peer, ...options }, behind);
    this.#loops.set(peer, loop);
    return loop;
  }

  #counted(peer: string): LoopWork["run"] {
    return async (item, claim) => {
      try {
        await this.#work.run(item, claim);
      } finally {
        this.done += 1;
        setImmediate(() => this.#forget(peer));
      }
    };
  }

  #forget(peer: string): void {
    if (peer !== "" && this.#loops.get(peer)?.isEmpty) this.#loops.delete(peer);
  }
}
