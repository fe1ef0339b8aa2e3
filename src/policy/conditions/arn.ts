import { type ContextMatcher, compilePattern, constantOf, type Template } from "../variables.ts";
import { anyOf, nothing, type OperatorFamily, type ValueTest } from "./values.ts";

/**
 * `ArnEquals` and `ArnLike`, which behave alike: each of the six parts of the ARN is matched on its own, so a
 * `*` does not run over a colon, save in the last part.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
 */
export const arnLike: OperatorFamily = (values) => anyOf(values.map(compileArn));

function compileArn(template: Template): ValueTest {
  if (constantOf(template) === "*") return () => true;
  const parts = splitTemplate(template);
  if (parts.length < 6) return nothing;
  const head = constantHead(parts);
  const rest = compilePattern(parts[5] as Template);
  if (head !== undefined) {
    return (value, context) => value.startsWith(head) && rest(value.slice(head.length), context);
  }
  const matchers = parts.map(compilePattern);
  return (value, context) => matchesParts(value, matchers, context);
}

/** The first five parts with their colons, where they have neither wildcards nor variables: the usual case. */
function constantHead(parts: Template[]): string | undefined {
  let head = "";
  for (const part of parts.slice(0, 5)) {
    const text = constantOf(part);
    if (text === undefined || /[*?]/.test(text)) return undefined;
    head += `${text}:`;
  }
  return head;
}

function matchesParts(
  value: string,
  matchers: ContextMatcher[],
  context: Parameters<ContextMatcher>[1],
): boolean {
  let from = 0;
  for (let at = 0; at < 5; at += 1) {
    const colon = value.indexOf(":", from);
    if (colon < 0 || !(matchers[at] as ContextMatcher)(value.slice(from, colon), context)) return false;
    from = colon + 1;
  }
  return (matchers[5] as ContextMatcher)(value.slice(from), context);
}

/** Cuts a template at the first five colons of its text; colons inside `${…}` are none. */
function splitTemplate(template: Template): Template[] {
  const parts: Template[] = [[]];
  for (const piece of template) {
    if ("key" in piece) {
      (parts.at(-1) as Template).push(piece);
      continue;
    }
    let rest = piece.text;
    for (let colon = rest.indexOf(":"); colon >= 0 && parts.length < 6; colon = rest.indexOf(":")) {
      (parts.at(-1) as Template).push({ text: rest.slice(0, colon), wild: piece.wild });
      parts.push([]);
      rest = rest.slice(colon + 1);
    }
    (parts.at(-1) as Template).push({ text: rest, wild: piece.wild });
  }
  return parts;
}
