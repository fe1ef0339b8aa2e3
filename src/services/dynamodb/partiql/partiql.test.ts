import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { dynamoClients, newTable } from "../testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let table: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
  table = await newTable(dynamodb);
});
afterAll(() => cloudkeep.stop());

const run = async (Statement: string, ...Parameters: ({ S: string } | { N: string })[]) =>
  (
    await dynamodb.executeStatement({
      Statement: Statement.replace("$", `"${table}"`),
      ...(Parameters.length > 0 && { Parameters }),
    })
  ).Items;
const S = (text: string) => ({ S: text });
const N = (number: number) => ({ N: String(number) });

describe("statements", () => {
  it("insert, select, update and delete", async () => {
    await run(
      "INSERT INTO $ VALUE {'p': 'a', 'c': ?, 'n': 1, 'tags': <<'x', 'y'>>, 'm': {'l': [true, null]}}",
      S("1"),
    );
    expect(await run("SELECT n, m.l[0], tags FROM $ WHERE p = 'a' AND c = '1'")).toEqual([
      { n: N(1), m: { M: { l: { L: [{ BOOL: true }] } } }, tags: { SS: ["x", "y"] } },
    ]);
    const changed = await run(
      "UPDATE $ SET n = n + 2 SET tags = set_add(tags, <<'z'>>) REMOVE m WHERE p = 'a' AND c = '1' RETURNING ALL NEW *",
    );
    expect(changed).toEqual([{ p: S("a"), c: S("1"), n: N(3), tags: { SS: ["x", "y", "z"] } }]);
    const gone = await run("DELETE FROM $ WHERE p = 'a' AND c = '1' RETURNING ALL OLD *");
    expect(gone).toEqual(changed);
    expect(await run("SELECT * FROM $ WHERE p = 'a'")).toEqual([]);
  });

  it("select ranges and lists of partitions, in order", async () => {
    for (const p of ["r", "s"])
      for (const c of ["1", "2", "3"]) await run(`INSERT INTO $ VALUE {'p': '${p}', 'c': '${c}'}`);
    const shown = (items: Awaited<ReturnType<typeof run>>) => items?.map(({ p, c }) => `${p?.S}${c?.S}`);
    expect(shown(await run("SELECT * FROM $ WHERE p = 'r' AND c > '1' ORDER BY c DESC"))).toEqual([
      "r3",
      "r2",
    ]);
    expect(shown(await run("SELECT * FROM $ WHERE p IN ['r', 's'] AND c BETWEEN '2' AND '3'"))).toEqual([
      "r2",
      "r3",
      "s2",
      "s3",
    ]);
    expect((await run("SELECT * FROM $ WHERE begins_with(c, '1') AND NOT p = 's'"))?.length).toBe(1);
  });

  it("go on behind a page", async () => {
    let NextToken: string | undefined;
    const found: unknown[] = [];
    do {
      const page = await dynamodb.executeStatement({
        Statement: `SELECT * FROM "${table}" WHERE p IN ['r', 's']`,
        Limit: 2,
        NextToken,
      });
      found.push(...(page.Items ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(found).toHaveLength(6);
  });

  it.each([
    [
      "INSERT INTO $ VALUE {'p': 'r', 'c': '1'}",
      "DuplicateItemException",
      "Duplicate primary key exists in table",
    ],
    [
      "UPDATE $ SET x = 1 WHERE p = 'none' AND c = '1'",
      "ConditionalCheckFailedException",
      "The conditional request failed",
    ],
    [
      "UPDATE $ SET x = 1 WHERE p = 'r'",
      "ValidationException",
      "Where clause does not contain a mandatory equality on all key attributes",
    ],
    [
      "SELEKT * FROM $",
      "ValidationException",
      "Statement wasn't well formed, can't be processed: Unexpected token: SELEKT",
    ],
    ["SELECT * FROM nowhere", "ResourceNotFoundException", "Requested resource not found"],
  ])("refuses %s", async (statement, name, message) => {
    expect(await errorOf(run(statement))).toMatchObject({ name, message });
  });

  it("in a transaction happen all or not at all", async () => {
    const insert = (p: string) => ({ Statement: `INSERT INTO "${table}" VALUE {'p': '${p}', 'c': '1'}` });
    const failed = dynamodb.executeTransaction({ TransactStatements: [insert("new"), insert("r")] });
    expect(await errorOf(failed)).toMatchObject({
      name: "TransactionCanceledException",
      CancellationReasons: [{ Code: "None" }, { Code: "DuplicateItem" }],
    });
    expect(await run("SELECT * FROM $ WHERE p = 'new'")).toEqual([]);
    const Statement = `SELECT * FROM "${table}" WHERE p = 'r' AND c = '1'`;
    const { Responses } = await dynamodb.executeTransaction({ TransactStatements: [{ Statement }] });
    expect(Responses).toEqual([{ Item: { p: S("r"), c: S("1") } }]);
  });

  it("in a batch each stand for themselves", async () => {
    const { Responses } = await dynamodb.batchExecuteStatement({
      Statements: [
        { Statement: `INSERT INTO "${table}" VALUE {'p': 'batch', 'c': '1'}` },
        { Statement: `INSERT INTO "${table}" VALUE {'p': 'batch', 'c': '1'}` },
      ],
    });
    expect(Responses?.map(({ Error: error }) => error?.Code)).toEqual([undefined, "DuplicateItem"]);
  });
});
