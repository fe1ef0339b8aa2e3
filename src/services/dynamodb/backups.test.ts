import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { dynamoClients, eventually, newTable, tableName } from "./testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const S = (text: string) => ({ S: text });

const withIndex = () =>
  newTable(dynamodb, {
    types: { p: "S" },
    AttributeDefinitions: ["p", "g"].map((AttributeName) => ({ AttributeName, AttributeType: "S" as const })),
    GlobalSecondaryIndexes: [
      {
        IndexName: "global",
        KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
        Projection: { ProjectionType: "ALL" },
      },
    ],
  });

const active = (TableName: string) =>
  eventually(
    () => dynamodb.describeTable({ TableName }),
    ({ Table }) => Table?.TableStatus === "ACTIVE",
  );

async function valuesIn(TableName: string): Promise<Record<string, string | undefined>> {
  const { Items = [] } = await dynamodb.scan({ TableName });
  return Object.fromEntries(Items.map(({ p, v }) => [p?.S ?? "", v?.S]));
}

describe("backups", () => {
  it("hold a table as it was, and make another of it", async () => {
    const TableName = await withIndex();
    for (let i = 0; i < 250; i += 1)
      await dynamodb.putItem({ TableName, Item: { p: S(String(i)), g: S("g"), v: S("old") } });
    const { BackupDetails } = await dynamodb.createBackup({ TableName, BackupName: "before" });
    const BackupArn = BackupDetails?.BackupArn;
    const { BackupDescription } = await eventually(
      () => dynamodb.describeBackup({ BackupArn }),
      (answer) => answer.BackupDescription?.BackupDetails?.BackupStatus === "AVAILABLE",
    );
    expect(BackupDescription?.SourceTableDetails).toMatchObject({ TableName, ItemCount: 250 });
    await dynamodb.deleteTable({ TableName });
    const TargetTableName = tableName();
    await dynamodb.restoreTableFromBackup({ TargetTableName, BackupArn });
    const { Table } = await active(TargetTableName);
    expect(Table?.RestoreSummary).toMatchObject({ SourceBackupArn: BackupArn, RestoreInProgress: false });
    const { Count } = await dynamodb.query({
      TableName: TargetTableName,
      IndexName: "global",
      KeyConditionExpression: "g = :g",
      ExpressionAttributeValues: { ":g": S("g") },
    });
    expect(Count).toBe(250);
    const { BackupSummaries } = await dynamodb.listBackups({ TableName });
    expect(BackupSummaries?.map((one) => one.BackupName)).toEqual(["before"]);
    await dynamodb.deleteBackup({ BackupArn });
    expect((await errorOf(dynamodb.describeBackup({ BackupArn }))).name).toBe("BackupNotFoundException");
  });
});

describe("point-in-time recovery", () => {
  it("makes a table as another was at a time", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    const put = (p: string, v: string) => dynamodb.putItem({ TableName, Item: { p: S(p), v: S(v) } });
    await put("kept", "1");
    await put("changed", "1");
    await put("deleted", "1");
    await dynamodb.updateContinuousBackups({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    await cloudkeep.clock.advance(3_600_000);
    await put("changed", "2");
    await cloudkeep.clock.advance(60_000);
    const RestoreDateTime = new Date(Math.floor(cloudkeep.clock.now() / 1000) * 1000);
    await cloudkeep.clock.advance(60_000);
    for (let i = 0; i < 60; i += 1) await put("changed", `later-${i}`);
    await put("new", "1");
    await dynamodb.deleteItem({ TableName, Key: { p: S("deleted") } });
    const TargetTableName = tableName();
    await dynamodb.restoreTableToPointInTime({
      SourceTableName: TableName,
      TargetTableName,
      RestoreDateTime,
    });
    await active(TargetTableName);
    expect(await valuesIn(TargetTableName)).toEqual({ kept: "1", changed: "2", deleted: "1" });
    const latest = tableName();
    await dynamodb.restoreTableToPointInTime({
      SourceTableName: TableName,
      TargetTableName: latest,
      UseLatestRestorableTime: true,
    });
    await active(latest);
    expect(await valuesIn(latest)).toEqual({ kept: "1", changed: "later-59", new: "1" });
  });

  it("is refused where it is off, or for times that are out of reach", async () => {
    const TableName = await newTable(dynamodb);
    const restore = (RestoreDateTime: Date) =>
      dynamodb.restoreTableToPointInTime({
        SourceTableName: TableName,
        TargetTableName: tableName(),
        RestoreDateTime,
      });
    expect((await errorOf(restore(new Date()))).name).toBe("PointInTimeRecoveryUnavailableException");
    await dynamodb.updateContinuousBackups({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    expect((await errorOf(restore(new Date(0)))).name).toBe("InvalidRestoreTimeException");
  });
});
