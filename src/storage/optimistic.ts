import { setImmediate, setTimeout } from "node:timers/promises";
import { StoreContention } from "./errors.ts";
import { chain } from "./maybe.ts";
import type { MaybePromise, Reads, Transaction } from "./store.ts";
import { type Base, OpenTransaction, Peek } from "./transaction.ts";

/** Runs after a conflict that follow at once; each in a turn of its own, so that it mostly runs alone. */
export const maxPromptRuns = 16;
/** All runs, the later ones after a pause that grows. */
export const maxRuns = 48;
const firstPauseMs = 1;
const longestPauseMs = 200;

/** What a backend adds to make optimistic transactions of committed state. */
export interface Committer extends Base {
  /** Throws StoreUnavailable, or waits, if nothing can be committed now. */
  ready(): Promise<void> | undefined;
  /** Anything to be loaded before `tx` can commit; undefined if nothing. */
  prepare(tx: OpenTransaction): Promise<void> | undefined;
  /** Takes up the writes of a transaction whose reads are current; resolves once they are on disk. */
  commit(tx: OpenTransaction): Promise<void>;
  /** Resolves once the commit with this number, and all before it, are on disk. */
  onDisk(sequence: number): Promise<void> | undefined;
}

/** The optimistic transactions of one store. */
export class Transactions {
  readonly #committer: Committer;
  readonly #open = new Set<OpenTransaction>();
  conflicts = 0;

  constructor(committer: Committer) {
    this.#committer = committer;
  }

  /** The earliest commit that an open transaction needs for its validation. */
  get oldestView(): number {
    let oldest = this.#committer.history.sequence;
    for (const tx of this.#open) if (tx.asOf < oldest) oldest = tx.asOf;
    return oldest;
  }

  /** See Store.transact. */
  async transact<T>(body: (tx: Transaction) => MaybePromise<T>): Promise<T> {
    for (let run = 1; run <= maxRuns; run += 1) {
      if (run > 1) await pause(run);
      const ready = this.#committer.ready();
      if (ready !== undefined) await ready;
      const tx = new OpenTransaction(this.#committer);
      this.#open.add(tx);
      try {
        const settling = settle(body, tx);
        const outcome = settling instanceof Promise ? await settling : settling;
        tx.end();
        const prepared = this.#committer.prepare(tx);
        if (prepared !== undefined) await prepared;
        // A reader's view was consistent all along, so its result holds as of that view.
        const readOnly = tx.readOnly && !outcome.failed;
        if (tx.outdated || (!readOnly && !tx.current())) {
          this.conflicts += 1;
          continue;
        }
        const commits = !outcome.failed && !tx.readOnly;
        if (commits) tx.writeAtCommit();
        const durable = commits ? this.#committer.commit(tx) : this.#committer.onDisk(tx.needs);
        this.#open.delete(tx);
        if (durable !== undefined) await durable;
        if (outcome.failed) throw outcome.error;
        return outcome.result;
      } finally {
        this.#open.delete(tx);
      }
    }
    throw new StoreContention(maxRuns);
  }

  /** See Store.peek. */
  peek<T>(read: (tx: Reads) => MaybePromise<T>): MaybePromise<T> {
    return chain(this.#committer.ready(), () => {
      const reads = new Peek(this.#committer);
      return chain(read(reads), (result) => {
        const durable = this.#committer.onDisk(reads.needs);
        return durable === undefined ? result : durable.then(() => result);
      });
    });
  }
}

type Outcome<T> = { failed: false; result: T } | { failed: true; error: unknown };

function settle<T>(
  body: (tx: Transaction) => MaybePromise<T>,
  tx: OpenTransaction,
): MaybePromise<Outcome<T>> {
  const failed = (error: unknown): Outcome<T> => ({ failed: true, error });
  const done = (result: T): Outcome<T> => ({ failed: false, result });
  try {
    const result = body(tx);
    return result instanceof Promise ? result.then(done, failed) : done(result);
  } catch (error) {
    return failed(error);
  }
}

async function pause(run: number): Promise<void> {
  if (run <= maxPromptRuns) return setImmediate();
  const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** (run - maxPromptRuns));
  await setTimeout(Math.random() * longest);
}
