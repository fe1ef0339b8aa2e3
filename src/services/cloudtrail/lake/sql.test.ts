import { describe, expect, it } from "vitest";
import { parseSelect } from "./sql/parser.ts";
import { planOf } from "./sql/plan.ts";
import { SqlError } from "./sql/syntax.ts";
import type { Event } from "./sql/values.ts";

/** Statements over a handful of events. */

const store = "0a1b2c3d-0000-4000-8000-000000000000";

const events: Event[] = [
  { eventName: "PutObject", user: "ann", bytes: 10, at: "2026-11-25T10:00:00Z" },
  { eventName: "PutObject", user: "bob", bytes: 20, at: "2026-11-25T11:00:00Z" },
  { eventName: "GetObject", user: "ann", bytes: 5, at: "2026-11-25T12:00:00Z", errorCode: "AccessDenied" },
].map(({ eventName, user, bytes, at, ...more }) => ({
  eventName,
  eventTime: at,
  userIdentity: { type: "IAMUser", arn: `arn:aws:iam::111122223333:user/${user}`, userName: user },
  requestParameters: { bucketName: "data", "x-bytes": String(bytes), nested: { a: 1 } },
  readOnly: eventName === "GetObject",
  ...more,
}));

function run(statement: string, parameters: string[] = []): Record<string, string>[] {
  const plan = planOf(parseSelect(statement.replaceAll("$store", store), parameters));
  for (const event of events) plan.push(event);
  return plan.finish().map((row) => Object.fromEntries(row));
}

const names = (statement: string, parameters?: string[]) =>
  run(`SELECT eventName, userIdentity.userName FROM $store ${statement}`, parameters).map(
    ({ eventName, userName }) => `${eventName} ${userName}`,
  );

const all = ["PutObject ann", "PutObject bob", "GetObject ann"];

const filters: [where: string, expected: string[]][] = [
  ["", all],
  ["WHERE eventname = 'PutObject' AND useridentity.USERNAME <> 'bob'", ["PutObject ann"]],
  ["WHERE userIdentity.arn LIKE '%user/b_b'", ["PutObject bob"]],
  ["WHERE NOT (eventName LIKE 'Put%')", ["GetObject ann"]],
  [
    "WHERE eventName NOT LIKE 'Put%' OR userIdentity.userName IN ('bob', 'eve')",
    ["PutObject bob", "GetObject ann"],
  ],
  ["WHERE errorCode IS NULL", ["PutObject ann", "PutObject bob"]],
  ["WHERE errorCode IS NOT NULL", ["GetObject ann"]],
  ["WHERE errorCode <> 'AccessDenied'", []],
  ["WHERE eventTime > '2026-11-25 10:30:00' AND eventTime <= timestamp '2026-11-25 12:00:00'", all.slice(1)],
  ["WHERE eventTime BETWEEN '2026-11-25T10:00:00Z' AND '2026-11-25 11:00:00'", all.slice(0, 2)],
  ["WHERE readOnly = true", ["GetObject ann"]],
  ["WHERE element_at(requestParameters, 'x-bytes') = '20'", ["PutObject bob"]],
  ["WHERE requestParameters['bucketName'] = 'data' LIMIT 1", ["PutObject ann"]],
  [
    "ORDER BY userIdentity.userName DESC, eventTime DESC",
    ["PutObject bob", "GetObject ann", "PutObject ann"],
  ],
  ["WHERE lower(eventName) = 'getobject' -- a comment", ["GetObject ann"]],
];

describe("a statement", () => {
  it.each(filters)("finds %s", (where, expected) => {
    expect(names(where)).toEqual(expected);
  });

  it("takes parameters", () => {
    expect(names("WHERE eventName = ? AND userIdentity.userName = ?", ["PutObject", "bob"])).toEqual([
      "PutObject bob",
    ]);
  });

  it("groups, and gathers", () => {
    const statement = `SELECT eventName, COUNT(*) AS n, COUNT(DISTINCT userIdentity.userName), MIN(eventTime) AS first
      FROM $store GROUP BY eventName HAVING COUNT(*) >= 1 ORDER BY n DESC`;
    expect(run(statement)).toEqual([
      { eventName: "PutObject", n: "2", _col2: "2", first: "2026-11-25 10:00:00.000" },
      { eventName: "GetObject", n: "1", _col2: "1", first: "2026-11-25 12:00:00.000" },
    ]);
    expect(
      run(
        "SELECT count(*), max(errorCode), avg(element_at(requestParameters,'x-bytes')) a FROM $store WHERE eventName = 'PutObject'",
      ),
    ).toEqual([{ _col0: "2", _col1: "null", a: "15" }]);
    expect(run("SELECT count(*) FROM $store WHERE eventName = 'None'")).toEqual([{ _col0: "0" }]);
  });

  it("shows structures as Trino does, and each row once if it is asked to", () => {
    const [row] = run("SELECT userIdentity, requestParameters FROM $store LIMIT 1");
    expect(row).toEqual({
      userIdentity: "{type=IAMUser, arn=arn:aws:iam::111122223333:user/ann, userName=ann}",
      requestParameters: "{bucketName=data, x-bytes=10, nested={a=1}}",
    });
    expect(run("SELECT DISTINCT eventName FROM $store ORDER BY 1")).toEqual([
      { eventName: "GetObject" },
      { eventName: "PutObject" },
    ]);
    expect(Object.keys(run("SELECT * FROM $store")[0] ?? {})).toContain("recipientAccountId");
  });

  it.each([
    "DELETE FROM $store",
    "SELECT eventName FROM $store WHERE",
    "SELECT nothing FROM $store",
    "SELECT eventName, COUNT(*) FROM $store",
    "SELECT sleep(1) FROM $store",
    "SELECT eventName FROM $store WHERE eventName = ?",
    "SELECT eventName FROM $store; SELECT 1",
    "SELECT 'a FROM $store",
    `SELECT eventName FROM $store WHERE ${"(".repeat(200)}`,
  ])("is refused: %s", (statement) => {
    expect(() => run(statement)).toThrow(SqlError);
  });
});
