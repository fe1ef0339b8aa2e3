import type { Context } from "../../kit/context.ts";
import { hourMs } from "./limits.ts";
import { type MetricRow, metrics } from "./tables.ts";

/** Which metrics exist: a row for each, written again in each hour in which it is seen. */

/** Metrics that one process remembers having written. */
const maxRemembered = 200_000;

interface Remembered {
  hour: number;
  count: number;
  /** Identities by account, Region and namespace. */
  scopes: Map<string, Set<string>>;
}

/** For each running Cloudkeep, told by its clock: what was written in this hour. It only saves writing it again. */
const remembered = new WeakMap<object, Remembered>();

function memoryOf(ctx: Context, hour: number): Remembered {
  const held = remembered.get(ctx.clock);
  if (held !== undefined && held.hour === hour && held.count < maxRemembered) return held;
  const fresh: Remembered = { hour, count: 0, scopes: new Map() };
  remembered.set(ctx.clock, fresh);
  return fresh;
}

function hourOf(ctx: Context): number {
  return Math.floor(ctx.clock.now() / hourMs) * hourMs;
}

/** Writes the rows of metrics that came, without reading any. */
export function noteMetrics(namespace: string, identities: Iterable<string>, ctx: Context): void {
  const { tx, account, region } = ctx;
  const hour = hourOf(ctx);
  const memory = memoryOf(ctx, hour);
  const scope = `${account} ${region} ${namespace}`;
  const known = memory.scopes.get(scope);
  const fresh: string[] = [];
  for (const identity of identities) {
    if (known?.has(identity)) continue;
    metrics.put(tx, [account, region, namespace, identity], { lastSeen: hour } satisfies MetricRow);
    fresh.push(identity);
  }
  if (fresh.length > 0) ctx.afterCommit(() => remember(memory, scope, fresh));
}

function remember(memory: Remembered, scope: string, identities: readonly string[]): void {
  let known = memory.scopes.get(scope);
  if (known === undefined) {
    known = new Set();
    memory.scopes.set(scope, known);
  }
  for (const identity of identities) known.add(identity);
  memory.count += identities.length;
}

/** The same for one metric, where reading its row harms nobody: what a process remembers may be gone. */
export async function noteMetric(
  { namespace, identity }: { namespace: string; identity: string },
  ctx: Context,
): Promise<void> {
  const key = [ctx.account, ctx.region, namespace, identity] as const;
  const lastSeen = hourOf(ctx);
  if (((await metrics.get(ctx.tx, ...key))?.lastSeen ?? 0) < lastSeen)
    metrics.put(ctx.tx, [...key], { lastSeen });
}
