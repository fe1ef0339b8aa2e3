import { describe, expect, test } from "vitest";
import {
  type AuthorizationRequest,
  compileCached,
  contextKeysOf,
  type DocumentKind,
  denialMessage,
  evaluate,
  explain,
  MalformedPolicy,
  matchedStatements,
  missingContextKeys,
  type NamedPolicy,
  type PolicySet,
  parsePolicy,
  resultsByPolicy,
  smallestStatement,
} from "./index.ts";
import { maxDocumentChars } from "./json.ts";

const managed = "arn:aws:iam::111122223333:policy/Limits";
const scp = "arn:aws:organizations::999999999999:policy/o-a/service_control_policy/p-1";

function named(kind: DocumentKind, Statement: object | object[], name: string = kind): NamedPolicy {
  return { name, policy: parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement }, null, 2), kind) };
}

function ask(fields: Partial<AuthorizationRequest> = {}): AuthorizationRequest {
  return {
    principal: {
      kind: "user",
      account: "111122223333",
      arn: "arn:aws:iam::111122223333:user/alice",
      userId: "AIDAEXAMPLEEXAMPLE",
    },
    action: "kms:Encrypt",
    resource: "arn:aws:kms:eu-west-1:111122223333:key/1",
    resourceAccount: "111122223333",
    context: new Map(),
    ...fields,
  };
}

const allow = { Effect: "Allow", Action: "*", Resource: "*" };
const deny = { Sid: "No", Effect: "Deny", Action: "*", Resource: "*" };
const start =
  "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Encrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/1";

function message(policies: Partial<PolicySet>, fields: Partial<AuthorizationRequest> = {}): string {
  const request = ask(fields);
  return denialMessage(request, evaluate(request, { identity: [], ...policies }));
}

describe("messages", () => {
  test.each<[string, Partial<PolicySet>, string]>([
    ["identity", {}, " because no identity-based policy allows the kms:Encrypt action"],
    [
      "boundary",
      { identity: [named("identity", allow)], boundary: named("boundary", { ...allow, Action: "s3:*" }) },
      " because no permissions boundary allows the kms:Encrypt action",
    ],
    [
      "session",
      { identity: [named("identity", allow)], session: [] },
      " because no session policy allows the kms:Encrypt action",
    ],
    [
      "SCP",
      { identity: [named("identity", allow)], scps: [[]] },
      " because no service control policy allows the kms:Encrypt action",
    ],
    [
      "key policy",
      { identity: [named("identity", allow)], resourceRules: "key-policy" },
      " because no resource-based policy allows the kms:Encrypt action",
    ],
    [
      "explicit, inline",
      { identity: [named("identity", deny, "inline")] },
      " with an explicit deny in an identity-based policy",
    ],
    [
      "explicit, managed",
      { identity: [named("identity", deny, managed)] },
      ` with an explicit deny in an identity-based policy: ${managed}`,
    ],
    [
      "explicit, SCP",
      { scps: [[named("scp", deny, scp)]] },
      ` with an explicit deny in a service control policy: ${scp}`,
    ],
    [
      "explicit, resource",
      { resource: named("resource", { ...deny, Principal: "*" }) },
      " with an explicit deny in a resource-based policy",
    ],
  ])("%s", (_, policies, wanted) => {
    expect(message(policies)).toBe(start + wanted);
  });

  test("no policy ARN across accounts, but within one organization", () => {
    const policies = { scps: [[named("scp", deny, scp)]] };
    expect(message(policies, { resourceAccount: "444455556666" })).toBe(
      `${start} with an explicit deny in a service control policy`,
    );
    const context = new Map([
      ["aws:principalorgid", "o-a"],
      ["aws:resourceorgid", "o-a"],
    ]);
    expect(message(policies, { resourceAccount: "444455556666", context })).toContain(`: ${scp}`);
  });

  test("no resource, Amazon S3's quotes, AWS STS's silence, anonymous", () => {
    expect(message({}, { action: "kms:ListKeys", resource: "*" })).toContain(
      "kms:ListKeys on resource: * because no identity",
    );
    expect(message({}, { action: "s3:GetObject", resource: "arn:aws:s3:::b/k" })).toContain(
      'on resource: "arn:aws:s3:::b/k" because',
    );
    const assume = { action: "sts:AssumeRole", resource: "arn:aws:iam::111122223333:role/r" };
    expect(message({ resourceRules: "trust" }, assume)).toMatch(
      /sts:AssumeRole on resource: arn:aws:iam::111122223333:role\/r$/,
    );
    const anonymous = { kind: "anonymous", account: "", arn: "", userId: "" } as const;
    expect(message({}, { principal: anonymous })).toMatch(
      /^User: anonymous .* because no resource-based policy allows/,
    );
    const external = {
      kind: "web-identity",
      account: "",
      arn: "",
      userId: "",
      service: "accounts.google.com",
    } as const;
    const action = "sts:AssumeRoleWithWebIdentity";
    expect(message({ resourceRules: "trust" }, { principal: external, action })).toBe(
      `Not authorized to perform ${action}`,
    );
  });
});

describe("explain", () => {
  const policies: PolicySet = {
    identity: [
      named("identity", [
        {
          Sid: "Region",
          Effect: "Allow",
          Action: "kms:*",
          Resource: "*",
          Condition: { StringEquals: { "aws:RequestedRegion": ["eu-central-1"] } },
        },
        { Sid: "Key", Effect: "Allow", Action: "kms:Encrypt", Resource: "arn:aws:kms:*:*:key/2" },
        { Sid: "Unrelated", Effect: "Allow", Action: "s3:*", Resource: "*" },
      ]),
    ],
    boundary: named("boundary", allow),
  };

  test("names near misses with the values", () => {
    const request = ask({ context: new Map([["aws:requestedregion", "eu-west-1"]]) });
    expect(explain(request, policies, evaluate(request, policies))).toEqual([
      "Denied: no allow in identity-based policies",
      "identity-based policies: no statement allows",
      '  statement "Region" of identity covers the action, but aws:RequestedRegion is "eu-west-1", wanted StringEquals "eu-central-1"',
      '  statement "Key" of identity covers the action, but its Resource is "arn:aws:kms:*:*:key/2", the request\'s is arn:aws:kms:eu-west-1:111122223333:key/1',
      "permissions boundary: statement number 1 (line 3) of boundary allows",
    ]);
  });

  test("tells an explicit deny and what to do about it", () => {
    const request = ask();
    const denied = { ...policies, scps: [[named("scp", deny, scp)]] };
    const decision = evaluate(request, denied);
    expect(explain(request, denied, decision)[0]).toBe("Explicitly denied by service control policies");
    expect(smallestStatement(request, decision)).toContain(
      `Statement "No" of the scp policy ${scp} denies it explicitly`,
    );
  });

  test("the smallest statement allows the request", () => {
    const request = ask({ resourceAccount: "444455556666" });
    const before = evaluate(request, { identity: [], resourceRules: "key-policy" });
    const remedies = smallestStatement(request, before);
    if (typeof remedies === "string") throw new Error(remedies);
    expect(remedies.map(({ kind }) => kind)).toEqual(["resource", "identity"]);
    const [resource, identity] = remedies.map(({ kind, statement }) =>
      named(kind === "resource" ? "key" : "identity", statement),
    );
    const after = {
      identity: [identity as NamedPolicy],
      resource: resource as NamedPolicy,
      resourceRules: "key-policy" as const,
    };
    expect(evaluate(request, after).allowed).toBe(true);
  });
});

describe("simulation", () => {
  const text = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/\${aws:PrincipalTag/key}",
     "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    {"Sid": "Plain", "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}
  ]
}`;
  const policies: PolicySet = { identity: [{ name: "p", policy: parsePolicy(text, "identity") }] };

  test("matched statements with their places, missing keys, and each policy's own decision", () => {
    const matched = matchedStatements(ask(), policies);
    expect(matched.map(({ statement, start, end }) => [statement.sid, start, end])).toEqual([
      ["Plain", { line: 6, column: 5 }, { line: 6, column: 82 }],
    ]);
    expect(missingContextKeys(ask(), policies)).toEqual(["aws:SecureTransport", "aws:PrincipalTag/key"]);
    expect(resultsByPolicy(ask(), policies)).toEqual([
      { kind: "identity", policy: "p", decision: "allowed" },
    ]);
    expect(contextKeysOf(parsePolicy(text, "identity"))).toEqual([
      "aws:SecureTransport",
      "aws:PrincipalTag/key",
    ]);
  });
});

describe("documents", () => {
  test("bounded in length and depth", () => {
    expect(() => parsePolicy(" ".repeat(maxDocumentChars + 1), "identity")).toThrow(MalformedPolicy);
    expect(() => parsePolicy("[".repeat(100_000), "identity")).toThrow("Syntax errors in policy.");
    const deep = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":${'{"a":'.repeat(50)}1${"}".repeat(50)}}}`;
    expect(() => parsePolicy(deep, "identity")).toThrow("Syntax errors in policy.");
  });

  test("a managed policy names the current version", () => {
    const text = JSON.stringify({ Statement: allow });
    expect(parsePolicy(text, "identity").version).toBe("2008-10-17");
    const managedPolicy = () => parsePolicy(text, "identity", { requireCurrentVersion: true });
    expect(managedPolicy).toThrow("Policy document must be version 2012-10-17 or greater.");
  });

  test("compiled once", () => {
    const text = JSON.stringify({ Statement: allow });
    expect(compileCached(text, "identity")).toBe(compileCached(`${text}`, "identity"));
    expect(compileCached(text, "boundary")).not.toBe(compileCached(text, "identity"));
    expect(() => compileCached("{", "identity")).toThrow(MalformedPolicy);
  });
});
