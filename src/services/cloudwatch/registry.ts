import type { Context } from "../../kit/context.ts";
import { hourMs } from "./limits.ts";
import { type MetricRow, metrics } from "./tables.ts";

/** Which metrics exist: a row for each, written again in each hour in which it is seen. */

/** Metrics that one process remembers having written. */
const maxRemembered = 200_000;

interface Remembered {
  hour: number;
  keys: Set<string>;
}

/** For each running Cloudkeep, told by its clock: what was written in this hour. It only saves writing it again. */
const remembered = new WeakMap<object, Remembered>();

function memoryOf(ctx: Context, hour: number): Set<string> {
  const held = remembered.get(ctx.clock);
  if (held !== undefined && held.hour === hour && held.keys.size < maxRemembered) return held.keys;
  const keys = new Set<string>();
  remembered.set(ctx.clock, { hour, keys });
  return keys;
}

function hourOf(ctx: Context): number {
  return Math.floor(ctx.clock.now() / hourMs) * hourMs;
}

/** Writes the rows of metrics that came, without reading any. */
export function noteMetrics(namespace: string, identities: Iterable<string>, ctx: Context): void {
  const { tx, account, region } = ctx;
  const hour = hourOf(ctx);
  const memory = memoryOf(ctx, hour);
  const scope = `${account} ${region} ${namespace} `;
  const fresh: string[] = [];
  for (const identity of identities) {
    if (memory.has(scope + identity)) continue;
    metrics.put(tx, [account, region, namespace, identity], { lastSeen: hour } satisfies MetricRow);
    fresh.push(scope + identity);
  }
  if (fresh.length > 0) {
    ctx.afterCommit(() => {
      for (const key of fresh) memory.add(key);
    });
  }
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
