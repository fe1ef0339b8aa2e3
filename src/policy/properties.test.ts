import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileCondition } from "./conditions/index.ts";
import {
  type AuthorizationRequest,
  type DocumentKind,
  evaluate,
  type NamedPolicy,
  type PolicySet,
  parsePolicy,
} from "./index.ts";
import { parseJson } from "./json.ts";
import { compileWildcard, matchesWildcard } from "./match.ts";
import { denialMessage } from "./messages.ts";

const accounts = ["111111111111", "222222222222"] as const;
const keys = ["aws:a", "aws:b", "aws:c"];
const texts = ["x", "y", "x*", "10", "true"];

const statement = fc.record(
  {
    Effect: fc.constantFrom("Allow", "Deny"),
    Action: fc.constantFrom("*", "s3:*", "s3:Get*", "s3:GetObject", "kms:Decrypt", ["kms:*", "s3:Put*"]),
    Resource: fc.constantFrom("*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:a}", "arn:aws:kms:*:*:key/1"),
    Condition: fc.dictionary(
      fc.constantFrom(
        "StringEquals",
        "StringNotLike",
        "ForAllValues:StringLike",
        "Null",
        "BoolIfExists",
        "NumericLessThan",
      ),
      fc.dictionary(fc.constantFrom(...keys), fc.array(fc.constantFrom(...texts), { maxLength: 2 }), {
        maxKeys: 2,
      }),
      { maxKeys: 2 },
    ),
  },
  { requiredKeys: ["Effect", "Action", "Resource"] },
);
const principal = fc.constantFrom(
  "*",
  { AWS: accounts[0] },
  { AWS: accounts[1] },
  { AWS: "arn:aws:iam::111111111111:role/app" },
);
const resourceStatement = fc.tuple(statement, principal).map(([body, Principal]) => ({ ...body, Principal }));

type Body = { Effect: string };

function named(kind: DocumentKind, statements: Body[]): NamedPolicy {
  return {
    name: kind,
    policy: parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }), kind),
  };
}

const statements = fc.array(statement, { minLength: 1, maxLength: 4 });
const identityPolicy = statements.map((each) => named("identity", each));
const policySet: fc.Arbitrary<PolicySet> = fc.record(
  {
    identity: fc.array(identityPolicy, { maxLength: 2 }),
    boundary: statements.map((each) => named("boundary", each)),
    session: fc.array(
      statements.map((each) => named("session", each)),
      { maxLength: 2 },
    ),
    resource: fc
      .array(resourceStatement, { minLength: 1, maxLength: 3 })
      .map((each) => named("resource", each)),
    scps: fc.array(
      fc.array(
        statements.map((each) => named("scp", each)),
        { maxLength: 2 },
      ),
      { maxLength: 2 },
    ),
    resourceRules: fc.constantFrom("normal" as const, "key-policy" as const, "trust" as const),
  },
  { requiredKeys: ["identity"] },
);
const request: fc.Arbitrary<AuthorizationRequest> = fc.record({
  principal: fc.constantFrom<AuthorizationRequest["principal"]>(
    { kind: "user", account: accounts[0], arn: "arn:aws:iam::111111111111:user/ann", userId: "AIDA" },
    {
      kind: "role-session",
      account: accounts[0],
      arn: "arn:aws:sts::111111111111:assumed-role/app/s",
      roleArn: "arn:aws:iam::111111111111:role/app",
      userId: "AROA:s",
    },
    { kind: "root", account: accounts[0], arn: "arn:aws:iam::111111111111:root", userId: accounts[0] },
    { kind: "anonymous", account: "", arn: "", userId: "" },
  ),
  action: fc.constantFrom("s3:GetObject", "s3:putobject", "kms:Decrypt"),
  resource: fc.constantFrom(
    "*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/y",
    "arn:aws:kms:eu-west-1:111111111111:key/1",
  ),
  resourceAccount: fc.constantFrom(...accounts),
  context: fc
    .dictionary(
      fc.constantFrom(...keys),
      fc.oneof(fc.constantFrom(...texts), fc.array(fc.constantFrom(...texts), { maxLength: 2 })),
    )
    .map((each) => new Map(Object.entries(each))),
});

const denyAll = [{ Effect: "Deny", Action: "*", Resource: "*" }];
const denyAllFromEveryone = [{ Effect: "Deny", Principal: "*", Action: "*", Resource: "*" }];

describe("whatever the policies", () => {
  test("an explicit deny wins, wherever it stands", () => {
    fc.assert(
      fc.property(request, policySet, (asked, set) => {
        const denials: PolicySet[] = [
          { ...set, resource: named("resource", denyAllFromEveryone) },
          { ...set, rcps: [[named("rcp", denyAllFromEveryone)]] },
          { ...set, boundary: named("boundary", denyAll) },
          { ...set, session: [...(set.session ?? []), named("session", denyAll)] },
        ];
        if (asked.principal.account !== "") {
          denials.push({ ...set, identity: [...set.identity, named("identity", denyAll)] });
          denials.push({ ...set, scps: [...(set.scps ?? []), [named("scp", denyAll)]] });
        }
        for (const each of denials) expect(evaluate(asked, each).reason).toBe("ExplicitDeny");
      }),
    );
  });

  test("a boundary, session policy, SCP or RCP never widens", () => {
    fc.assert(
      fc.property(request, policySet, statements, resourceStatement, (asked, set, extra, forResource) => {
        const { boundary: _b, session: _s, scps: _c, ...bare } = set;
        // A federated user needs a session policy; none is asked for here.
        const without = evaluate(asked, bare).allowed;
        const limited: PolicySet[] = [
          { ...bare, boundary: named("boundary", extra) },
          { ...bare, session: [named("session", extra)] },
          { ...bare, scps: [[named("scp", extra)]] },
          { ...bare, rcps: [[named("resource", [forResource])]] },
        ];
        for (const each of limited) if (evaluate(asked, each).allowed) expect(without).toBe(true);
      }),
    );
  });

  test("the order of statements and policies does not matter", () => {
    fc.assert(
      fc.property(
        request,
        statements,
        fc.array(resourceStatement, { minLength: 1, maxLength: 3 }),
        (asked, own, onResource) => {
          const forward = evaluate(asked, {
            identity: [named("identity", own)],
            resource: named("resource", onResource),
          });
          const backward = evaluate(asked, {
            identity: own.toReversed().map((each) => named("identity", [each])),
            resource: named("resource", onResource.toReversed()),
          });
          expect([backward.allowed, backward.reason, backward.missing]).toEqual([
            forward.allowed,
            forward.reason,
            forward.missing,
          ]);
        },
      ),
    );
  });

  test("a denial has a message, and a decision its reason", () => {
    fc.assert(
      fc.property(request, policySet, (asked, set) => {
        const decision = evaluate(asked, set);
        expect(decision.allowed).toBe(decision.reason === "Allowed");
        if (decision.allowed) expect(decision.decidedBy).toBeDefined();
        else {
          expect(decision.deniedBy).toBeDefined();
          expect(denialMessage(asked, decision)).toMatch(/^User: \S+ is not authorized to perform: /);
        }
      }),
    );
  });
});

test("an unknown operator holds under Deny only", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, value) => {
      const context = new Map([["aws:a", value]]);
      const operator = `Unknown${name}`;
      expect(compileCondition(operator, "aws:a", [value], "Allow", true).holds(context)).toBe(false);
      expect(compileCondition(operator, "aws:a", [value], "Deny", true).holds(context)).toBe(true);
    }),
  );
});

test("compiled and interpreted wildcards agree with a regular expression", () => {
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", ".", "$"), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "$", "*"), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (glob, subject) => {
      const escaped = glob.replace(/[.$]/g, "\\$&").replaceAll("*", "[^]*").replaceAll("?", "[^]");
      const wanted = new RegExp(`^${escaped}$`).test(subject);
      expect(compileWildcard(glob)(subject)).toBe(wanted);
      expect(matchesWildcard(glob, subject)).toBe(wanted);
    }),
    { numRuns: 1_000 },
  );
});

test("a value from the request is never a wildcard", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (value, other) => {
      const source = { Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::b/${aws:username}" };
      const policy = named("identity", [source]);
      const decision = evaluate(
        {
          principal: {
            kind: "user",
            account: accounts[0],
            arn: "arn:aws:iam::111111111111:user/ann",
            userId: "AIDA",
          },
          action: "s3:GetObject",
          resource: `arn:aws:s3:::b/${other}`,
          resourceAccount: accounts[0],
          context: new Map([["aws:username", value]]),
        },
        { identity: [policy] },
      );
      expect(decision.allowed).toBe(value === other);
    }),
  );
});

test("the JSON reader agrees with JSON.parse on what is JSON", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(), fc.string({ maxLength: 1 }), (text, at, char) => {
      const broken = `${text.slice(0, at % text.length)}${char}${text.slice((at % text.length) + 1)}`;
      for (const each of [text, broken]) expect(accepts(() => parseJson(each))).toBe(isDuplicateFree(each));
    }),
  );
});

function accepts(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** JSON.parse keeps the last member of a name: then the text, written again, has fewer members. */
function isDuplicateFree(text: string): boolean {
  try {
    return countColons(text) === countColons(JSON.stringify(JSON.parse(text)));
  } catch {
    return false;
  }
}

function countColons(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(":").length;
}
