import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import type { AwsError } from "../../kit/errors.ts";
import { BadExpression, type Node, namesIn, parseExpression } from "./math/parse.ts";
import { isPeriod } from "./periods.ts";
import { statisticOf } from "./statistics.ts";

/** What is wrong with queries, before any is run. `path` is that of the list: "MetricDataQueries", "Metrics". */
export function checkQueries(queries: readonly MetricDataQuery[], path: string, ctx: Context): void {
  const ids = new Set<string>();
  const invalid = (message: string) => ctx.error("ValidationError", message);
  for (const [i, { Id = "", MetricStat, Expression, Period }] of queries.entries()) {
    const at = `${path}.member.${i + 1}`;
    if (!/^[a-z]\w*$/.test(Id))
      throw invalid(
        `The value ${Id} for parameter ${at}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
      );
    if (ids.has(Id)) throw invalid(`The values for parameter id in ${path} are not unique.`);
    ids.add(Id);
    if ((MetricStat === undefined) === (Expression === undefined))
      throw invalid(`Exactly one of ${at}.MetricStat and ${at}.Expression must be specified.`);
    const period = MetricStat?.Period ?? Period;
    if (period !== undefined && !isPeriod(period))
      throw invalid(`The parameter ${at}.Period must be 1, 5, 10, 20, 30 or a multiple of 60.`);
    if (MetricStat !== undefined && statisticOf(MetricStat.Stat ?? "") === undefined)
      throw invalid(`The value ${MetricStat.Stat} for parameter ${at}.MetricStat.Stat is not supported.`);
  }
  checkExpressions(queries, ctx);
}

function checkExpressions(queries: readonly MetricDataQuery[], ctx: Context): void {
  const uses = new Map<string, string[]>();
  for (const { Id = "", Expression } of queries) {
    if (Expression === undefined) continue;
    if (/^\s*select\b/i.test(Expression)) throw notBuilt("Metrics Insights queries", ctx);
    const node = parsed(Id, Expression, ctx);
    uses.set(Id, namesIn(node));
  }
  for (const id of uses.keys()) {
    if (reaches(id, id, uses, new Set()))
      throw ctx.error("ValidationError", `Error in expression '${id}': Circular dependency.`);
  }
}

function parsed(id: string, expression: string, ctx: Context): Node {
  try {
    return parseExpression(expression);
  } catch (error) {
    throw asExpressionError(id, error, ctx);
  }
}

/** Whether the first query needs the second, itself or by way of others. */
function reaches(from: string, to: string, uses: ReadonlyMap<string, string[]>, seen: Set<string>): boolean {
  return (uses.get(from) ?? []).some((name) => {
    if (name === to) return true;
    if (seen.has(name)) return false;
    seen.add(name);
    return reaches(name, to, uses, seen);
  });
}

/** The error that a client sees, of one that an expression ended with. */
export function asExpressionError(id: string, error: unknown, ctx: Context): unknown {
  if (!(error instanceof BadExpression)) return error;
  return ctx.error("ValidationError", `Error in expression '${id}': ${error.message}`);
}

/** The refusal of what AWS offers and Cloudkeep does not. */
export function notBuilt(what: string, ctx: Context): AwsError {
  return ctx.error("ValidationError", `Cloudkeep does not build ${what}.`);
}
