/** What a rule of Contributor Insights says. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContributorInsights-RuleSyntax.html */

export interface RuleDefinition {
  /** A "*" at the end stands for all that begin so. */
  logGroups: readonly string[];
  format: "JSON" | "CLF";
  /** Names of the fields of lines in common log format, by their numbers. */
  fields: Readonly<Record<string, string>>;
  keys: readonly string[];
  valueOf?: string;
  filters: readonly RuleFilter[];
  aggregateOn: "Count" | "Sum";
}

export interface RuleFilter {
  match: string;
  test: (value: unknown) => boolean;
}

/** Why a text is no definition. */
export class BadDefinition extends Error {}

const maxKeys = 4;
const maxFilters = 4;
const maxFilterValues = 10;

type Json = Record<string, unknown>;

function objectOf(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new BadDefinition(`${what} must be a JSON object.`);
}

function textsOf(value: unknown, what: string): string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string"))
    return value;
  throw new BadDefinition(`${what} must be a list of strings that is not empty.`);
}

export function parseDefinition(text: string): RuleDefinition {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadDefinition("The rule definition is not valid JSON.");
  }
  const {
    Schema,
    LogGroupNames,
    LogGroupARNs,
    LogFormat,
    Fields = {},
    Contribution,
    AggregateOn,
  } = objectOf(value, "The rule definition");
  const schema = objectOf(Schema, "Schema");
  if (schema.Name !== "CloudWatchLogRule" || schema.Version !== 1)
    throw new BadDefinition('Schema must be {"Name": "CloudWatchLogRule", "Version": 1}.');
  if (LogGroupARNs !== undefined) throw new BadDefinition("Cloudkeep does not build rules on LogGroupARNs.");
  if (LogFormat !== "JSON" && LogFormat !== "CLF") throw new BadDefinition("LogFormat must be JSON or CLF.");
  if (AggregateOn !== "Count" && AggregateOn !== "Sum")
    throw new BadDefinition("AggregateOn must be Count or Sum.");
  const { Keys, ValueOf, Filters = [] } = objectOf(Contribution, "Contribution");
  const keys = textsOf(Keys, "Keys");
  if (keys.length > maxKeys) throw new BadDefinition(`A rule can have at most ${maxKeys} Keys.`);
  if (ValueOf !== undefined && typeof ValueOf !== "string")
    throw new BadDefinition("ValueOf must be a string.");
  if (AggregateOn === "Sum" && ValueOf === undefined)
    throw new BadDefinition("ValueOf is required when AggregateOn is Sum.");
  if (!Array.isArray(Filters) || Filters.length > maxFilters)
    throw new BadDefinition(`Filters must be a list of at most ${maxFilters}.`);
  return {
    logGroups: textsOf(LogGroupNames, "LogGroupNames"),
    format: LogFormat,
    fields: fieldsOf(Fields),
    keys,
    ...(ValueOf !== undefined && { valueOf: ValueOf }),
    filters: Filters.map(filterOf),
    aggregateOn: AggregateOn,
  };
}

function fieldsOf(value: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [number, name] of Object.entries(objectOf(value, "Fields"))) {
    if (!/^\d{1,3}$/.test(number) || typeof name !== "string")
      throw new BadDefinition("Fields must give names to the numbers of fields.");
    fields[name] = number;
  }
  return fields;
}

type Make = (operand: unknown) => (value: unknown) => boolean;

function textValues(operand: unknown): string[] {
  const values = textsOf(operand, "The values of a filter");
  if (values.length > maxFilterValues)
    throw new BadDefinition(`A filter can have at most ${maxFilterValues} values.`);
  return values;
}

function numeric(compare: (value: number, operand: number) => boolean): Make {
  return (operand) => {
    if (typeof operand !== "number") throw new BadDefinition("A filter that compares takes a number.");
    return (value) => {
      const number = typeof value === "number" ? value : Number(String(value ?? "").trim() || Number.NaN);
      return Number.isFinite(number) && compare(number, operand);
    };
  };
}

const filterKinds: Record<string, Make> = {
  In: (operand) => {
    const values = new Set(textValues(operand));
    return (value) => value !== undefined && values.has(String(value));
  },
  NotIn: (operand) => {
    const values = new Set(textValues(operand));
    return (value) => value !== undefined && !values.has(String(value));
  },
  StartsWith: (operand) => {
    const values = textValues(operand);
    return (value) => value !== undefined && values.some((one) => String(value).startsWith(one));
  },
  GreaterThan: numeric((a, b) => a > b),
  LessThan: numeric((a, b) => a < b),
  EqualTo: numeric((a, b) => a === b),
  NotEqualTo: numeric((a, b) => a !== b),
  IsPresent: (operand) => {
    if (typeof operand !== "boolean") throw new BadDefinition("IsPresent takes true or false.");
    return (value) => (value !== undefined) === operand;
  },
};

function filterOf(given: unknown): RuleFilter {
  const { Match, ...others } = objectOf(given, "A filter");
  const [[kind, operand] = ["", undefined], ...more] = Object.entries(others);
  const make = Object.hasOwn(filterKinds, kind) ? filterKinds[kind] : undefined;
  if (typeof Match !== "string" || make === undefined || more.length > 0)
    throw new BadDefinition(
      "A filter must have Match and one of In, NotIn, StartsWith, GreaterThan, LessThan, EqualTo, NotEqualTo and IsPresent.",
    );
  return { match: Match, test: make(operand) };
}

/** A line of a log, as what finds its fields; undefined where it is not in the rule's format. */
export function readerOf(
  line: string,
  { format, fields }: Pick<RuleDefinition, "format" | "fields">,
): ((field: string) => unknown) | undefined {
  if (format === "JSON") {
    if (!line.trimStart().startsWith("{")) return undefined;
    try {
      const value: unknown = JSON.parse(line);
      return (field) => jsonField(value, field);
    } catch {
      return undefined;
    }
  }
  const values = clfFields(line);
  return (field) => values[Number(Object.hasOwn(fields, field) ? fields[field] : field) - 1];
}

/** "$.a.b", "$.a[0]", "$['a b']": objects and lists are no values. */
function jsonField(value: unknown, path: string): unknown {
  let at = value;
  for (const match of path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']+)'\]/g)) {
    const name = match[1] ?? match[2] ?? match[3] ?? "";
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Json)[name];
  }
  return typeof at === "object" ? undefined : at;
}

/** Fields are parted by blanks; those in quotes or brackets are one. */
function clfFields(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|\[([^\]]*)\]|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}
