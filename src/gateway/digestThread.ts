import { Worker } from "node:worker_threads";
import type { StreamedBody } from "../kit/body.ts";
import type { DigestName } from "../kit/digests.ts";
import type { DigestReply, DigestTask } from "./digestWorker.ts";
import { RunningDigests } from "./memoryBody.ts";

/**
 * Digests of large bodies, computed on a thread of their own while the main thread verifies and seals. Bytes are
 * copied into slots that go to the thread and come back; a body waits when all of its slots are there.
 */

export const slotBytes = 256 * 1024;
/** Of one body, on the thread or on the way there or back. */
export const maxSlotsOfBody = 8;
/** Kept for bodies to come. */
const maxFreeSlots = 16;

/** The digests of one body. Await each call before the next; drop what does not come to its end. */
export interface BodyDigests {
  update(bytes: Buffer): Promise<void>;
  digest(): Promise<StreamedBody["digests"]>;
  drop(): void;
}

/** The thread ended while it had work to do. */
export class DigestThreadEnded extends Error {}

interface Pending {
  slotBack(slot: ArrayBuffer): void;
  done(digests: StreamedBody["digests"]): void;
  failed(error: Error): void;
}

/** One thread for all bodies: started when first needed, and again after it failed. */
export class DigestThread {
  #worker: Worker | undefined;
  #closed = false;
  #bodies = 0;

  begin(names: readonly DigestName[]): BodyDigests {
    if (this.#closed) throw new DigestThreadEnded("The server stops.");
    this.#worker ??= this.#start();
    this.#bodies += 1;
    return new ThreadDigests(this.#bodies, names, this.#worker, this.#pending, this.#free);
  }

  /** Ends the thread; bodies that are under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  /** Bodies that wait for the thread, of the present worker. */
  #pending = new Map<number, Pending>();
  readonly #free: ArrayBuffer[] = [];

  #start(): Worker {
    const worker = newWorker();
    const pending = new Map<number, Pending>();
    this.#pending = pending;
    let cause: unknown;
    worker.unref();
    worker.on("message", (reply: DigestReply) => {
      const body = pending.get(reply.body);
      if ("slot" in reply) {
        if (this.#free.length < maxFreeSlots) this.#free.push(reply.slot);
        body?.slotBack(reply.slot);
        return;
      }
      pending.delete(reply.body);
      const digests = Object.entries(reply.digests).map(([name, bytes]) => [name, Buffer.from(bytes)]);
      body?.done(Object.fromEntries(digests));
    });
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      const error = new DigestThreadEnded("The thread that computes digests ended.", { cause });
      for (const body of pending.values()) body.failed(error);
      pending.clear();
    });
    return worker;
  }
}

/** Beside this file, in the bundle as in the source; the source needs what reads TypeScript. */
function newWorker(): Worker {
  return import.meta.url.endsWith(".ts")
    ? new Worker(new URL("./digestWorker.ts", import.meta.url), { execArgv: ["--import", "tsx"] })
    : new Worker(new URL("./digestWorker.js", import.meta.url));
}

class ThreadDigests implements BodyDigests {
  readonly #body: number;
  readonly #names: readonly DigestName[];
  readonly #worker: Worker;
  readonly #free: ArrayBuffer[];
  readonly #pending: Map<number, Pending>;
  #slot: ArrayBuffer | undefined;
  #filled = 0;
  #away = 0;
  #failure: Error | undefined;
  /** Goes on with what waits for a slot, or for the thread's end. */
  #wake = () => {};
  #result: StreamedBody["digests"] | undefined;

  constructor(
    body: number,
    names: readonly DigestName[],
    worker: Worker,
    pending: Map<number, Pending>,
    free: ArrayBuffer[],
  ) {
    this.#body = body;
    this.#names = names;
    this.#worker = worker;
    this.#free = free;
    this.#pending = pending;
    pending.set(body, {
      slotBack: () => {
        this.#away -= 1;
        this.#wake();
      },
      done: (digests) => {
        this.#result = digests;
        this.#wake();
      },
      failed: (error) => {
        this.#failure = error;
        this.#wake();
      },
    });
  }

  async update(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      while (this.#slot === undefined && this.#away >= maxSlotsOfBody) await this.#news();
      if (this.#failure !== undefined) throw this.#failure;
      this.#slot ??= this.#free.pop() ?? new ArrayBuffer(slotBytes);
      const piece = bytes.subarray(at, at + slotBytes - this.#filled);
      new Uint8Array(this.#slot).set(piece, this.#filled);
      at += piece.length;
      this.#filled += piece.length;
      if (this.#filled === slotBytes) this.#send(this.#slot);
    }
  }

  async digest(): Promise<StreamedBody["digests"]> {
    if (this.#slot !== undefined) this.#send(this.#slot);
    this.#post({ kind: "end", body: this.#body, names: this.#names });
    while (this.#result === undefined) await this.#news();
    return this.#result;
  }

  drop(): void {
    this.#pending.delete(this.#body);
    this.#post({ kind: "drop", body: this.#body });
  }

  async #news(): Promise<void> {
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #send(slot: ArrayBuffer): void {
    const { body, names, length } = { body: this.#body, names: this.#names, length: this.#filled };
    this.#slot = undefined;
    this.#filled = 0;
    this.#away += 1;
    this.#post({ kind: "bytes", body, names, slot, length }, [slot]);
  }

  #post(task: DigestTask, transferred: ArrayBuffer[] = []): void {
    this.#worker.postMessage(task, transferred);
  }
}

/** The digests of one body, computed on this thread. */
export function digestsHere(names: readonly DigestName[]): BodyDigests {
  const running = new RunningDigests(names);
  return {
    update: async (bytes) => running.update(bytes),
    digest: async () => running.digest(),
    drop: () => {},
  };
}
