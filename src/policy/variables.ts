import { compileWildcard, type LiteralPositions, type Matcher, matchesWildcard } from "./match.ts";
import type { ContextKeys } from "./types.ts";

/**
 * Policy variables: `${aws:username}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters
 * themselves. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 *
 * A value that comes from the request is always literal: a user named `*` does not become a wildcard.
 */
export type TemplatePart =
  /** `wild`: `*` and `?` in it are wildcards, where the place allows any. */
  { text: string; wild: boolean } | { key: string; name: string; fallback: string | undefined };

export type Template = TemplatePart[];

const variablePattern = /\$\{([^{}]*)\}/g;

/** Splits a text into its constant parts and variables. Version 2008-10-17 has no variables: `${…}` is text. */
export function parseTemplate(source: string, withVariables: boolean): Template {
  if (!withVariables || !source.includes("${")) return [{ text: source, wild: true }];
  const parts: Template = [];
  let from = 0;
  for (const found of source.matchAll(variablePattern)) {
    if (found.index > from) parts.push({ text: source.slice(from, found.index), wild: true });
    parts.push(variablePart((found[1] as string).trim()));
    from = found.index + found[0].length;
  }
  if (from < source.length) parts.push({ text: source.slice(from), wild: true });
  return parts;
}

function variablePart(inside: string): TemplatePart {
  if (inside === "*" || inside === "?" || inside === "$") return { text: inside, wild: false };
  const comma = inside.indexOf(",");
  const rest = inside.slice(comma + 1).trim();
  const hasDefault = comma >= 0 && rest.length >= 2 && rest.startsWith("'") && rest.endsWith("'");
  const name = hasDefault ? inside.slice(0, comma).trim() : inside;
  return { key: name.toLowerCase(), name, fallback: hasDefault ? rest.slice(1, -1) : undefined };
}

/** Names of the context keys that a text refers to, as written. */
export function variableNames(template: Template): string[] {
  return template.flatMap((part) => ("key" in part ? [part.name] : []));
}

/** A key with several values cannot be a variable: it counts as having none. */
function variableValue(
  part: { key: string; fallback: string | undefined },
  context: ContextKeys,
): string | undefined {
  const value = context.get(part.key);
  if (value === undefined) return part.fallback;
  if (typeof value === "string") return value;
  return value.length === 1 ? value[0] : part.fallback;
}

/** The text with its variables filled in; undefined if one has neither value nor default. */
export function fillTemplate(template: Template, context: ContextKeys): string | undefined {
  let text = "";
  for (const part of template) {
    const piece = "key" in part ? variableValue(part, context) : part.text;
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}

/** The text of a template without variables, else undefined. */
export function constantOf(template: Template): string | undefined {
  return template.some((part) => "key" in part)
    ? undefined
    : template.map((part) => (part as { text: string }).text).join("");
}

export type ContextMatcher = (text: string, context: ContextKeys) => boolean;

/** Compiles a template in which `*` and `?` are wildcards. A variable without value matches nothing. */
export function compilePattern(template: Template): ContextMatcher {
  if (constantOf(template) !== undefined) {
    const { text, literal } = fillPattern(template, noContext) as Pattern;
    return compileWildcard(text, literal) satisfies Matcher;
  }
  return (text, context) => {
    const pattern = fillPattern(template, context);
    return pattern !== undefined && matchesWildcard(pattern.text, text, pattern.literal);
  };
}

const noContext: ContextKeys = new Map();

interface Pattern {
  text: string;
  literal: LiteralPositions | undefined;
}

function fillPattern(template: Template, context: ContextKeys): Pattern | undefined {
  let text = "";
  let literal: Set<number> | undefined;
  for (const part of template) {
    const isVariable = "key" in part;
    const piece = isVariable ? variableValue(part, context) : part.text;
    if (piece === undefined) return undefined;
    if (isVariable || !part.wild) {
      for (let at = 0; at < piece.length; at += 1) {
        if (piece[at] === "*" || piece[at] === "?") {
          literal ??= new Set();
          literal.add(text.length + at);
        }
      }
    }
    text += piece;
  }
  return { text, literal };
}
