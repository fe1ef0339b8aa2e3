import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { dynamoClients } from "./testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

describe("global tables of the version 2017.11.29", () => {
  it("cannot be made any more, and none is found", async () => {
    const GlobalTableName = "global";
    const us = { RegionName: "us-east-1" };
    const refused = [
      await errorOf(dynamodb.createGlobalTable({ GlobalTableName, ReplicationGroup: [us] })),
      await errorOf(dynamodb.updateGlobalTable({ GlobalTableName, ReplicaUpdates: [{ Create: us }] })),
    ];
    for (const { name, message } of refused) {
      expect(name).toBe("ValidationException");
      expect(message).toMatch(/DynamoDB global tables version 2017\.11\.29 is not supported\./);
    }
    const absent = [
      await errorOf(dynamodb.describeGlobalTable({ GlobalTableName })),
      await errorOf(dynamodb.updateGlobalTable({ GlobalTableName, ReplicaUpdates: [{ Delete: us }] })),
      await errorOf(dynamodb.describeGlobalTableSettings({ GlobalTableName })),
      await errorOf(dynamodb.updateGlobalTableSettings({ GlobalTableName })),
    ];
    for (const { name, message } of absent) {
      expect([name, message]).toEqual([
        "GlobalTableNotFoundException",
        "Global table with name: 'global' does not exist.",
      ]);
    }
    expect((await dynamodb.listGlobalTables({})).GlobalTables).toEqual([]);
  });
});
