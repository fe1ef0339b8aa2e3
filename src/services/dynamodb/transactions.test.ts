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
const one = { ":one": { N: "1" } };

describe("transactions", () => {
  it("write all or nothing, and say why not", async () => {
    await dynamodb.putItem({ TableName, Item: { ...key("there"), n: { N: "1" } } });
    const error = await errorOf(
      dynamodb.transactWriteItems({
        TransactItems: [
          { Put: { TableName, Item: key("never") } },
          {
            Delete: {
              TableName,
              Key: key("there"),
              ConditionExpression: "n > :one",
              ExpressionAttributeValues: one,
              ReturnValuesOnConditionCheckFailure: "ALL_OLD",
            },
          },
          {
            Update: {
              TableName,
              Key: key("other"),
              UpdateExpression: "SET a = b",
            },
          },
        ],
      }),
    );
    expect(error).toMatchObject({
      name: "TransactionCanceledException",
      message:
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ValidationError]",
      CancellationReasons: [
        { Code: "None" },
        { Code: "ConditionalCheckFailed", Item: { ...key("there"), n: { N: "1" } } },
        { Code: "ValidationError" },
      ],
    });
    expect((await dynamodb.getItem({ TableName, Key: key("never") })).Item).toBeUndefined();
  });

  it("carry out a token once, and refuse it for another request", async () => {
    const add = (amount: string) =>
      dynamodb.transactWriteItems({
        ClientRequestToken: "a-token",
        TransactItems: [
          {
            Update: {
              TableName,
              Key: key("token"),
              UpdateExpression: "ADD n :n",
              ExpressionAttributeValues: { ":n": { N: amount } },
            },
          },
        ],
      });
    await add("1");
    await add("1");
    const get = async () => (await dynamodb.getItem({ TableName, Key: key("token") })).Item?.n;
    expect(await get()).toEqual({ N: "1" });
    expect((await errorOf(add("2"))).name).toBe("IdempotentParameterMismatchException");
    await cloudkeep.clock.advance(11 * 60_000);
    await add("2");
    expect(await get()).toEqual({ N: "3" });
  });

  it("are serializable: what many move between accounts stays the same in sum", async () => {
    const accounts = Array.from({ length: 5 }, (_, i) => `account-${i}`);
    for (const p of accounts) await dynamodb.putItem({ TableName, Item: { ...key(p), n: { N: "10" } } });
    const add = (p: string, sign: "+" | "-") => ({
      Update: {
        TableName,
        Key: key(p),
        UpdateExpression: `SET n = n ${sign} :one`,
        ...(sign === "-" && { ConditionExpression: "n >= :one" }),
        ExpressionAttributeValues: one,
      },
    });
    const total = async () => {
      const { Responses = [] } = await dynamodb.transactGetItems({
        TransactItems: accounts.map((p) => ({ Get: { TableName, Key: key(p) } })),
      });
      const balances = Responses.map(({ Item }) => Number(Item?.n?.N));
      expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
      return balances.reduce((sum, n) => sum + n, 0);
    };
    let moved = 0;
    const mover = async (seed: number) => {
      for (let i = 0; i < 10; i += 1) {
        const [from, to] = [
          accounts[(seed + i) % 5] as string,
          accounts[(seed * 3 + i * 2 + 1) % 5] as string,
        ];
        if (from === to) continue;
        try {
          await dynamodb.transactWriteItems({ TransactItems: [add(from, "-"), add(to, "+")] });
          moved += 1;
        } catch (error) {
          expect((error as Error).name).toBe("TransactionCanceledException");
        }
        expect(await total()).toBe(50);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => mover(i)));
    expect(moved).toBeGreaterThan(20);
    expect(await total()).toBe(50);
  });

  it("refuse two actions on one item, and a check without a condition", async () => {
    const twice = dynamodb.transactWriteItems({
      TransactItems: [{ Put: { TableName, Item: key("x") } }, { Delete: { TableName, Key: key("x") } }],
    });
    expect((await errorOf(twice)).message).toBe(
      "Transaction request cannot include multiple operations on one item",
    );
  });
});

describe("batches", () => {
  it("write and get many, and refuse one item twice", async () => {
    const puts = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: key(`batch-${i}`) } }));
    await dynamodb.batchWriteItem({ RequestItems: { [TableName]: puts } });
    const Keys = puts.map(({ PutRequest }) => PutRequest.Item);
    const { Responses, UnprocessedKeys } = await dynamodb.batchGetItem({
      RequestItems: { [TableName]: { Keys: [...Keys, key("absent")] } },
    });
    expect(Responses?.[TableName]).toHaveLength(25);
    expect(UnprocessedKeys).toEqual({});
    const twice = dynamodb.batchGetItem({ RequestItems: { [TableName]: { Keys: [key("a"), key("a")] } } });
    expect((await errorOf(twice)).message).toBe("Provided list of item keys contains duplicates");
  });

  it("leave what has no room in the answer", async () => {
    const big = { S: "x".repeat(390_000) };
    const Keys = Array.from({ length: 50 }, (_, i) => key(`large-${i}`));
    for (const Key of Keys) await dynamodb.putItem({ TableName, Item: { ...Key, big } });
    const { Responses, UnprocessedKeys } = await dynamodb.batchGetItem({
      RequestItems: { [TableName]: { Keys } },
    });
    const got = Responses?.[TableName]?.length ?? 0;
    expect(got).toBe(43);
    expect(UnprocessedKeys?.[TableName]?.Keys).toHaveLength(50 - got);
  });
});
