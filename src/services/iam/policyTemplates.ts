import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import type { Parameter } from "./delegationTables.ts";

/**
 * Policies with parameters, filled in.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-policy-templates.html
 */

/** Characters of a policy that is filled in. */
const maxRenderedChars = 2048;

/** Why a template cannot be filled in, or what comes of it is no policy that may be delegated. */
export class BadTemplate extends Error {}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Statements of a template. Throws BadTemplate. */
export function statementsOf(document: string): { policy: JsonObject; statements: JsonObject[] } {
  let policy: Json;
  try {
    policy = JSON.parse(document) as Json;
  } catch {
    throw new BadTemplate("The policy template is not valid JSON.");
  }
  const list = isObject(policy) ? policy.Statement : undefined;
  const statements = Array.isArray(list) ? list : [list];
  if (!isObject(policy) || statements.length === 0 || !statements.every((one) => isObject(one)))
    throw new BadTemplate("The policy template has no statements.");
  return { policy, statements: statements as JsonObject[] };
}

class Filling {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #used = new Set<string>();

  constructor(parameters: readonly Parameter[]) {
    this.#values = new Map(parameters.map(({ Name, Values }) => [Name, Values]));
    if (this.#values.size !== parameters.length) throw new BadTemplate("A parameter is given twice.");
    for (const { Name, Values, Type } of parameters)
      if (Values.length === 0 || (Type === "string" && Values.length > 1))
        throw new BadTemplate(`The parameter ${Name} does not have the values of its type.`);
  }

  valuesOf(name: string): readonly string[] {
    const values = this.#values.get(name);
    if (values === undefined) throw new BadTemplate(`The parameter ${name} has no value.`);
    this.#used.add(name);
    return values;
  }

  get unused(): string | undefined {
    return [...this.#values.keys()].find((name) => !this.#used.has(name));
  }

  /** Every text that the parameters make of one: lists of several are crossed. */
  texts(text: string): string[] {
    const names = new Set([...text.matchAll(/@\{([^{}]*)\}/g)].map((match) => match[1] as string));
    let texts = [text];
    for (const name of names) {
      const values = this.valuesOf(name);
      if (texts.length * values.length > maxRenderedChars) throw tooLong();
      texts = texts.flatMap((one) => values.map((value) => one.replaceAll(`@{${name}}`, () => value)));
    }
    return texts;
  }

  fill(value: Json): Json {
    if (typeof value === "string") {
      const texts = this.texts(value);
      return texts.length === 1 ? (texts[0] as string) : texts;
    }
    if (Array.isArray(value)) return value.flatMap((one) => this.fill(one));
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]) =>
        this.texts(name).map((filled) => [filled, this.fill(inner)] as const),
      ),
    );
  }
}

function tooLong(): BadTemplate {
  return new BadTemplate(`The rendered policy has more than ${maxRenderedChars} characters.`);
}

function isEnabled(directive: Json | undefined, filling: Filling): boolean {
  if (directive === undefined) return true;
  if (typeof directive !== "string") throw new BadTemplate("@Enabled must name a parameter.");
  const isNegated = directive.startsWith("!");
  const [value] = filling.valuesOf(isNegated ? directive.slice(1) : directive);
  return (value === "True") !== isNegated;
}

/** The policy that a template becomes. Throws BadTemplate. */
export function rendered(document: string, parameters: readonly Parameter[]): string {
  const { policy, statements } = statementsOf(document);
  const filling = new Filling(parameters);
  const Statement = statements
    .filter((statement) => isEnabled(statement["@Enabled"], filling))
    .map(({ "@Enabled": _, ...statement }) => filling.fill(statement));
  const text = JSON.stringify({ ...policy, Statement });
  if (text.length > maxRenderedChars) throw tooLong();
  if (filling.unused !== undefined)
    throw new BadTemplate(`The policy template has no parameter ${filling.unused}.`);
  try {
    parsePolicy(text, "session");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw new BadTemplate(error.message);
    throw error;
  }
  return text;
}

export function listOf(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string");
}

/** Whether a pattern with `*` and `?` covers an action. */
export function coversAction(pattern: string, action: string): boolean {
  const wanted = action.toLowerCase();
  const given = pattern.toLowerCase();
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (at < wanted.length) {
    if (given[from] === "?" || given[from] === wanted[at]) {
      at += 1;
      from += 1;
    } else if (given[from] === "*") {
      star = from;
      mark = at;
      from += 1;
    } else if (star >= 0) {
      from = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (given[from] === "*") from += 1;
  return from === given.length;
}

/** Actions that give a role its boundary. */
const boundaryActions = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"];
const boundaryOperators = new Set(["stringequals", "stringlike", "arnequals", "arnlike"]);

function boundariesIn(statement: JsonObject): string[] {
  if (!isObject(statement.Condition)) return [];
  return Object.entries(statement.Condition).flatMap(([operator, keys]) => {
    if (!boundaryOperators.has(operator.toLowerCase()) || !isObject(keys)) return [];
    return Object.entries(keys).flatMap(([key, values]) =>
      key.toLowerCase() === "iam:permissionsboundary" ? listOf(values) : [],
    );
  });
}

/**
 * Permissions boundaries of the roles that a policy lets its holder make. Throws BadTemplate for one that lets make
 * roles without: a partner's roles stay when its session has ended.
 */
export function roleBoundaries(policy: string): string[] {
  const found = new Set<string>();
  for (const statement of statementsOf(policy).statements) {
    if (statement.Effect !== "Allow") continue;
    const covers = (action: string) =>
      statement.NotAction === undefined
        ? listOf(statement.Action).some((pattern) => coversAction(pattern, action))
        : !listOf(statement.NotAction).some((pattern) => coversAction(pattern, action));
    if (!boundaryActions.some(covers)) continue;
    const boundaries = boundariesIn(statement);
    if (boundaries.length === 0)
      throw new BadTemplate("A policy that allows roles to be made must condition iam:PermissionsBoundary.");
    for (const boundary of boundaries) found.add(boundary);
  }
  return [...found];
}
