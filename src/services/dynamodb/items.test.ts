import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { dynamoClients, newTable } from "./testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let TableName: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
  TableName = await newTable(dynamodb, { types: { p: "S" } });
});
afterAll(() => cloudkeep.stop());

const key = (p: string) => ({ p: { S: p } });
const get = async (p: string) => (await dynamodb.getItem({ TableName, Key: key(p) })).Item;

describe("items", () => {
  it("come back as they were put, of every type", async () => {
    const Item = {
      p: { S: "all" },
      n: { N: "1.5" },
      b: { B: Buffer.from([0, 255]) },
      ss: { SS: ["a", "b"] },
      ns: { NS: ["1", "2"] },
      bs: { BS: [Buffer.from([1])] },
      m: {
        M: { "": { NULL: true as const }, deep: { L: [{ BOOL: false }, { M: {} }] } },
      },
      l: { L: [] },
      e: { S: "" },
    };
    await dynamodb.putItem({ TableName, Item });
    const found = await get("all");
    expect(found?.m).toEqual(Item.m);
    expect(found).toMatchObject({ n: { N: "1.5" }, ss: { SS: ["a", "b"] }, e: { S: "" } });
    expect(Buffer.from(found?.b?.B ?? [])).toEqual(Item.b.B);
  });

  it("are shown in part where a projection asks for it", async () => {
    await dynamodb.putItem({
      TableName,
      Item: {
        ...key("part"),
        a: { M: { b: { L: [{ N: "1" }, { N: "2" }, { N: "3" }] }, c: { S: "x" } } },
        d: { S: "y" },
      },
    });
    const { Item } = await dynamodb.getItem({
      TableName,
      Key: key("part"),
      ProjectionExpression: "a.b[2], a.b[0], #d, absent.way",
      ExpressionAttributeNames: { "#d": "d" },
    });
    expect(Item).toEqual({ a: { M: { b: { L: [{ N: "1" }, { N: "3" }] } } }, d: { S: "y" } });
  });

  it("of more than 400 KB are refused", async () => {
    const Item = { ...key("big"), x: { S: "x".repeat(400 * 1024) } };
    expect(await errorOf(dynamodb.putItem({ TableName, Item }))).toMatchObject({
      name: "ValidationException",
      message: "Item size has exceeded the maximum allowed size",
    });
  });

  it.each([
    [{ p: { S: "" } }, "cannot contain an empty string value. Key: p"],
    [{ p: { N: "1" } }, "Type mismatch for key p expected: S actual: N"],
    [{ q: { S: "1" } }, "Missing the key p in the item"],
    [{ p: { S: "x".repeat(2049) } }, "Size of hashkey has exceeded the maximum size limit of2048 bytes"],
    [{ p: { S: "x" }, a: { SS: [] } }, "An string set  may not be empty"],
    [{ p: { S: "x" }, a: { SS: ["a", "a"] } }, "Input collection [a, a] contains duplicates."],
    [{ p: { S: "x" }, a: { N: "dog" } }, "The parameter cannot be converted to a numeric value: dog"],
  ])("like %j are refused", async (Item, words) => {
    const error = await errorOf(dynamodb.putItem({ TableName, Item: Item as never }));
    expect(error.name).toBe("ValidationException");
    expect(error.message).toContain(words);
  });

  it("are put on a condition, and the failed one shows them", async () => {
    await dynamodb.putItem({ TableName, Item: { ...key("once"), v: { N: "1" } } });
    const again = dynamodb.putItem({
      TableName,
      Item: key("once"),
      ConditionExpression: "attribute_not_exists(p)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    expect(await errorOf(again)).toMatchObject({
      name: "ConditionalCheckFailedException",
      message: "The conditional request failed",
      Item: { ...key("once"), v: { N: "1" } },
    });
  });

  it("say what they cost", async () => {
    const put = await dynamodb.putItem({
      TableName,
      Item: { ...key("cost"), x: { S: "x".repeat(1500) } },
      ReturnConsumedCapacity: "TOTAL",
    });
    expect(put.ConsumedCapacity).toEqual({ TableName, CapacityUnits: 2 });
    const got = await dynamodb.getItem({
      TableName,
      Key: key("cost"),
      ReturnConsumedCapacity: "INDEXES",
    });
    expect(got.ConsumedCapacity).toEqual({ TableName, CapacityUnits: 0.5, Table: { CapacityUnits: 0.5 } });
  });
});

describe("UpdateItem", () => {
  it("sets, removes, adds and deletes, all on the item as it was", async () => {
    await dynamodb.putItem({
      TableName,
      Item: {
        ...key("up"),
        a: { N: "1" },
        b: { N: "2" },
        l: { L: [{ S: "0" }, { S: "1" }, { S: "2" }] },
        s: { SS: ["x", "y"] },
        m: { M: {} },
      },
    });
    const { Attributes } = await dynamodb.updateItem({
      TableName,
      Key: key("up"),
      UpdateExpression:
        "SET a = b, b = a, m.n = if_not_exists(z, :one) + :one, k = list_append(l, :more) REMOVE l[0], l[1] ADD c :one DELETE s :x",
      ExpressionAttributeValues: { ":one": { N: "1" }, ":more": { L: [{ S: "3" }] }, ":x": { SS: ["x"] } },
      ReturnValues: "ALL_NEW",
    });
    expect(Attributes).toEqual({
      ...key("up"),
      a: { N: "2" },
      b: { N: "1" },
      c: { N: "1" },
      k: { L: [{ S: "0" }, { S: "1" }, { S: "2" }, { S: "3" }] },
      l: { L: [{ S: "2" }] },
      s: { SS: ["y"] },
      m: { M: { n: { N: "2" } } },
    });
  });

  it.each([
    ["SET p = :v", "Cannot update attribute p. This attribute is part of the key"],
    ["SET a = :v, a.b = :v", "Two document paths overlap with each other"],
    ["SET a = :v SET b = :v", 'The "SET" section can only be used once in an update expression;'],
    ["SET a.b.c = :v", "The document path provided in the update expression is invalid for update"],
    ["SET a = absent", "The provided expression refers to an attribute that does not exist in the item"],
    ["SET name = :v", "Attribute name is a reserved keyword; reserved keyword: name"],
    ["SET a = :v +", 'Syntax error; token: "<EOF>", near: "+"'],
    ["ADD a :s", "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"],
  ])("refuses %s", async (UpdateExpression, words) => {
    const values = { ":s": { S: "x" }, ":v": { N: "1" } };
    const named = Object.entries(values).filter(([name]) => UpdateExpression.includes(name));
    const ExpressionAttributeValues = named.length > 0 ? Object.fromEntries(named) : undefined;
    const error = await errorOf(
      dynamodb.updateItem({ TableName, Key: key("new"), UpdateExpression, ExpressionAttributeValues }),
    );
    expect(error.name).toBe("ValidationException");
    expect(error.message).toContain(words);
  });

  it("adds from 50 clients at once, and loses none", async () => {
    const add = () =>
      dynamodb.updateItem({
        TableName,
        Key: key("counter"),
        UpdateExpression: "ADD hits :one",
        ExpressionAttributeValues: { ":one": { N: "1" } },
      });
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let i = 0; i < 4; i += 1) await add();
      }),
    );
    expect(await get("counter")).toEqual({ ...key("counter"), hits: { N: "200" } });
  });

  it("takes the legacy parameters, but not together with expressions", async () => {
    await dynamodb.updateItem({
      TableName,
      Key: key("old"),
      AttributeUpdates: { a: { Value: { N: "1" } }, b: { Action: "ADD", Value: { SS: ["x"] } } },
      Expected: { a: { Exists: false } },
    });
    expect(await get("old")).toEqual({ ...key("old"), a: { N: "1" }, b: { SS: ["x"] } });
    const mixed = dynamodb.updateItem({
      TableName,
      Key: key("old"),
      AttributeUpdates: { a: { Action: "DELETE" } },
      ConditionExpression: "attribute_exists(a)",
    });
    expect((await errorOf(mixed)).message).toBe(
      "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates} Expression parameters: {ConditionExpression}",
    );
  });
});
