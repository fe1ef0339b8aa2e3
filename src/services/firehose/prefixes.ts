import { randomText } from "../../kit/ids.ts";
import { patternTime } from "./patternTime.ts";

/** Prefixes of objects, with their expressions. https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html */

export type ErrorType = "processing-failed" | "http-endpoint-failed";

interface Literal {
  text: string;
}
interface Expression {
  namespace: string;
  value: string;
}
type Part = Literal | Expression;

/** The parts of a prefix; undefined where "!{" is in no expression of the form "!{namespace:value}". */
export function parsePrefix(prefix: string): Part[] | undefined {
  const parts: Part[] = [];
  let at = 0;
  for (;;) {
    const start = prefix.indexOf("!{", at);
    if (start < 0) break;
    const match = /^!\{([A-Za-z]+):((?:'[^']*'|[^}'])+)\}/.exec(prefix.slice(start));
    if (match === null) return undefined;
    if (start > at) parts.push({ text: prefix.slice(at, start) });
    parts.push({ namespace: match[1] as string, value: match[2] as string });
    at = start + match[0].length;
  }
  if (at < prefix.length) parts.push({ text: prefix.slice(at) });
  return parts;
}

function isExpression(part: Part): part is Expression {
  return "namespace" in part;
}

export interface PrefixRules {
  prefix: string | undefined;
  errorPrefix: string | undefined;
  partitioned: boolean;
}

/** What is wrong with prefixes, in AWS's words as far as they are known. */
export function prefixProblem({ prefix = "", errorPrefix, partitioned }: PrefixRules): string | undefined {
  const parts = parsePrefix(prefix);
  const errorParts = parsePrefix(errorPrefix ?? "");
  if (parts === undefined || errorParts === undefined) {
    return "The sequence !{ can only appear in !{namespace:value} expressions.";
  }
  const expressions = parts.filter(isExpression);
  const errorExpressions = errorParts.filter(isExpression);
  const problem = unknownExpression([...expressions, ...errorExpressions]);
  if (problem !== undefined) return problem;
  if (expressions.length > 0 && (errorPrefix ?? "") === "") {
    return "ErrorOutputPrefix can't be null or empty when Prefix contains expressions.";
  }
  if (expressions.some(isErrorType)) return "Prefix can't contain !{firehose:error-output-type}.";
  if (errorExpressions.length > 0 && !errorExpressions.some(isErrorType)) {
    return "ErrorOutputPrefix must contain at least one instance of !{firehose:error-output-type} when it contains expressions.";
  }
  if (errorExpressions.some(isPartitionKey)) {
    return "ErrorOutputPrefix can't contain partitionKeyFromLambda or partitionKeyFromQuery namespaces.";
  }
  const keyed = expressions.some(isPartitionKey);
  if (keyed && !partitioned) {
    return "Prefix can contain partitionKeyFromLambda and partitionKeyFromQuery namespaces only when Dynamic Partitioning is enabled.";
  }
  if (partitioned && !keyed) {
    return "Prefix must contain partitionKeyFromLambda or partitionKeyFromQuery namespaces when Dynamic Partitioning is enabled.";
  }
  return undefined;
}

function isErrorType({ namespace, value }: Expression): boolean {
  return namespace === "firehose" && value === "error-output-type";
}

function isPartitionKey({ namespace }: Expression): boolean {
  return namespace === "partitionKeyFromQuery" || namespace === "partitionKeyFromLambda";
}

function unknownExpression(expressions: readonly Expression[]): string | undefined {
  for (const { namespace, value } of expressions) {
    if (namespace === "timestamp" || isPartitionKey({ namespace, value })) continue;
    if (namespace !== "firehose") return `The namespace ${namespace} is not valid in a prefix.`;
    if (value !== "error-output-type" && value !== "random-string")
      return `The value ${value} is not valid in the namespace firehose.`;
  }
  return undefined;
}

/** The partition keys that a prefix names, by their namespace. */
export function keysNamed(prefix: string, namespace: string): string[] {
  return (parsePrefix(prefix) ?? [])
    .filter(isExpression)
    .flatMap((part) => (part.namespace === namespace ? [part.value] : []));
}

export interface PrefixFacts {
  /** ms since the epoch: the arrival of the oldest record in the object. */
  timeMs: number;
  zone: string;
  errorType?: ErrorType;
  fromQuery?: Readonly<Record<string, string>> | undefined;
  fromLambda?: Readonly<Record<string, string>> | undefined;
}

/** Appended to a prefix that has no timestamp of its own. */
const defaultTime = "yyyy/MM/dd/HH/";
const randomStringLength = 11;

/** The prefix of what was delivered. */
export function deliveredPrefix(prefix: string, facts: PrefixFacts): string {
  const parts = parsePrefix(prefix) ?? [];
  const timed = parts.some((part) => isExpression(part) && part.namespace === "timestamp");
  const evaluated = evaluate(parts, facts);
  // With keys of its own a prefix is taken as it is: what is appended would come behind the last of them.
  const keyed = parts.some((part) => isExpression(part) && isPartitionKey(part));
  return timed || keyed ? evaluated : evaluated + patternTime(defaultTime, facts.timeMs, facts.zone);
}

/** The prefix of what failed. */
export function failedPrefix(prefix: string, errorPrefix: string | undefined, facts: PrefixFacts): string {
  if (errorPrefix === undefined || errorPrefix === "") {
    return `${prefix}${facts.errorType}/${patternTime(defaultTime, facts.timeMs, facts.zone)}`;
  }
  const parts = parsePrefix(errorPrefix) ?? [];
  const evaluated = evaluate(parts, facts);
  if (parts.some(isExpression)) return evaluated;
  return `${evaluated}${facts.errorType}/${patternTime(defaultTime, facts.timeMs, facts.zone)}`;
}

function evaluate(
  parts: readonly Part[],
  { timeMs, zone, errorType, fromQuery, fromLambda }: PrefixFacts,
): string {
  return parts
    .map((part) => {
      if (!isExpression(part)) return part.text;
      switch (part.namespace) {
        case "timestamp":
          return patternTime(part.value, timeMs, zone);
        case "partitionKeyFromQuery":
          return fromQuery?.[part.value] ?? "";
        case "partitionKeyFromLambda":
          return fromLambda?.[part.value] ?? "";
        default:
          return part.value === "error-output-type"
            ? (errorType ?? "")
            : randomText(randomStringLength, "lower36");
      }
    })
    .join("");
}
