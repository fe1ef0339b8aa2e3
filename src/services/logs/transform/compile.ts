import type { Processor } from "@aws-sdk/client-cloudwatch-logs";
import { isDatePattern } from "../datePatterns.ts";
import { type JsonObject, TransformFailure } from "./event.ts";
import { mutators } from "./mutators.ts";
import { parsers, type Step, vendedParsers } from "./parsers.ts";

/**
 * A transformer: processors, one after the other.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-Processors.html
 */

const maxParsers = 5;

/** A configuration that is none, and why. */
export class TransformerProblem extends Error {}

/** Where a line is: what `copyValue` may copy of it. */
export interface LineFacts {
  group: string;
  stream: string;
  account: string;
  region: string;
}

/** Undefined where a line cannot be transformed: then it stays as it came. */
export type Transform = (message: string, facts: LineFacts) => JsonObject | undefined;

type Factory = (options: never) => Step | Promise<Step | undefined>;

export async function compileTransformer(processors: readonly Processor[]): Promise<Transform> {
  checkOrder(processors.map(nameOf));
  const steps: Step[] = [];
  for (const processor of processors) {
    const name = nameOf(processor);
    const make = (parsers[name] ?? mutators[name]) as Factory | undefined;
    if (make === undefined) throw new TransformerProblem(`Cloudkeep does not have the processor ${name}.`);
    checkDates(processor);
    const step = await make(processor[name] as never);
    if (step === undefined) throw new TransformerProblem(`Invalid pattern in the processor ${name}.`);
    steps.push(step);
  }
  return (message, facts) => run(steps, message, facts);
}

function nameOf(processor: Processor): keyof Processor {
  const [name, ...more] = Object.entries(processor).filter(([, value]) => value !== undefined);
  if (name === undefined || more.length > 0) {
    throw new TransformerProblem("Each entry must have exactly one processor.");
  }
  return name[0] as keyof Processor;
}

const once: readonly (keyof Processor)[] = ["grok", "addKeys", "copyValue", "listToMap"];

function checkOrder(names: readonly (keyof Processor)[]): void {
  const [first] = names;
  const parsing = names.filter((name) => parsers[name] !== undefined);
  if (first === undefined || (parsers[first] === undefined && mutators[first] !== undefined)) {
    throw new TransformerProblem("The first processor must be a parser.");
  }
  if (parsing.length > maxParsers) {
    throw new TransformerProblem(`A transformer has at most ${maxParsers} parsers.`);
  }
  if (parsing.some((name) => vendedParsers.has(name)) && (parsing.length > 1 || !vendedParsers.has(first))) {
    throw new TransformerProblem("A parser of AWS's own logs must be the first and only parser.");
  }
  const twice = once.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined) throw new TransformerProblem(`A transformer has one processor ${twice}.`);
}

function checkDates({ dateTimeConverter }: Processor): void {
  const patterns = dateTimeConverter?.matchPatterns ?? [];
  const bad = [...patterns, dateTimeConverter?.targetFormat ?? "epoch"].find((one) => !isDatePattern(one));
  if (bad !== undefined) throw new TransformerProblem(`Invalid date pattern: ${bad}`);
}

function run(steps: readonly Step[], message: string, facts: LineFacts): JsonObject | undefined {
  const given: JsonObject = {
    "@message": message,
    "@logGroupName": facts.group,
    "@logGroupStream": facts.stream,
    "@accountId": facts.account,
    "@regionName": facts.region,
  };
  const event = { ...given };
  try {
    for (const step of steps) step(event);
  } catch (error) {
    if (error instanceof TransformFailure) return undefined;
    throw error;
  }
  for (const name of Object.keys(given)) delete event[name];
  return event;
}
