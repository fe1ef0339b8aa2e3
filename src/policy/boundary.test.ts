import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate, type NamedPolicy, type PolicySet, parsePolicy } from "./index.ts";

/**
 * Decisions measured on AWS: an assumed role with a permissions boundary reads from a bucket whose policy names
 * it in one of four forms.
 */
const vectors = new URL("../../../shared/vectors/permission-boundary.json", import.meta.url);

interface Row {
  resourcePolicyPrincipal: string;
  boundaryAllows: boolean;
  rolePolicyAllows: boolean;
  resourcePolicyAllows: boolean;
  decision: "Allow" | "Deny";
}

const account = "111122223333";
const roleArn = `arn:aws:iam::${account}:role/app`;
const sessionArn = `arn:aws:sts::${account}:assumed-role/app/s`;
const byArn = { ArnEquals: { "aws:PrincipalArn": roleArn } };

const forms: Record<string, object> = {
  role: { Principal: { AWS: roleArn } },
  "role-session": { Principal: { AWS: sessionArn } },
  "account+aws:PrincipalArn": { Principal: { AWS: account }, Condition: byArn },
  "*+aws:PrincipalArn": { Principal: "*", Condition: byArn },
};

function policy(kind: "identity" | "boundary" | "resource", allows: boolean, more: object = {}): NamedPolicy {
  const Statement = {
    Effect: "Allow",
    Action: allows ? "s3:GetObject" : "s3:PutObject",
    Resource: "*",
    ...more,
  };
  return { name: kind, policy: parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement }), kind) };
}

if (existsSync(vectors)) {
  const { rows } = JSON.parse(readFileSync(vectors, "utf8")) as { rows: Row[] };
  describe("boundary, role policy and resource policy, as measured on AWS", () => {
    test.each(rows)(
      "$resourcePolicyPrincipal, boundary $boundaryAllows, role $rolePolicyAllows, resource $resourcePolicyAllows: $decision",
      (row) => {
        const policies: PolicySet = {
          identity: [policy("identity", row.rolePolicyAllows)],
          boundary: policy("boundary", row.boundaryAllows),
          resource: policy("resource", row.resourcePolicyAllows, forms[row.resourcePolicyPrincipal]),
        };
        const principal = {
          kind: "role-session",
          account,
          arn: sessionArn,
          roleArn,
          userId: "AROAEXAMPLEEXAMPLE:s",
        } as const;
        const context = new Map([["aws:principalarn", roleArn]]);
        const request = {
          principal,
          action: "s3:GetObject",
          resource: "arn:aws:s3:::b/k",
          resourceAccount: account,
          context,
        };
        expect(evaluate(request, policies).allowed).toBe(row.decision === "Allow");
      },
    );
  });
} else {
  test.skip(`no measured decisions at ${vectors.pathname}`, () => {});
}
