import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import { maxAgeMs, maxLeadMs, maxValue, maxValuesPerDatum } from "./limits.ts";

/** What PutMetricData refuses, in AWS's words. */

type Refusing = Context<"InvalidParameterValueException">;

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

export function checkDatum(datum: MetricDatum, path: string, now: number, ctx: Refusing): void {
  checkNames(datum, path, ctx);
  checkKinds(datum, path, ctx);
  checkTime(datum.Timestamp, path, now, ctx);
  if (datum.Value !== undefined) checkValue(datum.Value, `${path}.Value`, ctx);
  if (datum.Values !== undefined) checkValues(datum.Values, datum.Counts, path, ctx);
  if (datum.StatisticValues !== undefined) checkSet(datum.StatisticValues, path, ctx);
  const { StorageResolution } = datum;
  if (StorageResolution !== undefined && StorageResolution !== 1 && StorageResolution !== 60)
    throw invalid(StorageResolution, `${path}.StorageResolution`, ctx);
}

function checkNames({ MetricName = "", Dimensions = [] }: MetricDatum, path: string, ctx: Refusing): void {
  if (!printable.test(MetricName)) throw invalid(MetricName, `${path}.MetricName`, ctx);
  for (const [i, { Name = "", Value = "" }] of Dimensions.entries()) {
    const at = `${path}.Dimensions.member.${i + 1}`;
    if (!printable.test(Name) || Name.startsWith(":")) throw invalid(Name, `${at}.Name`, ctx);
    if (!printable.test(Value) || Value.trim() === "") throw invalid(Value, `${at}.Value`, ctx);
    for (let other = 0; other < i; other += 1)
      if (Dimensions[other]?.Name === Name) throw invalid(Name, `${at}.Name`, ctx);
  }
}

/** One of a value, values with counts, or a statistic set. */
function checkKinds(datum: MetricDatum, path: string, ctx: Context): void {
  const given = (["Value", "Values", "StatisticValues"] as const).filter((name) => datum[name] !== undefined);
  if (given.length === 0) {
    throw ctx.error(
      "MissingRequiredParameterException",
      `At least one of the parameters ${path}.Value, ${path}.Values or ${path}.StatisticValues must be specified.`,
    );
  }
  if (given.length > 1) {
    throw ctx.error(
      "InvalidParameterCombinationException",
      `The parameters ${path}.${given[0]} and ${path}.${given[1]} are mutually exclusive and you have specified both.`,
    );
  }
}

function checkTime(time: Date | undefined, path: string, now: number, ctx: Refusing): void {
  if (time === undefined) return;
  if (time.getTime() > now + maxLeadMs) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameter ${path}.Timestamp must specify a time no more than two hours in the future.`,
    );
  }
  if (!(time.getTime() >= now - maxAgeMs)) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameter ${path}.Timestamp must specify a time within the past two weeks.`,
    );
  }
}

function checkValue(value: number, path: string, ctx: Refusing): void {
  if (!(Math.abs(value) <= maxValue)) throw invalid(value, path, ctx);
}

function checkValues(
  values: readonly number[],
  counts: readonly number[] | undefined,
  path: string,
  ctx: Refusing,
): void {
  if (values.length > maxValuesPerDatum) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The collection ${path}.Values must not have a size greater than ${maxValuesPerDatum}.`,
    );
  }
  if (counts !== undefined && counts.length !== values.length) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameters ${path}.Values and ${path}.Counts must be of the same size.`,
    );
  }
  for (const [i, value] of values.entries()) checkValue(value, `${path}.Values.member.${i + 1}`, ctx);
  for (const [i, count] of (counts ?? []).entries())
    if (!(count >= 0 && count <= maxValue)) throw invalid(count, `${path}.Counts.member.${i + 1}`, ctx);
}

function checkSet(
  { SampleCount = 0, Sum = 0, Minimum = 0, Maximum = 0 }: NonNullable<MetricDatum["StatisticValues"]>,
  path: string,
  ctx: Refusing,
): void {
  const at = `${path}.StatisticValues`;
  for (const [name, value] of Object.entries({ SampleCount, Sum, Minimum, Maximum }))
    checkValue(value, `${at}.${name}`, ctx);
  if (SampleCount <= 0) throw invalid(SampleCount, `${at}.SampleCount`, ctx);
  if (Minimum > Maximum) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameter ${at}.Minimum must be less than or equal to ${at}.Maximum.`,
    );
  }
}
