import type { DynamoDB } from "@aws-sdk/client-dynamodb";
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

describe("Contributor Insights", () => {
  it("is enabled and disabled for tables and global indexes", async () => {
    const TableName = await newTable(dynamodb, {
      AttributeDefinitions: ["p", "c", "g"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "global",
          KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    });
    const enable = { TableName, ContributorInsightsAction: "ENABLE" as const };
    const made = await dynamodb.updateContributorInsights(enable);
    expect(made).toMatchObject({ TableName, ContributorInsightsStatus: "ENABLING" });
    const again = await dynamodb.updateContributorInsights(enable);
    expect(again.ContributorInsightsStatus).toBe("ENABLED");
    const rules = async (IndexName?: string) => {
      const described = await dynamodb.describeContributorInsights({ TableName, IndexName });
      return described.ContributorInsightsRuleList?.map((rule) => rule.replace(/\d{13}$/, "at"));
    };
    expect(await rules()).toEqual(
      ["PKC", "SKC", "PKT", "SKT"].map((kind) => `DynamoDBContributorInsights-${kind}-${TableName}-at`),
    );
    await dynamodb.updateContributorInsights({
      ...enable,
      IndexName: "global",
      ContributorInsightsMode: "THROTTLED_KEYS",
    });
    expect(await rules("global")).toEqual([`DynamoDBContributorInsights-PKT-${TableName}-global-at`]);
    const first = await dynamodb.listContributorInsights({ TableName, MaxResults: 1 });
    const rest = await dynamodb.listContributorInsights({ TableName, NextToken: first.NextToken });
    expect([first, rest].flatMap((page) => page.ContributorInsightsSummaries)).toEqual([
      {
        TableName,
        ContributorInsightsStatus: "ENABLED",
        ContributorInsightsMode: "ACCESSED_AND_THROTTLED_KEYS",
      },
      {
        TableName,
        IndexName: "global",
        ContributorInsightsStatus: "ENABLED",
        ContributorInsightsMode: "THROTTLED_KEYS",
      },
    ]);
    const off = await dynamodb.updateContributorInsights({ TableName, ContributorInsightsAction: "DISABLE" });
    expect(off.ContributorInsightsStatus).toBe("DISABLING");
    const described = await dynamodb.describeContributorInsights({ TableName });
    expect(described).toMatchObject({ ContributorInsightsStatus: "DISABLED" });
    expect(described.ContributorInsightsRuleList).toBeUndefined();
    await dynamodb.deleteTable({ TableName });
    const { ContributorInsightsSummaries } = await dynamodb.listContributorInsights({});
    expect(ContributorInsightsSummaries).toEqual([]);
  });

  it("needs the table, and the index", async () => {
    const TableName = await newTable(dynamodb);
    const absent = await errorOf(dynamodb.describeContributorInsights({ TableName: "absent" }));
    expect(absent.name).toBe("ResourceNotFoundException");
    const index = await errorOf(dynamodb.describeContributorInsights({ TableName, IndexName: "absent" }));
    expect(index.name).toBe("ResourceNotFoundException");
  });
});
