import type { Context, Host } from "../../../kit/context.ts";
import { engineOf } from "../runtime/engine.ts";
import { type MappingRow, mappings } from "../tables.ts";
import { pollQueue } from "./queue.ts";
import { pollStream } from "./stream.ts";

/**
 * Event source mappings at work: one poller for each that is enabled, in memory, by real time. What they have
 * processed stands in the store (deleted messages, checkpoints of shards), so a new process goes on where this one was.
 */

export interface Mapping {
  account: string;
  region: string;
  row: MappingRow;
  /** It was made just now: its poller is the first. */
  isNew?: boolean;
}

/** What a poller works with. */
export interface PollScope {
  mapping: Mapping;
  signal: AbortSignal;
  host: Host;
  act<T>(body: (ctx: Context) => Promise<T>): Promise<T>;
  /** Waits; returns early when the poller is to end. */
  pause(ms: number): Promise<void>;
  /** Shows in the mapping what came of the last poll. */
  report(result: string): Promise<void>;
}

const restartMs = 5_000;

const all = new WeakMap<Host, Pollers>();

export function pollersOf(host: Host): Pollers {
  let pollers = all.get(host);
  if (pollers === undefined) {
    pollers = new Pollers(host);
    all.set(host, pollers);
  }
  return pollers;
}

export class Pollers {
  readonly #host: Host;
  readonly #running = new Map<string, { stop: AbortController; ended: Promise<void> }>();
  #stopped = false;

  constructor(host: Host) {
    this.#host = host;
    host.onStop(() => this.#stop());
  }

  /** Starts what is enabled, of all accounts. */
  async start(home: { account: string; region: string }): Promise<void> {
    const found = await this.#host.act({ service: "lambda", ...home }, (ctx) => mappings.list(ctx.tx, []));
    for (const { key, row } of found) this.changed({ account: key[0], region: key[1], row });
  }

  /** A mapping was made or changed: its poller begins anew. */
  changed(mapping: Mapping): void {
    const { uuid, enabled } = mapping.row;
    this.removed(uuid);
    if (!enabled || this.#stopped) return;
    const stop = new AbortController();
    this.#running.set(uuid, { stop, ended: this.#run(mapping, stop.signal) });
  }

  removed(uuid: string): void {
    this.#running.get(uuid)?.stop.abort();
    this.#running.delete(uuid);
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    all.delete(this.#host);
    for (const { stop } of this.#running.values()) stop.abort();
    this.#running.clear();
  }

  async #run(mapping: Mapping, signal: AbortSignal): Promise<void> {
    const scope = this.#scopeOf(mapping, signal);
    while (!signal.aborted) {
      try {
        await (mapping.row.kind === "sqs" ? pollQueue(scope) : pollStream(scope));
      } catch (error) {
        if (signal.aborted) return;
        this.#host.note("error", { err: error, mapping: mapping.row.uuid }, "a poller failed");
        await scope.pause(restartMs);
      }
    }
  }

  #scopeOf(mapping: Mapping, signal: AbortSignal): PollScope {
    const { account, region } = mapping;
    const { uuid } = mapping.row;
    const act = <T>(body: (ctx: Context) => Promise<T>) =>
      this.#host.act({ service: "lambda", account, region }, body);
    let last = mapping.row.lastResult;
    return {
      mapping,
      signal,
      host: this.#host,
      act,
      pause: (ms) => pause(ms, signal),
      async report(result) {
        if (result === last) return;
        last = result;
        await act(async (ctx) => {
          const row = await mappings.get(ctx.tx, account, region, uuid);
          if (row !== undefined)
            mappings.put(ctx.tx, [account, region, uuid], { ...row, lastResult: result });
        });
      },
    };
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener("abort", done);
  });
}

/** The engine of the Cloudkeep that a poller belongs to. */
export function engineIn(ctx: Context) {
  return engineOf(ctx.host, () => ctx.clock.now());
}
