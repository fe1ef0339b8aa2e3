import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import { maxAgeMs, maxLeadMs, maxValue, maxValuesPerDatum } from "./limits.ts";

/** What PutMetricData refuses, in AWS's words. */

type Refusing = Context<"InvalidParameterValueException">;

/** Which datum of a call is checked. Its path is put together only where it is told. */
export class Where {
  readonly #list: string;
  /** Counted from 1. */
  index = 0;

  constructor(list: string) {
    this.#list = list;
  }

  /** "MetricData.member.1.Value" */
  of(member: string): string {
    return `${this.#list}.${this.index}.${member}`;
  }
}

/** Printable, and no more: other characters are refused in names on AWS as well. */
const printable = /^[\x20-\x7e]*$/;

export function checkNamespace(namespace: string, ctx: Refusing): void {
  if (!printable.test(namespace)) throw invalid(namespace, "Namespace", ctx);
  if (/^aws\//i.test(namespace) && ctx.caller.principal.kind !== "service")
    throw invalid("AWS/", "Namespace", ctx);
}

function invalid(value: unknown, path: string, ctx: Refusing) {
  return ctx.error("InvalidParameterValueException", `The value ${value} for parameter ${path} is invalid.`);
}

export function checkDatum(datum: MetricDatum, where: Where, now: number, ctx: Refusing): void {
  checkNames(datum, where, ctx);
  checkKinds(datum, where, ctx);
  checkTime(datum.Timestamp, where, now, ctx);
  if (datum.Value !== undefined) checkValue(datum.Value, "Value", where, ctx);
  if (datum.Values !== undefined) checkValues(datum.Values, datum.Counts, where, ctx);
  if (datum.StatisticValues !== undefined) checkSet(datum.StatisticValues, where, ctx);
  const { StorageResolution } = datum;
  if (StorageResolution !== undefined && StorageResolution !== 1 && StorageResolution !== 60)
    throw invalid(StorageResolution, where.of("StorageResolution"), ctx);
}

function checkNames({ MetricName = "", Dimensions = [] }: MetricDatum, where: Where, ctx: Refusing): void {
  if (!printable.test(MetricName)) throw invalid(MetricName, where.of("MetricName"), ctx);
  for (const [i, { Name = "", Value = "" }] of Dimensions.entries()) {
    const at = (member: string) => where.of(`Dimensions.member.${i + 1}.${member}`);
    if (!printable.test(Name) || Name.startsWith(":")) throw invalid(Name, at("Name"), ctx);
    if (!printable.test(Value) || Value.trim() === "") throw invalid(Value, at("Value"), ctx);
    for (let other = 0; other < i; other += 1)
      if (Dimensions[other]?.Name === Name) throw invalid(Name, at("Name"), ctx);
  }
}

/** One of a value, values with counts, or a statistic set. */
function checkKinds({ Value, Values, StatisticValues }: MetricDatum, where: Where, ctx: Context): void {
  const given: string[] = [];
  if (Value !== undefined) given.push("Value");
  if (Values !== undefined) given.push("Values");
  if (StatisticValues !== undefined) given.push("StatisticValues");
  if (given.length === 1) return;
  const [first, second] = given;
  if (first === undefined || second === undefined) {
    throw ctx.error(
      "MissingRequiredParameterException",
      `At least one of the parameters ${where.of("Value")}, ${where.of("Values")} or ${where.of("StatisticValues")} must be specified.`,
    );
  }
  throw ctx.error(
    "InvalidParameterCombinationException",
    `The parameters ${where.of(first)} and ${where.of(second)} are mutually exclusive and you have specified both.`,
  );
}

function checkTime(time: Date | undefined, where: Where, now: number, ctx: Refusing): void {
  if (time === undefined) return;
  if (time.getTime() > now + maxLeadMs) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameter ${where.of("Timestamp")} must specify a time no more than two hours in the future.`,
    );
  }
  if (!(time.getTime() >= now - maxAgeMs)) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameter ${where.of("Timestamp")} must specify a time within the past two weeks.`,
    );
  }
}

function checkValue(value: number, member: string, where: Where, ctx: Refusing): void {
  if (!(Math.abs(value) <= maxValue)) throw invalid(value, where.of(member), ctx);
}

function checkValues(
  values: readonly number[],
  counts: readonly number[] | undefined,
  where: Where,
  ctx: Refusing,
): void {
  if (values.length > maxValuesPerDatum) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The collection ${where.of("Values")} must not have a size greater than ${maxValuesPerDatum}.`,
    );
  }
  if (counts !== undefined && counts.length !== values.length) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameters ${where.of("Values")} and ${where.of("Counts")} must be of the same size.`,
    );
  }
  for (const [i, value] of values.entries()) {
    if (!(Math.abs(value) <= maxValue)) throw invalid(value, where.of(`Values.member.${i + 1}`), ctx);
  }
  for (const [i, count] of (counts ?? []).entries())
    if (!(count >= 0 && count <= maxValue)) throw invalid(count, where.of(`Counts.member.${i + 1}`), ctx);
}

function checkSet(
  { SampleCount = 0, Sum = 0, Minimum = 0, Maximum = 0 }: NonNullable<MetricDatum["StatisticValues"]>,
  where: Where,
  ctx: Refusing,
): void {
  const at = where.of("StatisticValues");
  for (const [name, value] of Object.entries({ SampleCount, Sum, Minimum, Maximum }))
    checkValue(value, `StatisticValues.${name}`, where, ctx);
  if (SampleCount <= 0) throw invalid(SampleCount, `${at}.SampleCount`, ctx);
  if (Minimum > Maximum) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameter ${at}.Minimum must be less than or equal to ${at}.Maximum.`,
    );
  }
}
