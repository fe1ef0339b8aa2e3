import type { Context } from "../../../kit/context.ts";
import { identityOf, seriesId } from "../store/identity.ts";
import { type MetricAlarmRow, watchedNames, watches } from "../tables.ts";

/**
 * Which alarms a metric's values concern. A call that brings values reads one row for its namespace; only for metrics
 * whose name some alarm watches it reads more. None of these rows changes but when alarms do.
 */

interface Watched {
  namespace: string;
  name: string;
  series: string;
}

/** The metrics that an alarm watches. */
function watchedBy({ metric, queries = [] }: MetricAlarmRow): Watched[] {
  const found = new Map<string, Watched>();
  const add = (namespace: string, name: string, dimensions: readonly { Name: string; Value: string }[]) => {
    const series = seriesId(namespace, identityOf(name, dimensions));
    found.set(series, { namespace, name, series });
  };
  if (metric !== undefined) add(metric.namespace, metric.name, metric.dimensions);
  for (const { MetricStat } of queries) {
    const { Namespace = "", MetricName = "", Dimensions = [] } = MetricStat?.Metric ?? {};
    if (MetricStat !== undefined)
      add(
        Namespace,
        MetricName,
        Dimensions.map(({ Name = "", Value = "" }) => ({ Name, Value })),
      );
  }
  return [...found.values()];
}

export async function watch(alarm: MetricAlarmRow, ctx: Context): Promise<void> {
  for (const one of watchedBy(alarm)) {
    await countName(one, 1, ctx);
    const held = await watches.get(ctx.tx, ctx.account, ctx.region, one.series);
    const names = [...new Set([...(held?.alarms ?? []), alarm.name])];
    watches.put(ctx.tx, [ctx.account, ctx.region, one.series], { alarms: names });
  }
}

export async function unwatch(alarm: MetricAlarmRow, ctx: Context): Promise<void> {
  for (const one of watchedBy(alarm)) {
    await countName(one, -1, ctx);
    const held = await watches.get(ctx.tx, ctx.account, ctx.region, one.series);
    const names = (held?.alarms ?? []).filter((name) => name !== alarm.name);
    if (names.length === 0) watches.delete(ctx.tx, ctx.account, ctx.region, one.series);
    else watches.put(ctx.tx, [ctx.account, ctx.region, one.series], { alarms: names });
  }
}

async function countName({ namespace, name }: Watched, by: 1 | -1, ctx: Context): Promise<void> {
  const key = [ctx.account, ctx.region, namespace] as const;
  const names = { ...(await watchedNames.get(ctx.tx, ...key))?.names };
  const count = (Object.hasOwn(names, name) ? (names[name] ?? 0) : 0) + by;
  if (count > 0) names[name] = count;
  else delete names[name];
  if (Object.keys(names).length === 0) watchedNames.delete(ctx.tx, ...key);
  else watchedNames.put(ctx.tx, [...key], { names });
}

/** Alarms that watch any of these metrics. */
export async function alarmsWatching(
  namespace: string,
  identities: Iterable<string>,
  ctx: Context,
): Promise<Set<string>> {
  const found = new Set<string>();
  const watched = await watchedNames.get(ctx.tx, ctx.account, ctx.region, namespace);
  if (watched === undefined) return found;
  for (const identity of identities) {
    const [name = ""] = JSON.parse(identity) as string[];
    if (!Object.hasOwn(watched.names, name)) continue;
    const row = await watches.get(ctx.tx, ctx.account, ctx.region, seriesId(namespace, identity));
    for (const alarm of row?.alarms ?? []) found.add(alarm);
  }
  return found;
}
