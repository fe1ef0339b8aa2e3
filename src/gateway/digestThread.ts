import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { StreamedBody } from "../kit/body.ts";
import { buildDirectory } from "../kit/buildFiles.ts";
import type { DigestName } from "../kit/digests.ts";
import type { DigestReply, DigestTask } from "./digestWorker.ts";
import { RunningDigests } from "./memoryBody.ts";

/**
 * Digests of large bodies, computed on a thread of their own while the main thread verifies and seals. Bytes are
 * copied into slots that go to the thread and come back; a body waits while all of its slots are there.
 */

export const slotBytes = 256 * 1024;
export const maxSlotsOfBody = 8;
/** Kept for bodies to come. */
const maxFreeSlots = 8;

type Digests = StreamedBody["digests"];

/** The digests of one body. Await each call before the next; drop what does not come to its end. */
export interface BodyDigests {
  update(bytes: Buffer): Promise<void>;
  digest(): Promise<Digests>;
  drop(): void;
}

/** The thread ended before the digests were known. */
export class DigestThreadEnded extends Error {}

/** A worker, and the bodies that wait for it. */
interface Running {
  worker: Worker;
  bodies: Map<number, ThreadDigests>;
}

/** One thread for all bodies: started when first needed, and again when it is needed after it failed. */
export class DigestThread {
  readonly #newWorker: () => Worker;
  readonly #free: ArrayBuffer[] = [];
  #running: Running | undefined;
  #closed = false;
  #begun = 0;

  constructor(newWorker = startWorker) {
    this.#newWorker = newWorker;
  }

  begin(names: readonly DigestName[]): BodyDigests {
    if (this.#closed) throw new DigestThreadEnded("The server stops.");
    this.#running ??= this.#start();
    const { worker, bodies } = this.#running;
    const id = ++this.#begun;
    const body = new ThreadDigests(this.#free, {
      post: (task, slots = []) =>
        worker.postMessage({ ...task, body: id, names } satisfies DigestTask, slots),
      forget: () => bodies.delete(id),
    });
    bodies.set(id, body);
    return body;
  }

  /** Ends the thread. Bodies that are under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.worker.terminate();
  }

  #start(): Running {
    const running: Running = { worker: this.#newWorker(), bodies: new Map() };
    const { worker, bodies } = running;
    let cause: unknown;
    worker.unref();
    worker.on("message", (reply: DigestReply) => {
      const body = bodies.get(reply.body);
      if (reply.slot === undefined) body?.ended(reply.digests);
      else {
        if (this.#free.length < maxFreeSlots) this.#free.push(reply.slot);
        body?.slotCameBack();
      }
    });
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", () => {
      if (this.#running === running) this.#running = undefined;
      const error = new DigestThreadEnded("The thread that computes digests ended.", { cause });
      for (const body of bodies.values()) body.failed(error);
    });
    return running;
  }
}

/** It holds slots and little else: a young generation of the usual size would be memory for nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/** From the bundle, even where the rest runs from the source: threads do not read TypeScript. */
function startWorker(): Worker {
  return new Worker(join(buildDirectory, "../dist/digestWorker.js"), { resourceLimits });
}

/** The way of one body to the worker. */
interface Way {
  post(
    task: { kind: "bytes"; slot: ArrayBuffer; length: number } | { kind: "end" | "drop" },
    slots?: ArrayBuffer[],
  ): void;
  forget(): void;
}

class ThreadDigests implements BodyDigests {
  readonly #free: ArrayBuffer[];
  readonly #way: Way;
  #slot: ArrayBuffer | undefined;
  #filledBytes = 0;
  #slotsAway = 0;
  #digests: Digests | undefined;
  #failure: Error | undefined;
  #wake = () => {};

  constructor(free: ArrayBuffer[], way: Way) {
    this.#free = free;
    this.#way = way;
  }

  async update(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      while (this.#slotsAway >= maxSlotsOfBody) await this.#news();
      if (this.#failure !== undefined) throw this.#failure;
      this.#slot ??= this.#free.pop() ?? new ArrayBuffer(slotBytes);
      const piece = bytes.subarray(at, at + slotBytes - this.#filledBytes);
      new Uint8Array(this.#slot).set(piece, this.#filledBytes);
      at += piece.length;
      this.#filledBytes += piece.length;
      if (this.#filledBytes === slotBytes) this.#send(this.#slot);
    }
  }

  async digest(): Promise<Digests> {
    if (this.#slot !== undefined) this.#send(this.#slot);
    this.#way.post({ kind: "end" });
    while (this.#digests === undefined) await this.#news();
    this.#way.forget();
    return this.#digests;
  }

  drop(): void {
    this.#way.forget();
    this.#way.post({ kind: "drop" });
  }

  slotCameBack(): void {
    this.#slotsAway -= 1;
    this.#wake();
  }

  ended(digests: Partial<Record<DigestName, Uint8Array>>): void {
    const buffers = Object.entries(digests).map(([name, bytes]) => [name, Buffer.from(bytes)]);
    this.#digests = Object.fromEntries(buffers) as Digests;
    this.#wake();
  }

  failed(error: Error): void {
    this.#failure = error;
    this.#wake();
  }

  /** Waits for whatever the thread says next. */
  async #news(): Promise<void> {
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #send(slot: ArrayBuffer): void {
    this.#way.post({ kind: "bytes", slot, length: this.#filledBytes }, [slot]);
    this.#slot = undefined;
    this.#filledBytes = 0;
    this.#slotsAway += 1;
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
