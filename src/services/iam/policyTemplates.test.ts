import { describe, expect, it } from "vitest";
import type { Parameter } from "./delegationTables.ts";
import { coversAction, rendered, roleBoundaries } from "./policyTemplates.ts";

/** Cases of https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-policy-templates.html */

const one = (Name: string, value: string): Parameter => ({ Name, Values: [value], Type: "string" });
const several = (Name: string, ...Values: string[]): Parameter => ({ Name, Values, Type: "stringList" });

function template(...Statement: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

const read = { Effect: "Allow", Action: ["s3:GetObject"], Resource: "arn:aws:s3:::@{bucket}/*" };

describe("a policy template", () => {
  it("takes one value", () => {
    expect(rendered(template(read), [one("bucket", "orders")])).toBe(
      template({ ...read, Resource: "arn:aws:s3:::orders/*" }),
    );
  });

  it("makes a list of several, and crosses them", () => {
    const crossed = { ...read, Resource: ["arn:aws:s3:::@{bucket}/@{prefix}/*", "arn:aws:s3:::x"] };
    expect(rendered(template(crossed), [several("bucket", "a", "b"), several("prefix", "c", "d")])).toBe(
      template({
        ...read,
        Resource: [
          "arn:aws:s3:::a/c/*",
          "arn:aws:s3:::a/d/*",
          "arn:aws:s3:::b/c/*",
          "arn:aws:s3:::b/d/*",
          "arn:aws:s3:::x",
        ],
      }),
    );
  });

  it("leaves statements out", () => {
    const on = { "@Enabled": "write", Effect: "Allow", Action: "s3:PutObject", Resource: "*" };
    const off = { "@Enabled": "!write", Effect: "Allow", Action: "s3:ListBucket", Resource: "*" };
    const plain = ({ "@Enabled": _, ...rest }: typeof on) => rest;
    expect(rendered(template(on, off), [one("write", "True")])).toBe(template(plain(on)));
    expect(rendered(template(on, off), [one("write", "False")])).toBe(template(plain(off)));
  });

  it("takes a value as text, whatever it holds", () => {
    const value = '"],"Action":"*","x":["$&';
    expect(JSON.parse(rendered(template(read), [one("bucket", value)])).Statement).toEqual([
      { ...read, Resource: `arn:aws:s3:::${value}/*` },
    ]);
  });

  it.each([
    ["without a value", template(read), []],
    ["with a value for nothing", template(read), [one("bucket", "a"), one("other", "b")]],
    ["with two values of one parameter", template(read), [one("bucket", "a"), one("bucket", "b")]],
    [
      "with several values where one is meant",
      template(read),
      [{ Name: "bucket", Values: ["a", "b"], Type: "string" as const }],
    ],
    ["that becomes too long", template(read), [one("bucket", "a".repeat(2_000))]],
    ["that becomes far too long", template(read), [several("bucket", ...Array(3_000).fill("a"))]],
    [
      "of which nothing is left",
      template({ "@Enabled": "x", Effect: "Allow", Action: "*", Resource: "*" }),
      [one("x", "")],
    ],
    ["that is no policy", template({ Effect: "Perhaps", Action: "*", Resource: "*" }), []],
    ["that is no JSON", "{", []],
  ])("%s is refused", (_name, document, parameters) => {
    expect(() => rendered(document, parameters)).toThrow();
  });
});

describe("a policy that lets roles be made", () => {
  const boundary = "arn:aws:iam::partner:policy/permission_boundary/example.com/Reader_20261101";
  const make = { Effect: "Allow", Action: ["iam:CreateRole"], Resource: "*" };
  const under = { StringEquals: { "iam:PermissionsBoundary": boundary } };

  it("names their boundaries", () => {
    expect(roleBoundaries(template({ ...make, Condition: under }))).toEqual([boundary]);
    expect(roleBoundaries(template({ ...make, Action: "s3:*" }))).toEqual([]);
    expect(roleBoundaries(template({ ...make, Effect: "Deny" }))).toEqual([]);
  });

  it.each(["iam:CreateRole", "iam:*", "IAM:create*", "*", "iam:Create?ole"])(
    "by %s must have one",
    (Action) => {
      expect(() => roleBoundaries(template({ ...make, Action }))).toThrow();
    },
  );

  it("must have one, if all but some actions are allowed, or the condition is another", () => {
    expect(() => roleBoundaries(template({ Effect: "Allow", NotAction: "s3:*", Resource: "*" }))).toThrow();
    expect(() =>
      roleBoundaries(template({ ...make, Condition: { StringNotEquals: under.StringEquals } })),
    ).toThrow();
  });

  it("is told by wildcards in linear time", () => {
    expect(coversAction(`${"*".repeat(2_000)}x`, "iam:CreateRole")).toBe(false);
  });
});
