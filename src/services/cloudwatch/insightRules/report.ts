import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { cloudwatch } from "../contract.ts";
import { dayMs, secondMs } from "../limits.ts";
import { parseDefinition, type RuleDefinition, readerOf } from "./definition.ts";
import { findInsightRule, insightRuleArn, ruleAccess } from "./rules.ts";
import { type Aggregation, type Metrics, metricNames, reportOf } from "./summary.ts";

const defaultContributors = 10;
const maxContributors = 100;
const maxRangeMs = 30 * dayMs;
const maxPeriods = 1_440;
/** Lines that one report reads. */
const maxEvents = 100_000;
const eventsPerPage = 10_000;
/** Log groups that the prefixes of a rule stand for. */
const maxLogGroups = 50;
/** Combinations of keys that one report tells apart. */
const maxKept = 50_000;

type Codes = "InvalidParameterValueException" | "ResourceNotFoundException";

/**
 * Counts what is in the rule's log groups, when it is asked, as the caller: he must be allowed to read them.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetInsightRuleReport.html
 */
export const getInsightRuleReport = cloudwatch.operation("GetInsightRuleReport", {
  access: ({ RuleName }, ctx) => ruleAccess("GetInsightRuleReport", RuleName, ctx),
  async handle({ RuleName, StartTime, EndTime, Period, ...input }, ctx) {
    const invalid = (message: string) => ctx.error("InvalidParameterValueException", message);
    const row = await findInsightRule(RuleName, ctx);
    if (row === undefined) {
      throw ctx.error("ResourceNotFoundException", `Rule ${RuleName} does not exist.`, {
        ResourceType: "InsightRule",
        ResourceId: insightRuleArn(RuleName, ctx),
      });
    }
    const { MaxContributorCount = defaultContributors, OrderBy = "Sum", Metrics = [] } = input;
    const [startMs, endMs, periodMs] = [StartTime.getTime(), EndTime.getTime(), Period * secondMs];
    if (!(startMs < endMs)) throw invalid("StartTime must be less than EndTime.");
    if (endMs - startMs > maxRangeMs) throw invalid("A report covers at most 30 days.");
    if (Period % 60 !== 0) throw invalid("Period must be a multiple of 60.");
    if (MaxContributorCount < 1 || MaxContributorCount > maxContributors)
      throw invalid(`MaxContributorCount must be from 1 to ${maxContributors}.`);
    if ((endMs - startMs) / periodMs > maxPeriods)
      throw invalid(`A report has at most ${maxPeriods} periods; ask for longer ones.`);
    if (OrderBy !== "Sum" && OrderBy !== "Maximum") throw invalid("OrderBy must be Sum or Maximum.");
    const strange = Metrics.find((name) => !metricNames.has(name));
    if (strange !== undefined) throw invalid(`The metric ${strange} is not supported.`);
    const rule = parseDefinition(row.definition);
    const aggregation: Aggregation = new Map();
    if (row.enabled) await gather(rule, { startMs, endMs, periodMs }, aggregation, ctx);
    return {
      KeyLabels: [...rule.keys],
      AggregationStatistic: rule.aggregateOn === "Sum" ? "Sum" : "SampleCount",
      ...reportOf(aggregation, {
        most: MaxContributorCount,
        orderBy: OrderBy,
        metrics: Metrics as Metrics[],
        times: timesOf({ startMs, endMs, periodMs }),
      }),
    };
  },
});

interface Range {
  startMs: number;
  endMs: number;
  periodMs: number;
}

/** Periods begin at multiples of their length. */
function timesOf({ startMs, endMs, periodMs }: Range): number[] {
  const times: number[] = [];
  for (let time = Math.floor(startMs / periodMs) * periodMs; time < endMs; time += periodMs) times.push(time);
  return times;
}

async function gather(
  rule: RuleDefinition,
  range: Range,
  into: Aggregation,
  ctx: Context<Codes>,
): Promise<void> {
  let left = maxEvents;
  for (const logGroupName of await groupsOf(rule.logGroups, ctx)) {
    let nextToken: string | undefined;
    do {
      const { events, next } = await pageOfEvents(logGroupName, range, nextToken, ctx);
      left -= events.length;
      if (left < 0) {
        throw ctx.error(
          "InvalidParameterValueException",
          `The report would read more than ${maxEvents} log events; ask for a shorter time.`,
        );
      }
      for (const { timestamp = 0, message = "" } of events) count(message, timestamp, rule, range, into);
      nextToken = next;
    } while (nextToken !== undefined);
  }
  if (into.size <= maxKept) return;
  throw ctx.error(
    "InvalidParameterValueException",
    `The rule finds more than ${maxKept} contributors in this time.`,
  );
}

/** The caller himself, by way of CloudWatch. */
function callLogs(operation: string, input: Record<string, unknown>, ctx: Context) {
  const as = { ...ctx.caller, calledVia: [...(ctx.caller.calledVia ?? []), "monitoring.amazonaws.com"] };
  return ctx.call("logs", operation, input, { as });
}

async function groupsOf(patterns: readonly string[], ctx: Context<Codes>): Promise<Set<string>> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    if (!pattern.endsWith("*")) {
      found.add(pattern);
      continue;
    }
    const prefix = pattern.slice(0, -1);
    const input = { ...(prefix !== "" && { logGroupNamePrefix: prefix }), limit: maxLogGroups };
    const answer = await callLogs("DescribeLogGroups", input, ctx as Context);
    for (const { logGroupName = "" } of (answer.logGroups ?? []) as { logGroupName?: string }[])
      found.add(logGroupName);
  }
  return found;
}

interface LogEvent {
  timestamp?: number;
  message?: string;
}

async function pageOfEvents(
  logGroupName: string,
  { startMs, endMs }: Range,
  nextToken: string | undefined,
  ctx: Context<Codes>,
): Promise<{ events: LogEvent[]; next?: string | undefined }> {
  const input = {
    logGroupName,
    startTime: startMs,
    endTime: endMs - 1,
    limit: eventsPerPage,
    ...(nextToken !== undefined && { nextToken }),
  };
  try {
    const answer = await callLogs("FilterLogEvents", input, ctx as Context);
    return { events: (answer.events ?? []) as LogEvent[], next: answer.nextToken as string | undefined };
  } catch (error) {
    // A log group that is not there yet has no contributors.
    if (error instanceof AwsError && error.code === "ResourceNotFoundException") return { events: [] };
    throw error;
  }
}

function count(line: string, timestamp: number, rule: RuleDefinition, range: Range, into: Aggregation): void {
  const read = readerOf(line, rule);
  if (read === undefined || !rule.filters.every(({ match, test }) => test(read(match)))) return;
  const keys = rule.keys.map(read);
  if (keys.some((key) => key === undefined)) return;
  const value = rule.aggregateOn === "Sum" ? Number(read(rule.valueOf ?? "")) : 1;
  if (!Number.isFinite(value)) return;
  const texts = keys.map(String);
  const id = JSON.stringify(texts);
  let contributor = into.get(id);
  if (contributor === undefined) {
    contributor = { keys: texts, byTime: new Map() };
    into.set(id, contributor);
  }
  const time = Math.floor(timestamp / range.periodMs) * range.periodMs;
  const held = contributor.byTime.get(time);
  if (held === undefined) contributor.byTime.set(time, { sum: value, count: 1, max: value });
  else {
    held.sum += value;
    held.count += 1;
    held.max = Math.max(held.max, value);
  }
}
