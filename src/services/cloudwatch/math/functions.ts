import { BadExpression } from "./parse.ts";
import { combined, each, isSeries, mapped, type Series, type Value } from "./values.ts";

/** Functions of metric math. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html */

/** The times that the queries ask for, seconds: start <= time < end. */
export interface Grid {
  start: number;
  end: number;
}

type MathFunction = (args: Value[], grid: Grid) => Value;

function timesOf({ start, end }: Grid, period: number): number[] {
  const times: number[] = [];
  for (let time = start; time < end; time += period) times.push(time);
  return times;
}

function seriesOf(value: Value | undefined): Series {
  if (value === undefined || !isSeries(value)) throw new BadExpression("A time series is expected.");
  return value;
}

function listOf(value: Value | undefined): Series[] {
  if (Array.isArray(value)) return value;
  return [seriesOf(value)];
}

function numberOf(value: Value | undefined): number {
  if (typeof value !== "number") throw new BadExpression("A number is expected.");
  return value;
}

/** Of a series, one number; of a list, a series of what the list has at each time. */
function aggregate(reduce: (values: readonly number[]) => number): MathFunction {
  return ([value]) => {
    if (typeof value === "number") return reduce([value]);
    if (!Array.isArray(value)) return reduce([...seriesOf(value).points.values()]);
    const gathered = new Map<number, number[]>();
    for (const { points } of value) {
      for (const [time, one] of points) {
        const held = gathered.get(time);
        if (held === undefined) gathered.set(time, [one]);
        else held.push(one);
      }
    }
    const points = new Map(
      [...gathered].sort(([a], [b]) => a - b).map(([time, values]) => [time, reduce(values)]),
    );
    return { label: "", period: Math.min(...value.map(({ period }) => period)), points };
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const average = (values: readonly number[]) =>
  values.length === 0 ? Number.NaN : sum(values) / values.length;

function deviation(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
}

/** Applies to a series, or to each of a list. */
function forEach(change: (series: Series, args: Value[], grid: Grid) => Series): MathFunction {
  return ([value, ...args], grid) =>
    Array.isArray(value) ? value.map((one) => change(one, args, grid)) : change(seriesOf(value), args, grid);
}

/** From each point to the next. */
function stepwise(of: (value: number, before: number, seconds: number) => number): MathFunction {
  return forEach((series) => {
    let last: [time: number, value: number] | undefined;
    return mapped(series, (value, time) => {
      const made = last && of(value, last[1], time - last[0]);
      last = [time, value];
      return made;
    });
  });
}

function fill(series: Series, [how]: Value[], grid: Grid): Series {
  const known = [...series.points];
  const points = new Map<number, number>();
  const times = new Set([...timesOf(grid, series.period), ...series.points.keys()]);
  for (const time of [...times].sort((a, b) => a - b)) {
    const value = series.points.get(time) ?? filled(known, time, how);
    if (value !== undefined) points.set(time, value);
  }
  return { ...series, points };
}

function filled(known: [number, number][], time: number, how: Value | undefined): number | undefined {
  if (typeof how === "number") return how;
  if (how !== undefined && typeof how === "object" && isSeries(how)) return how.points.get(time);
  const before = known.findLast(([at]) => at < time);
  if (how === "REPEAT") return before?.[1];
  if (how !== "LINEAR") throw new BadExpression("FILL takes a number, REPEAT, LINEAR or a time series.");
  const after = known.find(([at]) => at > time);
  if (before === undefined || after === undefined) return undefined;
  return before[1] + ((after[1] - before[1]) * (time - before[0])) / (after[0] - before[0]);
}

/** IF(condition, then, else): without "else", points where the condition does not hold are left out. */
const choose: MathFunction = ([condition, then, otherwise]) => {
  if (condition === undefined || then === undefined)
    throw new BadExpression("IF takes two or three arguments.");
  if (typeof condition === "number") {
    if (condition !== 0) return then;
    if (otherwise !== undefined) return otherwise;
    throw new BadExpression("The condition is never true.");
  }
  const pick = (branch: Value | undefined, time: number): number | undefined => {
    if (branch === undefined || typeof branch === "number") return branch;
    return seriesOf(branch).points.get(time);
  };
  if (Array.isArray(condition))
    return condition.map((one) => mapped(one, (value, time) => pick(value === 0 ? otherwise : then, time)));
  return mapped(seriesOf(condition), (value, time) => pick(value === 0 ? otherwise : then, time));
};

const sortKeys: Record<string, (series: Series) => number> = {
  AVG: ({ points }) => average([...points.values()]),
  SUM: ({ points }) => sum([...points.values()]),
  MAX: ({ points }) => Math.max(...points.values()),
  MIN: ({ points }) => Math.min(...points.values()),
};

/** SORT(list, AVG, DESC, 10) */
const sorted: MathFunction = ([value, by, order = "DESC", limit]) => {
  const key = typeof by === "string" ? sortKeys[by.toUpperCase()] : undefined;
  if (key === undefined || (order !== "ASC" && order !== "DESC"))
    throw new BadExpression("SORT takes a function (AVG, MIN, MAX, SUM) and an order (ASC, DESC).");
  const list = [...listOf(value)].sort((a, b) => (order === "ASC" ? key(a) - key(b) : key(b) - key(a)));
  return limit === undefined ? list : list.slice(0, numberOf(limit));
};

/** SLICE(list, 2) is one of them, SLICE(list, 0, 10) several. */
const slice: MathFunction = ([value, from, to]) => {
  const list = listOf(value);
  if (to !== undefined) return list.slice(numberOf(from), numberOf(to));
  return list.slice(numberOf(from), numberOf(from) + 1);
};

function clock(part: (date: Date) => number): MathFunction {
  return ([value]) => mapped(seriesOf(value), (_, time) => part(new Date(time * 1000)));
}

export const functions: Record<string, MathFunction> = {
  ABS: ([value = 0]) => each(value, Math.abs),
  CEIL: ([value = 0]) => each(value, Math.ceil),
  FLOOR: ([value = 0]) => each(value, Math.floor),
  LOG: ([value = 0]) => each(value, Math.log),
  LOG10: ([value = 0]) => each(value, Math.log10),
  AVG: aggregate(average),
  SUM: aggregate(sum),
  MIN: aggregate((values) => Math.min(...values)),
  MAX: aggregate((values) => Math.max(...values)),
  STDDEV: aggregate(deviation),
  DATAPOINT_COUNT: aggregate(({ length }) => length),
  FIRST: ([value]) =>
    Array.isArray(value) ? value.slice(0, 1) : firstOf([...seriesOf(value).points.values()]),
  LAST: ([value]) =>
    Array.isArray(value) ? value.slice(-1) : firstOf([...seriesOf(value).points.values()].reverse()),
  METRIC_COUNT: ([value]) => listOf(value).length,
  DIFF: stepwise((value, before) => value - before),
  DIFF_TIME: stepwise((_, __, seconds) => seconds),
  RATE: stepwise((value, before, seconds) => (value - before) / seconds),
  FILL: forEach(fill),
  IF: choose,
  PERIOD: ([value]) => seriesOf(value).period,
  RUNNING_SUM: forEach((series) => {
    let total = 0;
    return mapped(series, (value) => {
      total += value;
      return total;
    });
  }),
  REMOVE_EMPTY: ([value]) => listOf(value).filter(({ points }) => points.size > 0),
  SORT: sorted,
  SLICE: slice,
  MINUTE: clock((date) => date.getUTCMinutes()),
  HOUR: clock((date) => date.getUTCHours()),
  DAY: clock((date) => date.getUTCDay() || 7),
  DATE: clock((date) => date.getUTCDate()),
  MONTH: clock((date) => date.getUTCMonth() + 1),
  YEAR: clock((date) => date.getUTCFullYear()),
  EPOCH: clock((date) => date.getTime() / 1000),
};

function firstOf([value]: readonly number[]): number {
  return value ?? Number.NaN;
}

/** TIME_SERIES(5): the number at each time. */
export function constantSeries(value: number, grid: Grid, period: number): Series {
  return { label: "", period, points: new Map(timesOf(grid, period).map((time) => [time, value])) };
}

export function negated(value: Value): Value {
  return combined(0, value, (a, b) => a - b);
}
