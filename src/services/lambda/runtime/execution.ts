import type { InvokeRequest, Outcome, Refusal, Runnable } from "./types.ts";

/** What is handed on of an answer while it is made; bounded, so that a slow reader slows the function down. */
export class ResponseStream {
  readonly contentType: string | undefined;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void)[] = [];
  #abandoned = false;

  constructor(contentType: string | undefined) {
    this.contentType = contentType;
  }

  /** False where the writer is to wait until `drained`. */
  push(piece: Buffer): boolean {
    if (this.#abandoned) return true;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#wakeReader?.();
    return this.#bytes < maxBufferedBytes;
  }

  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  drained(): Promise<void> {
    if (this.#bytes < maxBufferedBytes) return Promise.resolve();
    return new Promise((resolve) => this.#wakeWriter.push(resolve));
  }

  async *read(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          this.#bytes -= piece.length;
          this.#releaseWriter();
          yield piece;
        } else if (this.#ended) return;
        else
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
      }
    } finally {
      // Nobody reads any more: the function runs on, and what it says is dropped.
      this.#abandoned = true;
      this.#pieces.length = 0;
      this.#bytes = 0;
      this.#releaseWriter();
    }
  }

  #releaseWriter(): void {
    for (const wake of this.#wakeWriter.splice(0)) wake();
  }
}

const maxBufferedBytes = 1024 * 1024;

/** One invocation on its way through the engine. */
export class Execution {
  readonly runnable: Runnable;
  readonly request: InvokeRequest;
  outcome: Outcome | undefined;
  refusal: Refusal | undefined;
  stream: ResponseStream | undefined;
  readonly #changed: () => void;
  #settled: (() => void)[] = [];

  constructor(runnable: Runnable, request: InvokeRequest, changed: () => void) {
    this.runnable = runnable;
    this.request = request;
    this.#changed = changed;
  }

  get isDone(): boolean {
    return this.outcome !== undefined || this.refusal !== undefined;
  }

  settle(outcome: Outcome): void {
    this.outcome = outcome;
    this.#finish();
  }

  refuse(refusal: Refusal): void {
    this.refusal = refusal;
    this.#finish();
  }

  beginStream(contentType: string | undefined): ResponseStream {
    this.stream = new ResponseStream(contentType);
    this.#changed();
    return this.stream;
  }

  /** Resolves once there is an outcome or a refusal. */
  done(): Promise<void> {
    if (this.isDone) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  #finish(): void {
    this.stream?.end();
    for (const resolve of this.#settled.splice(0)) resolve();
    this.#changed();
  }
}
