import type { Metric } from "../kit/context.ts";

/**
 * Metrics that services publish of themselves. They are gathered in memory and put to CloudWatch in batches: a
 * metric is no state of the service, and a write for each would cost more than what it counts.
 */

/** One metric's values of one minute. */
export interface Gathered {
  account: string;
  region: string;
  namespace: string;
  name: string;
  dimensions: Readonly<Record<string, string>>;
  unit: string;
  /** Start of the minute, ms since the epoch. */
  minuteMs: number;
  /** How often each value came. */
  counts: Map<number, number>;
}

export type Publish = (metrics: Gathered[]) => Promise<void>;

/** How soon a value is on its way to CloudWatch. */
const flushMs = 1_000;
const minuteInMs = 60_000;
/** Beyond this, metrics of new names are dropped until the next flush. */
const maxGathered = 50_000;
/** Values that one datum may hold. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
export const maxValues = 150;

export class MetricGatherer {
  readonly #publish: Publish;
  readonly #onFailure: (error: unknown) => void;
  #gathered = new Map<string, Gathered>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(publish: Publish, onFailure: (error: unknown) => void) {
    this.#publish = publish;
    this.#onFailure = onFailure;
  }

  add({ namespace, name, dimensions = {}, value, unit = "Count" }: Metric, scope: Scope): void {
    const minuteMs = scope.atMs - (scope.atMs % minuteInMs);
    const id = [
      scope.account,
      scope.region,
      namespace,
      name,
      unit,
      minuteMs,
      JSON.stringify(dimensions),
    ].join("\n");
    let gathered = this.#gathered.get(id);
    if (gathered === undefined || (gathered.counts.size >= maxValues && !gathered.counts.has(value))) {
      if (this.#gathered.size >= maxGathered) return;
      // A full datum is kept under another name; the new one takes its place.
      if (gathered !== undefined) this.#gathered.set(`${id}\n${this.#gathered.size}`, gathered);
      const { account, region } = scope;
      gathered = { account, region, namespace, name, dimensions, unit, minuteMs, counts: new Map() };
      this.#gathered.set(id, gathered);
    }
    gathered.counts.set(value, (gathered.counts.get(value) ?? 0) + 1);
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref();
  }

  /** Puts what has gathered; resolves once it is there. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = [...this.#gathered.values()];
    this.#gathered = new Map();
    if (gathered.length > 0) {
      this.#flushing = this.#flushing.then(() => this.#publish(gathered)).catch(this.#onFailure);
    }
    return this.#flushing;
  }
}

interface Scope {
  account: string;
  region: string;
  atMs: number;
}
