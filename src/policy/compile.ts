import { type Condition, compileCondition } from "./conditions/index.ts";
import { type ParseOptions, readDocument } from "./grammar.ts";
import type { Position } from "./malformed.ts";
import { compileWildcard, type Matcher } from "./match.ts";
import { compilePrincipal, type PrincipalTest } from "./principal.ts";
import type { Effect, PolicyVersion, StatementSource } from "./source.ts";
import type { ContextKeys, DocumentKind } from "./types.ts";
import { type ContextMatcher, compilePattern, parseTemplate, variableNames } from "./variables.ts";

/** One statement, compiled. */
export interface Statement {
  sid: string | undefined;
  effect: Effect;
  /** From 0. */
  index: number;
  /** Where it stands in the source. */
  start: Position;
  end: Position;
  source: StatementSource;
  /** Takes the action in lower case. */
  matchesAction: Matcher;
  /** Undefined: the statement has no Resource element, or it is "*". */
  matchesResource: ContextMatcher | undefined;
  /** Undefined: the statement has no Principal element. */
  grants: PrincipalTest | undefined;
  conditions: readonly Condition[];
  /** Context keys that it reads, those of conditions and variables: by name in lower case, as written. */
  contextKeys: ReadonlyMap<string, string>;
}

/** Statements whose Action element covers one action. */
export interface Candidates {
  allows: readonly Statement[];
  denies: readonly Statement[];
}

/** Actions whose candidates one policy remembers. */
export const maxRememberedActions = 256;

export class CompiledPolicy {
  /** The text as given. */
  readonly source: string;
  readonly kind: DocumentKind;
  readonly version: PolicyVersion;
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
  readonly #candidates = new Map<string, Candidates>();

  constructor(source: string, kind: DocumentKind, options: ParseOptions) {
    const document = readDocument(source, kind, options);
    this.source = source;
    this.kind = kind;
    this.version = document.version;
    this.id = document.id;
    const withVariables = document.version === "2012-10-17";
    this.statements = document.statements.map((each, index) => compileStatement(each, index, withVariables));
  }

  /** The statements that cover an action. Actions are case-insensitive. */
  candidates(action: string): Candidates {
    return this.#candidates.get(action) ?? this.#findCandidates(action);
  }

  #findCandidates(action: string): Candidates {
    const lower = action.toLowerCase();
    const covering = this.statements.filter((statement) => statement.matchesAction(lower));
    const found = {
      allows: covering.filter((statement) => statement.effect === "Allow"),
      denies: covering.filter((statement) => statement.effect === "Deny"),
    };
    if (this.#candidates.size >= maxRememberedActions) this.#candidates.clear();
    this.#candidates.set(action, found);
    return found;
  }
}

function compileStatement(source: StatementSource, index: number, withVariables: boolean): Statement {
  const { sid, effect, start, end, principal, action, resource } = source;
  const conditions = source.conditions.map(({ operator, key, values }) =>
    compileCondition(operator, key, values, effect, withVariables),
  );
  return {
    sid,
    effect,
    index,
    start,
    end,
    source,
    matchesAction: compileAction(action),
    matchesResource: resource && compileResource(resource, withVariables),
    grants: principal && compilePrincipal(principal.block, principal.negated, effect),
    conditions,
    contextKeys: keysOf(source, withVariables),
  };
}

function compileAction({ values, negated }: StatementSource["action"]): Matcher {
  const exact = new Set<string>();
  const patterns: Matcher[] = [];
  for (const value of values) {
    const lower = value.toLowerCase();
    if (/[*?]/.test(lower)) patterns.push(compileWildcard(lower));
    else exact.add(lower);
  }
  return (action) => (exact.has(action) || patterns.some((matches) => matches(action))) !== negated;
}

/**
 * A `*` in a Resource element runs over slashes and colons. A variable without value matches no resource.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
function compileResource(
  { values, negated }: NonNullable<StatementSource["resource"]>,
  withVariables: boolean,
): ContextMatcher | undefined {
  if (!negated && values.includes("*")) return undefined;
  const matchers = values.map((value) => compilePattern(parseTemplate(value, withVariables)));
  const [only] = matchers;
  if (!negated && matchers.length === 1 && only !== undefined) return only;
  return (resource, context) => {
    for (const matches of matchers) if (matches(resource, context)) return !negated;
    return negated;
  };
}

function keysOf(source: StatementSource, withVariables: boolean): Map<string, string> {
  const texts = [...(source.resource?.values ?? []), ...source.conditions.flatMap(({ values }) => values)];
  const variables = texts.flatMap((text) => variableNames(parseTemplate(text, withVariables)));
  const keys = new Map<string, string>();
  for (const name of [...source.conditions.map(({ key }) => key), ...variables]) {
    if (!keys.has(name.toLowerCase())) keys.set(name.toLowerCase(), name);
  }
  return keys;
}

/** Compiles a policy document as AWS would accept it. Throws MalformedPolicy. */
export function parsePolicy(
  document: string,
  kind: DocumentKind,
  options: ParseOptions = {},
): CompiledPolicy {
  return new CompiledPolicy(document, kind, options);
}

/** Compiled documents kept by `compileCached`. */
export const maxCachedPolicies = 4_096;
/** Characters of their sources together. */
export const maxCachedPolicyChars = 32 * 1024 * 1024;

const cache = new Map<DocumentKind, Map<string, CompiledPolicy>>();
let cachedPolicies = 0;
let cachedChars = 0;

/**
 * Compiles a document that a service has stored, or takes it from the cache. The service checked it when it was
 * stored, so it is read leniently where services differ. When the cache is full it is emptied: what is in use
 * comes back at once.
 */
export function compileCached(document: string, kind: DocumentKind): CompiledPolicy {
  const ofKind = cacheOf(kind);
  const known = ofKind.get(document);
  if (known !== undefined) return known;
  const compiled = parsePolicy(document, kind, { resourceOptional: true });
  if (cachedPolicies >= maxCachedPolicies || cachedChars + document.length > maxCachedPolicyChars) {
    for (const each of cache.values()) each.clear();
    cachedPolicies = 0;
    cachedChars = 0;
  }
  ofKind.set(document, compiled);
  cachedPolicies += 1;
  cachedChars += document.length;
  return compiled;
}

function cacheOf(kind: DocumentKind): Map<string, CompiledPolicy> {
  const known = cache.get(kind);
  if (known !== undefined) return known;
  const ofKind = new Map<string, CompiledPolicy>();
  cache.set(kind, ofKind);
  return ofKind;
}

/** True if every condition of a statement holds. */
export function conditionsHold(statement: Statement, context: ContextKeys): boolean {
  for (const condition of statement.conditions) if (!condition.holds(context)) return false;
  return true;
}

/** Context keys that a policy's conditions and variables name, as the policy writes them, without repeats. */
export function contextKeysOf(policy: CompiledPolicy): string[] {
  const keys = new Map<string, string>();
  for (const { contextKeys } of policy.statements) {
    for (const [key, name] of contextKeys) if (!keys.has(key)) keys.set(key, name);
  }
  return [...keys.values()];
}
