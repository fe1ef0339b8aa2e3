/**
 * What a receiver may take next, as far as this process knows: a window of the head of a queue. It is a hint and
 * nothing else: whoever takes a candidate reads its row in his transaction, and that decides. But it is what keeps
 * receivers apart from each other and from senders: each takes other candidates, and reads them by their keys, so
 * no transaction reads a range that another writes into. It also keeps a receiver from walking over what has been
 * deleted at the head of the queue.
 *
 * Whatever the hint forgets, it finds again: it looks from the head anew every few seconds.
 */

/** A place in the index: a message of a standard queue, a group of a FIFO queue. */
export interface Place {
  /** ms since the epoch: when it is visible. */
  at: number;
  id: string;
}

/** Places behind `after`, in order, no more than `limit`. */
export type Scan = (after: Place, limit: number) => Promise<Place[]>;

interface Claim {
  places: Place[];
  /** By `performance.now()`. A call that has neither ended nor come again by then has failed. */
  untilMs: number;
}

const scanRows = 128;
const maxWindow = 1_024;
/** A look for places that came due, while there are still others to be had. */
const rescanMs = 250;
/** A look from the head, for what the hint has lost or another process has written. */
const sweepMs = 15_000;
/** Commits may come so much later than the time that their call read from the clock. */
const lateCommitMs = 60_000;
const claimMs = 5_000;

const start: Place = { at: 0, id: "" };

function before(a: Place, b: Place): boolean {
  return a.at < b.at || (a.at === b.at && a.id < b.id);
}

const nameOf = ({ at, id }: Place) => `${at}/${id}`;

export class Candidates {
  /** In order; those before `#first` are taken. */
  #window: Place[] = [];
  #first = 0;
  /** Names of what is in the window or claimed. */
  readonly #known = new Set<string>();
  readonly #claims = new Map<string, Claim>();
  /** Up to here everything was looked at. */
  #cursor = start;
  /** Nothing visible is behind the window. */
  #complete = false;
  /** When something that is not yet visible will be; Infinity if nothing is known. */
  #nextAt = Number.POSITIVE_INFINITY;
  #scannedMs = Number.NEGATIVE_INFINITY;
  #sweptMs = performance.now();
  /** Before here there is nothing. */
  #floor = start;
  #scanning: Promise<void> | undefined;

  get nextAt(): number {
    return this.#nextAt;
  }

  /**
   * Up to `count` places for one call, visible by `nowMs`. A call that runs again gets again what it got before;
   * `done` or `release` ends its claim.
   */
  async take(call: string, count: number, nowMs: number, scan: Scan): Promise<Place[]> {
    if (this.#wantsScan(nowMs)) await this.scan(nowMs, scan);
    let claim = this.#claims.get(call);
    const places = claim?.places ?? [];
    while (places.length < count) {
      const place = this.#window[this.#first];
      if (place === undefined || place.at > nowMs) break;
      this.#first += 1;
      places.push(place);
    }
    if (this.#first > maxWindow) this.#compact();
    if (places.length === 0) return [];
    claim = { places, untilMs: performance.now() + claimMs };
    this.#claims.set(call, claim);
    return [...places];
  }

  /** More places for a call that could not use some of the first. */
  async more(call: string, count: number, nowMs: number, scan: Scan): Promise<Place[]> {
    const held = this.#claims.get(call)?.places.length ?? 0;
    return (await this.take(call, held + count, nowMs, scan)).slice(held);
  }

  /** The call has changed what it took. */
  done(call: string): void {
    const claim = this.#claims.get(call);
    if (claim === undefined) return;
    for (const place of claim.places) this.#known.delete(nameOf(place));
    this.#claims.delete(call);
  }

  /** The call has left what it took as it was. */
  release(call: string): void {
    const claim = this.#claims.get(call);
    if (claim === undefined) return;
    this.done(call);
    for (const place of claim.places) this.#insert(place);
  }

  /** There is nothing at this place any more. */
  forget(call: string, place: Place): void {
    this.#known.delete(nameOf(place));
    const claim = this.#claims.get(call);
    if (claim !== undefined) claim.places = claim.places.filter((one) => one !== place);
  }

  /** Something was put at a place, and is on disk. */
  offer(place: Place, nowMs: number): void {
    if (place.at > nowMs) this.#nextAt = Math.min(this.#nextAt, place.at);
    const behind = !before(place, this.#cursor);
    if (behind && place.at > nowMs) return;
    if (behind && !(this.#complete && this.#window.length - this.#first < maxWindow)) {
      this.#complete = false;
      return;
    }
    this.#insert(place);
  }

  /** Looks at the index; callers that want it at the same time share one look. */
  async scan(nowMs: number, scan: Scan): Promise<void> {
    this.#scanning ??= this.#scan(nowMs, scan).finally(() => {
      this.#scanning = undefined;
    });
    await this.#scanning;
  }

  #wantsScan(nowMs: number): boolean {
    const sinceMs = performance.now() - this.#scannedMs;
    const head = this.#window[this.#first];
    const empty = head === undefined || head.at > nowMs;
    if (empty) return !this.#complete || this.#nextAt <= nowMs || sinceMs > rescanMs;
    return this.#nextAt <= nowMs && sinceMs > rescanMs;
  }

  async #scan(nowMs: number, scan: Scan): Promise<void> {
    const sweeps = performance.now() - this.#sweptMs > sweepMs;
    if (sweeps) this.#cursor = this.#floor;
    this.#returnExpired();
    const places = await scan(this.#cursor, scanRows);
    this.#scannedMs = performance.now();
    if (sweeps) {
      this.#sweptMs = this.#scannedMs;
      const lowest = places[0]?.at ?? nowMs;
      this.#floor = { at: Math.max(this.#floor.at, Math.min(lowest, nowMs - lateCommitMs)), id: "" };
    }
    const future = places.find(({ at }) => at > nowMs);
    this.#complete = future !== undefined || places.length < scanRows;
    this.#nextAt = future?.at ?? Number.POSITIVE_INFINITY;
    const visible = places.filter(({ at }) => at <= nowMs);
    for (const place of visible) this.#insert(place);
    // What is put before the cursor from now on is offered; what is put behind it, the next look finds.
    const last = this.#complete ? { at: nowMs, id: "" } : visible.at(-1);
    if (last !== undefined && before(this.#cursor, last)) this.#cursor = last;
  }

  #insert(place: Place): void {
    const name = nameOf(place);
    if (this.#known.has(name)) return;
    this.#known.add(name);
    let at = this.#window.length;
    while (at > this.#first && before(place, this.#window[at - 1] as Place)) at -= 1;
    if (at === this.#window.length) this.#window.push(place);
    else this.#window.splice(at, 0, place);
  }

  #returnExpired(): void {
    for (const [call, { untilMs }] of this.#claims) {
      if (untilMs > performance.now()) break;
      this.release(call);
    }
  }

  #compact(): void {
    this.#window = this.#window.slice(this.#first);
    this.#first = 0;
  }
}
