import type { OutboxScope } from "../bus/outbox.ts";
import type { AwsEvent, Outbox } from "../kit/context.ts";

interface Origin {
  account: string;
  region: string;
  hops: number;
  atMs: number;
}

/** Leaves events to EventBridge, in one piece of work for each account and Region that they belong to. */
export function emitEvents(
  events: readonly AwsEvent[],
  origin: Origin,
  outboxOf: (scope: OutboxScope) => Outbox,
): void {
  const pieces = new Map<string, { scope: OutboxScope; events: AwsEvent[] }>();
  for (const event of events) {
    const { account = origin.account, region = origin.region, hops = origin.hops } = event;
    const id = `${account}/${region}/${hops}`;
    let piece = pieces.get(id);
    if (piece === undefined) {
      piece = { scope: { service: "events", account, region, hops }, events: [] };
      pieces.set(id, piece);
    }
    piece.events.push({ ...event, atMs: event.atMs ?? origin.atMs });
  }
  for (const { scope, events: list } of pieces.values()) outboxOf(scope).put("emit", { events: list });
}
