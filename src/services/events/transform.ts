import type { Target } from "@aws-sdk/client-eventbridge";

/**
 * What a target gets of an event: all of it, a part, or a text made from parts.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */

/** An event as it travels. https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export interface Envelope {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  "replay-name"?: string;
  resources: readonly string[];
  detail: Record<string, unknown>;
}

export interface TransformFacts {
  ruleArn: string;
  ruleName: string;
  /** When the event came in, ms since the epoch. */
  ingestedAtMs: number;
}

/** The body for a target; undefined where an input path finds nothing. */
export function bodyFor(target: Target, event: Envelope, facts: TransformFacts): string {
  const { Input, InputPath, InputTransformer } = target;
  if (Input !== undefined) return Input;
  if (InputPath !== undefined) return JSON.stringify(atPath(event, InputPath) ?? null);
  if (InputTransformer === undefined) return JSON.stringify(event);
  const { InputTemplate = "", InputPathsMap = {} } = InputTransformer;
  const values = new Map<string, unknown>(predefined(event, facts));
  for (const [name, path] of Object.entries(InputPathsMap)) values.set(name, atPath(event, path));
  return filled(InputTemplate, values);
}

function predefined(
  event: Envelope,
  { ruleArn, ruleName, ingestedAtMs }: TransformFacts,
): [string, unknown][] {
  const { detail: _, "detail-type": detailType, ...rest } = event;
  return [
    ["aws.events.rule-arn", ruleArn],
    ["aws.events.rule-name", ruleName],
    ["aws.events.event.ingestion-time", new Date(ingestedAtMs).toISOString()],
    ["aws.events.event", { ...rest, detailType }],
    ["aws.events.event.json", event],
  ];
}

/** "$.detail.items[0].name"; undefined where there is nothing. */
export function atPath(event: unknown, path: string): unknown {
  let value = event;
  for (const match of path.replace(/^\$/, "").matchAll(/\.([^.[\]]+)|\['([^']+)'\]|\[(\d+)\]/g)) {
    const [, dotted, quoted, index] = match;
    if (typeof value !== "object" || value === null) return undefined;
    const name = dotted ?? quoted ?? index ?? "";
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

const placeholder = /<([a-zA-Z0-9._-]+)>/g;

/** Names that a template asks for. */
export function placeholders(template: string): string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1] as string);
}

/** Within quotes a value stands as text, its own quotes left out; elsewhere as JSON. */
function filled(template: string, values: ReadonlyMap<string, unknown>): string {
  let quoted = false;
  let at = 0;
  let text = "";
  for (const match of template.matchAll(placeholder)) {
    const before = template.slice(at, match.index);
    for (let i = 0; i < before.length; i += 1) {
      if (before[i] === "\\") i += 1;
      else if (before[i] === '"') quoted = !quoted;
    }
    const value = values.get(match[1] as string);
    text += before + (quoted ? asText(value) : value === undefined ? '""' : JSON.stringify(value));
    at = match.index + match[0].length;
  }
  return text + template.slice(at);
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return JSON.stringify(value).slice(1, -1);
  return JSON.stringify(value).replaceAll('"', "");
}
