import type { DynamoDB, QueryCommandInput } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { dynamoClients, newTable } from "./testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

/** All pages of a query. */
async function all(input: QueryCommandInput) {
  const items: Record<string, unknown>[] = [];
  let ExclusiveStartKey: QueryCommandInput["ExclusiveStartKey"];
  do {
    const page = await dynamodb.query({ ...input, ExclusiveStartKey });
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return items;
}

describe("Query", () => {
  it("reads sort keys in their order, whatever they are, forward and back, in pages", async () => {
    const TableName = await newTable(dynamodb);
    const texts = ["\u0000", "\u0000\u0001", "a", "a\u0000", "aa", "b", "~", "\u{ffff}", "\u{1f600}", "é"];
    for (const c of texts) await dynamodb.putItem({ TableName, Item: { p: { S: "p" }, c: { S: c } } });
    const sorted = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const input = {
      TableName,
      KeyConditionExpression: "p = :p",
      ExpressionAttributeValues: { ":p": { S: "p" } },
    };
    const shown = (items: Record<string, unknown>[]) => items.map(({ c }) => (c as { S: string }).S);
    expect(shown(await all(input))).toEqual(sorted);
    expect(shown(await all({ ...input, Limit: 1 }))).toEqual(sorted);
    expect(shown(await all({ ...input, Limit: 3, ScanIndexForward: false }))).toEqual(sorted.reverse());
  });

  it("finds the range that a condition on a number asks for", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S", c: "N" } });
    const numbers = [-1e30, -12.5, -12, -1, -0.001, 0, 0.001, 1, 9, 10, 12.5, 1e30];
    for (const c of numbers)
      await dynamodb.putItem({ TableName, Item: { p: { S: "p" }, c: { N: String(c) } } });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("<", "<=", ">", ">=", "="),
        fc.constantFrom(...numbers, 5, -13),
        async (operator, bound) => {
          const found = await all({
            TableName,
            KeyConditionExpression: `p = :p AND c ${operator} :c`,
            ExpressionAttributeValues: { ":p": { S: "p" }, ":c": { N: String(bound) } },
          });
          const holds = {
            "<": (n: number) => n < bound,
            "<=": (n: number) => n <= bound,
            ">": (n: number) => n > bound,
            ">=": (n: number) => n >= bound,
            "=": (n: number) => n === bound,
          }[operator] as (n: number) => boolean;
          expect(found.map(({ c }) => Number((c as { N: string }).N))).toEqual(numbers.filter(holds));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("counts what it has looked at beside what it found", async () => {
    const TableName = await newTable(dynamodb);
    for (let i = 0; i < 10; i += 1) {
      await dynamodb.putItem({
        TableName,
        Item: { p: { S: "p" }, c: { S: String(i) }, x: { N: String(i % 2) } },
      });
    }
    const answer = await dynamodb.query({
      TableName,
      KeyConditionExpression: "p = :p",
      FilterExpression: "x = :x",
      ExpressionAttributeValues: { ":p": { S: "p" }, ":x": { N: "1" } },
      Limit: 5,
      Select: "COUNT",
    });
    expect(answer).toMatchObject({
      Count: 2,
      ScannedCount: 5,
      LastEvaluatedKey: { p: { S: "p" }, c: { S: "4" } },
    });
    expect(answer.Items).toBeUndefined();
  });

  it.each([
    ["c = :v", "Query condition missed key schema element: p"],
    ["p > :v", "Query key condition not supported"],
    ["p = :v OR c = :v", "Invalid operator used in KeyConditionExpression: OR"],
    ["p = :v AND p = :v", "KeyConditionExpressions must only contain one condition per key"],
    ["p = :v AND x = :v", "Query condition missed key schema element: c"],
  ])("refuses %s", async (KeyConditionExpression, words) => {
    const TableName = await newTable(dynamodb);
    const ExpressionAttributeValues = { ":v": { S: "v" } };
    const call = dynamodb.query({ TableName, KeyConditionExpression, ExpressionAttributeValues });
    expect((await errorOf(call)).message).toContain(words);
  });

  it("stops at a megabyte", async () => {
    const TableName = await newTable(dynamodb);
    for (let i = 0; i < 5; i += 1) {
      await dynamodb.putItem({
        TableName,
        Item: { p: { S: "p" }, c: { S: String(i) }, x: { S: "x".repeat(300_000) } },
      });
    }
    const input = {
      TableName,
      KeyConditionExpression: "p = :p",
      ExpressionAttributeValues: { ":p": { S: "p" } },
    };
    const first = await dynamodb.query(input);
    expect(first.Count).toBe(4);
    expect((await all(input)).length).toBe(5);
  });
});

describe("indexes", () => {
  const withIndexes = () =>
    newTable(dynamodb, {
      types: { p: "S", c: "S" },
      AttributeDefinitions: ["p", "c", "g", "l"].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S" as const,
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "global",
          KeySchema: [
            { AttributeName: "g", KeyType: "HASH" },
            { AttributeName: "c", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["x"] },
        },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: "local",
          KeySchema: [
            { AttributeName: "p", KeyType: "HASH" },
            { AttributeName: "l", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
    });
  const S = (text: string) => ({ S: text });

  it("follow their items", async () => {
    const TableName = await withIndexes();
    const byGlobal = (g: string) =>
      all({
        TableName,
        IndexName: "global",
        KeyConditionExpression: "g = :g",
        ExpressionAttributeValues: { ":g": S(g) },
      });
    const Key = { p: S("1"), c: S("a") };
    await dynamodb.putItem({ TableName, Item: { ...Key, g: S("g1"), x: S("x"), y: S("y") } });
    await dynamodb.putItem({ TableName, Item: { p: S("2"), c: S("a"), g: S("g1") } });
    await dynamodb.putItem({ TableName, Item: { p: S("3"), c: S("a") } });
    expect(await byGlobal("g1")).toHaveLength(2);
    expect(await byGlobal("g1")).toContainEqual({ ...Key, g: S("g1"), x: S("x") });
    await dynamodb.updateItem({
      TableName,
      Key,
      UpdateExpression: "SET g = :g",
      ExpressionAttributeValues: { ":g": S("g2") },
    });
    expect(await byGlobal("g1")).toEqual([{ p: S("2"), c: S("a"), g: S("g1") }]);
    expect(await byGlobal("g2")).toHaveLength(1);
    await dynamodb.deleteItem({ TableName, Key });
    expect(await byGlobal("g2")).toEqual([]);
    const { Count } = await dynamodb.scan({ TableName, IndexName: "global" });
    expect(Count).toBe(1);
  });

  it("local ones fetch what they do not hold, global ones refuse to", async () => {
    const TableName = await withIndexes();
    for (const [c, l] of [
      ["a", "2"],
      ["b", "1"],
    ] as const)
      await dynamodb.putItem({ TableName, Item: { p: S("1"), c: S(c), l: S(l), y: S(`y${c}`) } });
    const query = { KeyConditionExpression: "p = :p", ExpressionAttributeValues: { ":p": S("1") } };
    const found = await dynamodb.query({
      TableName,
      IndexName: "local",
      ProjectionExpression: "y",
      ConsistentRead: true,
      ...query,
    });
    expect(found.Items).toEqual([{ y: S("yb") }, { y: S("ya") }]);
    const refused = dynamodb.query({
      TableName,
      IndexName: "global",
      KeyConditionExpression: "g = :p",
      ExpressionAttributeValues: query.ExpressionAttributeValues,
      Select: "ALL_ATTRIBUTES",
    });
    expect((await errorOf(refused)).message).toContain(
      "Select type ALL_ATTRIBUTES is not supported for global secondary index global because its projection type is not ALL",
    );
  });
});

describe("Scan", () => {
  it("finds every item once, in any number of segments", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    const keys = Array.from({ length: 60 }, (_, i) => String(i));
    await Promise.all(keys.map((p) => dynamodb.putItem({ TableName, Item: { p: { S: p } } })));
    for (const TotalSegments of [1, 2, 7]) {
      const found: string[] = [];
      for (let Segment = 0; Segment < TotalSegments; Segment += 1) {
        let ExclusiveStartKey: QueryCommandInput["ExclusiveStartKey"];
        do {
          const page = await dynamodb.scan({
            TableName,
            Segment,
            TotalSegments,
            Limit: 7,
            ExclusiveStartKey,
          });
          found.push(...(page.Items ?? []).map(({ p }) => p?.S ?? ""));
          ExclusiveStartKey = page.LastEvaluatedKey;
        } while (ExclusiveStartKey !== undefined);
      }
      expect(found.sort()).toEqual([...keys].sort());
    }
  });
});
