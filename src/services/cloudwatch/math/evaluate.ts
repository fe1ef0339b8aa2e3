import { constantSeries, functions, type Grid, negated } from "./functions.ts";
import { BadExpression, type Node } from "./parse.ts";
import { combined, each, isSeries, operators, type Series, type Value } from "./values.ts";

/** What an expression may refer to. */
export interface Scope extends Grid {
  /** Seconds; of series that an expression makes of nothing. */
  period: number;
  /** The value of another query. */
  named(id: string): Promise<Value | undefined>;
  /** The metrics among the queries, those whose ids hold a text if one is given. */
  metrics(idPart: string | undefined): Promise<Series[]>;
  search(expression: string, statistic: string, period: number): Promise<Series[]>;
  /** The lower and the upper bound of what is expected of another query. */
  band(id: string, deviations: number): Promise<Series[]>;
}

/** Words that name no query. */
const words = new Set(["REPEAT", "LINEAR", "ASC", "DESC", "AVG", "SUM", "MIN", "MAX"]);

export async function evaluate(node: Node, scope: Scope): Promise<Value> {
  switch (node.kind) {
    case "number":
    case "text":
      return node.value;
    case "name":
      return await nameValue(node.name, scope);
    case "list":
      return (await values(node.items, scope)).flatMap((value) => {
        if (Array.isArray(value)) return value;
        if (!isSeries(value)) throw new BadExpression("A list holds time series only.");
        return [value];
      });
    case "unary": {
      const value = await evaluate(node.of, scope);
      if (node.operator === "!") return each(value, (one) => (one === 0 ? 1 : 0));
      return node.operator === "-" ? negated(value) : value;
    }
    case "binary": {
      const [left, right] = await values([node.left, node.right], scope);
      return combined(left as Value, right as Value, operators[node.operator] as (typeof operators)["+"]);
    }
    case "call":
      return await call(node.name, node.args, scope);
  }
}

async function values(nodes: readonly Node[], scope: Scope): Promise<Value[]> {
  const found: Value[] = [];
  for (const node of nodes) found.push(await evaluate(node, scope));
  return found;
}

async function nameValue(name: string, scope: Scope): Promise<Value> {
  const value = await scope.named(name);
  if (value !== undefined) return value;
  if (words.has(name)) return name;
  throw new BadExpression(`Unknown metric ID '${name}'.`);
}

const defaultDeviations = 2;

async function band([of, width, ...more]: readonly Node[], scope: Scope): Promise<Series[]> {
  const deviations = width === undefined ? defaultDeviations : await evaluate(width, scope);
  if (of?.kind !== "name" || typeof deviations !== "number" || !(deviations > 0) || more.length > 0)
    throw new BadExpression("ANOMALY_DETECTION_BAND takes the ID of a metric and a positive number.");
  return await scope.band(of.name, deviations);
}

async function call(name: string, args: readonly Node[], scope: Scope): Promise<Value> {
  if (name === "ANOMALY_DETECTION_BAND") return await band(args, scope);
  const given = await values(args, scope);
  const [first, second, third] = given;
  if (name === "METRICS") return await scope.metrics(typeof first === "string" ? first : undefined);
  if (name === "TIME_SERIES") {
    if (typeof first !== "number") throw new BadExpression("TIME_SERIES takes a number.");
    return constantSeries(first, scope, scope.period);
  }
  if (name === "SEARCH") {
    if (typeof first !== "string" || typeof second !== "string")
      throw new BadExpression("SEARCH takes an expression, a statistic and a period.");
    return await scope.search(first, second, typeof third === "number" ? third : scope.period);
  }
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (known === undefined) throw new BadExpression(`Unsupported function '${name}'.`);
  return known(given, scope);
}
