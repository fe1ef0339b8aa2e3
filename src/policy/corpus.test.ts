import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type AuthorizationRequest,
  type Decision,
  type DocumentKind,
  evaluate,
  MalformedPolicy,
  type NamedPolicy,
  type PolicySet,
  type Principal,
  parsePolicy,
  type ResourceRules,
} from "./index.ts";

/** Runs the corpus: data first, so that a case can be added without reading this file. */

type ContextValue = string | string[];

function corpus<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`corpus/${name}.json`, import.meta.url), "utf8")) as T;
}

const user: Principal = {
  kind: "user",
  account: "111111111111",
  arn: "arn:aws:iam::111111111111:user/ann",
  userId: "AIDAEXAMPLEEXAMPLEANN",
};

function request(fields: Partial<AuthorizationRequest> = {}): AuthorizationRequest {
  return {
    principal: user,
    action: "s3:GetObject",
    resource: "arn:aws:s3:::b/k",
    resourceAccount: "111111111111",
    context: new Map(),
    ...fields,
  };
}

function isAllowed(
  statement: object,
  fields: Partial<AuthorizationRequest>,
  version: string | null = "2012-10-17",
) {
  const document = { ...(version !== null && { Version: version }), Statement: statement };
  const policy = parsePolicy(JSON.stringify(document), "identity");
  return evaluate(request(fields), { identity: [{ name: "p", policy }] });
}

describe("condition operators", () => {
  const { rows } = corpus<{ rows: [string, unknown[], ContextValue | null, boolean][] }>("conditions");
  test.each(rows)("%s %j with %j: %s", (operator, wanted, value, holds) => {
    const Condition = { [operator]: { "Test:Key": wanted } };
    const context = new Map(value === null ? [] : [["test:key", value] as const]);
    const allow = { Effect: "Allow", Action: "*", Resource: "*", Condition };
    expect(isAllowed(allow, { context }).allowed).toBe(holds);
    const deny = { Effect: "Deny", Action: "*", Resource: "*", Condition };
    expect(isAllowed(deny, { context }).reason).toBe(holds ? "ExplicitDeny" : "ImplicitDeny");
  });
});

describe("resources", () => {
  type Row = [string | null, string, string, Record<string, ContextValue>, boolean];
  test.each(corpus<{ rows: Row[] }>("resources").rows)(
    "%s %s covers %s with %j: %s",
    (version, pattern, resource, keys, covers) => {
      const context = new Map(Object.entries(keys));
      const statement = { Effect: "Allow", Action: "s3:*", Resource: pattern };
      expect(isAllowed(statement, { resource, context }, version).allowed).toBe(covers);
      const negated = { Effect: "Allow", Action: "s3:*", NotResource: pattern };
      expect(isAllowed(negated, { resource, context }, version).allowed).toBe(!covers);
    },
  );
});

describe("malformed documents", () => {
  const { rows } = corpus<{ rows: [DocumentKind, object | string, string | null][] }>("malformed");
  test.each(rows)("%s %j: %s", (kind, document, message) => {
    const text = typeof document === "string" ? document : JSON.stringify(document);
    if (message === null) {
      expect(parsePolicy(text, kind).source).toBe(text);
      return;
    }
    expect(refusalOf(() => parsePolicy(text, kind))).toBe(message);
  });
});

function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MalformedPolicy) return error.message;
    throw error;
  }
  throw new Error("accepted");
}

interface Case {
  name: string;
  caller: string;
  owner?: string;
  action?: string;
  context?: Record<string, ContextValue>;
  identity?: string[];
  boundary?: string;
  session?: string[];
  resource?: string;
  vpcEndpoint?: string;
  scps?: string[][];
  rcps?: string[][];
  rules?: ResourceRules;
  grant?: boolean;
  expect: string;
}

describe("decisions", () => {
  const { callers, policies, cases } = corpus<{
    callers: Record<string, Principal>;
    policies: Record<string, object>;
    cases: Case[];
  }>("decisions");

  const compile = (name: string, kind: DocumentKind): NamedPolicy => {
    const Statement = policies[name];
    if (Statement === undefined) throw new Error(`no policy ${name} in the corpus`);
    return { name, policy: parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement }), kind) };
  };
  // RCPs in this corpus name single principals too, which a real one cannot.
  const levels = (names: string[][], kind: DocumentKind) =>
    names.map((level) => level.map((each) => compile(each, kind)));

  test.each(cases)("$name", (each) => {
    const set: PolicySet = {
      identity: (each.identity ?? []).map((name) => compile(name, "identity")),
      ...(each.boundary && { boundary: compile(each.boundary, "boundary") }),
      ...(each.session && { session: each.session.map((name) => compile(name, "session")) }),
      ...(each.resource && {
        resource: compile(each.resource, each.rules === "trust" ? "trust" : "resource"),
      }),
      ...(each.vpcEndpoint && { vpcEndpoint: compile(each.vpcEndpoint, "resource") }),
      ...(each.scps && { scps: levels(each.scps, "scp") }),
      ...(each.rcps && { rcps: levels(each.rcps, "resource") }),
      ...(each.rules && { resourceRules: each.rules }),
      ...(each.grant && { extraAllow: { kind: "kms-grant" as const, name: "grant-1" } }),
    };
    const decision = evaluate(
      request({
        principal: callers[each.caller] as Principal,
        action: each.action ?? "s3:GetObject",
        resourceAccount: each.owner ?? "111111111111",
        context: new Map(Object.entries(each.context ?? {})),
      }),
      set,
    );
    expect(outcome(decision)).toBe(each.expect);
  });
});

function outcome({ allowed, reason, deniedBy, missing }: Decision): string {
  if (allowed) return "allow";
  return reason === "ExplicitDeny" ? `deny ${deniedBy}` : `none ${missing.join(" ")}`;
}
