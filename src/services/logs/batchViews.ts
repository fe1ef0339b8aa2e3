import type { TransformLine } from "./transform/versions.ts";

/** A batch as filters see it: masked where a policy says so, and transformed for those that ask for it. */

export interface BatchEvent {
  timestamp: number;
  message: string;
}

export class BatchViews {
  readonly #events: readonly BatchEvent[];
  readonly #transform: TransformLine | undefined;
  readonly #facts: { ingestedMs: number; stream: string };
  #transformed: readonly BatchEvent[] | undefined;

  constructor(
    events: readonly BatchEvent[],
    transform: TransformLine | undefined,
    facts: { ingestedMs: number; stream: string },
  ) {
    this.#events = events;
    this.#transform = transform;
    this.#facts = facts;
  }

  /** Without a transformer, and where it fails, a filter sees the lines as they came. */
  for({ applyOnTransformedLogs }: { applyOnTransformedLogs: boolean }): readonly BatchEvent[] {
    const transform = this.#transform;
    if (!applyOnTransformedLogs || transform === undefined) return this.#events;
    this.#transformed ??= this.#events.map((event) => {
      const found = transform({ message: event.message, ...this.#facts });
      return found === undefined ? event : { ...event, message: JSON.stringify(found) };
    });
    return this.#transformed;
  }
}
