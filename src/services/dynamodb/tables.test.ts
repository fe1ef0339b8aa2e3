import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { dynamoClients, eventually, newTable } from "./testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const S = (text: string) => ({ S: text });
const describeTable = async (TableName: string) => (await dynamodb.describeTable({ TableName })).Table;

describe("tables", () => {
  it("get an index later, filled with what was there", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    for (let i = 0; i < 230; i += 1) {
      const g = i === 7 ? { N: "7" } : S(`g${i % 2}`);
      await dynamodb.putItem({ TableName, Item: { p: S(String(i)), g } });
    }
    await dynamodb.updateTable({
      TableName,
      AttributeDefinitions: [{ AttributeName: "g", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: "later",
            KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
            Projection: { ProjectionType: "ALL" },
          },
        },
      ],
    });
    await eventually(
      () => describeTable(TableName),
      (table) => table?.GlobalSecondaryIndexes?.[0]?.IndexStatus === "ACTIVE",
    );
    const count = async (g: string) =>
      (
        await dynamodb.query({
          TableName,
          IndexName: "later",
          KeyConditionExpression: "g = :g",
          ExpressionAttributeValues: { ":g": S(g) },
        })
      ).Count;
    // One item has a number there, which the index leaves out.
    expect([await count("g0"), await count("g1")]).toEqual([115, 114]);
    await dynamodb.updateTable({
      TableName,
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "later" } }],
    });
    expect((await describeTable(TableName))?.GlobalSecondaryIndexes).toBeUndefined();
    expect((await describeTable(TableName))?.AttributeDefinitions).toHaveLength(1);
  });

  it("are protected against deletion where that is asked", async () => {
    const TableName = await newTable(dynamodb, { DeletionProtectionEnabled: true });
    expect((await errorOf(dynamodb.deleteTable({ TableName }))).name).toBe("ValidationException");
    await dynamodb.updateTable({ TableName, DeletionProtectionEnabled: false });
    await dynamodb.deleteTable({ TableName });
    expect((await errorOf(dynamodb.describeTable({ TableName }))).message).toBe(
      `Requested resource not found: Table: ${TableName} not found`,
    );
  });

  it("of the same name start empty", async () => {
    const TableName = await newTable(dynamodb);
    const Item = { p: S("p"), c: S("c") };
    await dynamodb.putItem({ TableName, Item });
    const { Table } = await dynamodb.describeTable({ TableName });
    await dynamodb.deleteTable({ TableName });
    await dynamodb.createTable({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: Table?.KeySchema,
      AttributeDefinitions: Table?.AttributeDefinitions,
    });
    expect((await dynamodb.scan({ TableName })).Count).toBe(0);
  });

  it("throttle what is beyond their throughput and its burst", async () => {
    const TableName = await newTable(dynamodb, {
      types: { p: "S" },
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    });
    const put = () => dynamodb.putItem({ TableName, Item: { p: S("p"), x: S("x".repeat(100_000)) } });
    // 300 units are there at first, and each takes 98.
    for (let i = 0; i < 4; i += 1) await put();
    expect(await errorOf(put())).toMatchObject({ name: "ProvisionedThroughputExceededException" });
    const unprocessed = await errorOf(
      dynamodb.batchWriteItem({ RequestItems: { [TableName]: [{ DeleteRequest: { Key: { p: S("p") } } }] } }),
    );
    expect(unprocessed.name).toBe("ProvisionedThroughputExceededException");
    await cloudkeep.clock.advance(120_000);
    await put();
  });

  it("tell how many items they have, as of hours ago", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    for (const p of ["a", "b", "c"]) await dynamodb.putItem({ TableName, Item: { p: S(p) } });
    expect((await describeTable(TableName))?.ItemCount).toBe(0);
    await cloudkeep.clock.advance(7 * 3_600_000);
    const counted = await eventually(
      () => describeTable(TableName),
      (table) => table?.ItemCount === 3,
    );
    expect(counted?.TableSizeBytes).toBe(6);
  });

  it("are tagged, listed and found by their ARN", async () => {
    const TableName = await newTable(dynamodb, { Tags: [{ Key: "team", Value: "data" }] });
    const ResourceArn = (await describeTable(TableName))?.TableArn;
    await dynamodb.tagResource({ ResourceArn, Tags: [{ Key: "more", Value: "" }] });
    await dynamodb.untagResource({ ResourceArn, TagKeys: ["team"] });
    expect((await dynamodb.listTagsOfResource({ ResourceArn })).Tags).toEqual([{ Key: "more", Value: "" }]);
    const first = await dynamodb.listTables({ Limit: 1 });
    expect(first.TableNames).toHaveLength(1);
    const next = await dynamodb.listTables({ ExclusiveStartTableName: first.LastEvaluatedTableName });
    expect(next.TableNames).not.toContain(first.TableNames?.[0]);
  });
});

describe("time to live", () => {
  it("deletes what has expired, by the clock", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    const seconds = (fromNow: number) => ({ N: String(Math.floor(cloudkeep.clock.now() / 1000) + fromNow) });
    await dynamodb.putItem({ TableName, Item: { p: S("before"), ttl: seconds(3600) } });
    await dynamodb.updateTimeToLive({
      TableName,
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
    });
    await dynamodb.putItem({ TableName, Item: { p: S("later"), ttl: seconds(86_400) } });
    await dynamodb.putItem({ TableName, Item: { p: S("text"), ttl: S("1") } });
    await dynamodb.putItem({ TableName, Item: { p: S("moved"), ttl: seconds(1800) } });
    await dynamodb.updateItem({
      TableName,
      Key: { p: S("moved") },
      UpdateExpression: "REMOVE #ttl",
      ExpressionAttributeNames: { "#ttl": "ttl" },
    });
    await cloudkeep.clock.advance(2 * 3_600_000);
    const names = async () => ((await dynamodb.scan({ TableName })).Items ?? []).map(({ p }) => p?.S).sort();
    expect(await names()).toEqual(["later", "moved", "text"]);
    await cloudkeep.clock.advance(86_400_000);
    expect(await names()).toEqual(["moved", "text"]);
  });
});
