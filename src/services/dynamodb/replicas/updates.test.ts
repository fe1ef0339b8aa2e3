import type { DynamoDB, UpdateTableCommandInput } from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreams } from "@aws-sdk/client-dynamodb-streams";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { dynamoClients, eventually, newTable, userClients } from "../testing.ts";

const regions = ["us-east-1", "eu-west-1", "ap-south-1"] as const;
type Region = (typeof regions)[number];

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let at: Record<Region, { dynamodb: DynamoDB; streams: DynamoDBStreams }>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  at = Object.fromEntries(
    regions.map((region) => [region, dynamoClients(cloudkeep, cloudkeep.credentials, region)]),
  ) as typeof at;
});
afterAll(() => cloudkeep.stop());

type Action = NonNullable<NonNullable<UpdateTableCommandInput["ReplicaUpdates"]>[number]["Create"]>;

const add = (TableName: string, RegionName: Region, from: Region = "us-east-1", more: Partial<Action> = {}) =>
  at[from].dynamodb.updateTable({ TableName, ReplicaUpdates: [{ Create: { RegionName, ...more } }] });

async function described(TableName: string, region: Region = "us-east-1") {
  const { Table } = await at[region].dynamodb.describeTable({ TableName });
  return Table ?? {};
}

const whole = (TableName: string, count = 1) =>
  eventually(
    () => described(TableName),
    ({ Replicas = [] }) =>
      Replicas.length === count && Replicas.every(({ ReplicaStatus }) => ReplicaStatus === "ACTIVE"),
  );

/** A table in both Regions. */
async function globalTable(more: Parameters<typeof newTable>[1] = {}) {
  const TableName = await newTable(at["us-east-1"].dynamodb, { types: { p: "S" }, ...more });
  await add(TableName, "eu-west-1");
  await whole(TableName);
  return TableName;
}

describe("auto scaling of replicas", () => {
  it("is kept for tables with provisioned capacity", async () => {
    const TableName = await globalTable();
    const scaling = {
      MinimumUnits: 5,
      MaximumUnits: 50,
      ScalingPolicyUpdate: {
        PolicyName: "policy",
        TargetTrackingScalingPolicyConfiguration: { TargetValue: 70 },
      },
    };
    const { dynamodb } = at["us-east-1"];
    const onDemand = await errorOf(
      dynamodb.updateTableReplicaAutoScaling({
        TableName,
        ProvisionedWriteCapacityAutoScalingUpdate: scaling,
      }),
    );
    expect(onDemand.message).toMatch(/BillingMode is PayPerRequest\. You must convert/);
    await dynamodb.updateTable({
      TableName,
      BillingMode: "PROVISIONED",
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    });
    expect((await described(TableName, "eu-west-1")).ProvisionedThroughput).toMatchObject({
      WriteCapacityUnits: 5,
    });
    const ReplicaUpdates = [
      { RegionName: "eu-west-1", ReplicaProvisionedReadCapacityAutoScalingUpdate: scaling },
    ];
    await dynamodb.updateTableReplicaAutoScaling({
      TableName,
      ProvisionedWriteCapacityAutoScalingUpdate: scaling,
      ReplicaUpdates,
    });
    const settings = {
      MinimumUnits: 5,
      MaximumUnits: 50,
      ScalingPolicies: [
        { PolicyName: "policy", TargetTrackingScalingPolicyConfiguration: { TargetValue: 70 } },
      ],
    };
    const { TableAutoScalingDescription } = await at["eu-west-1"].dynamodb.describeTableReplicaAutoScaling({
      TableName,
    });
    const replicas = Object.fromEntries(
      TableAutoScalingDescription?.Replicas?.map((one) => [one.RegionName, one]) ?? [],
    );
    expect(replicas).toMatchObject({
      "us-east-1": {
        ReplicaProvisionedWriteCapacityAutoScalingSettings: settings,
        ReplicaProvisionedReadCapacityAutoScalingSettings: { AutoScalingDisabled: true },
      },
      "eu-west-1": {
        ReplicaProvisionedWriteCapacityAutoScalingSettings: settings,
        ReplicaProvisionedReadCapacityAutoScalingSettings: settings,
      },
    });
    const partly = { MinimumUnits: 1 };
    const wrong = await errorOf(
      dynamodb.updateTableReplicaAutoScaling({
        TableName,
        ProvisionedWriteCapacityAutoScalingUpdate: partly,
      }),
    );
    expect(wrong.message).toMatch(/'MaximumUnits', 'ScalingPolicyUpdate' are required unless/);
  });

  it("needs a global table", async () => {
    const TableName = await newTable(at["us-east-1"].dynamodb, { types: { p: "S" } });
    const none = await errorOf(at["us-east-1"].dynamodb.describeTableReplicaAutoScaling({ TableName }));
    expect([none.name, none.message]).toEqual([
      "ResourceNotFoundException",
      `Global table with name: '${TableName}' does not exist.`,
    ]);
  });
});

describe("ReplicaUpdates", () => {
  const update = (
    TableName: string,
    ...ReplicaUpdates: NonNullable<UpdateTableCommandInput["ReplicaUpdates"]>
  ) => at["us-east-1"].dynamodb.updateTable({ TableName, ReplicaUpdates });

  it("are refused in AWS's words", async () => {
    const TableName = await globalTable();
    const in_ = (RegionName: string) => ({ RegionName });
    const refusals: [Promise<unknown>, RegExp][] = [
      [update(TableName, { Create: in_("eu-west-1") }), /one or more replicas already existed as tables\.$/],
      [update(TableName, { Create: in_("us-east-1") }), /^Cannot add or delete the local region/],
      [update(TableName, { Create: in_("us-fake-1") }), /^Region us-fake-1 is not supported/],
      [update(TableName, { Delete: in_("ap-south-1") }), /without these replicas: \[ap-south-1\]\.$/],
      [update(TableName, { Update: in_("eu-west-1") }), /^There are no actions specified/],
      [
        update(TableName, { Create: in_("ap-south-1") }, { Delete: in_("eu-west-1") }),
        /more than one type of replica actions not allowed\.$/,
      ],
      [
        at["us-east-1"].dynamodb.updateTable({
          TableName,
          DeletionProtectionEnabled: true,
          ReplicaUpdates: [{ Create: in_("ap-south-1") }],
        }),
        /Replica modification must be the only operation/,
      ],
    ];
    for (const [call, words] of refusals) {
      const error = await errorOf(call);
      expect(error.name).toBe("ValidationException");
      expect(error.message).toMatch(words);
    }
    const provisioned = await newTable(at["us-east-1"].dynamodb, {
      types: { p: "S" },
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    });
    const scaled = await errorOf(update(provisioned, { Create: in_("eu-west-1") }));
    expect(scaled.message).toBe("Table write capacity should either be Pay-Per-Request or AutoScaled.");
  });

  it("need permission in the other Region", async () => {
    const TableName = await newTable(at["us-east-1"].dynamodb, { types: { p: "S" } });
    const here = `arn:aws:dynamodb:us-east-1:${cloudkeep.accountId}:table/${TableName}`;
    const user = await userClients(cloudkeep, root.iam, { Action: "dynamodb:*", Resource: here });
    const refused = await errorOf(
      user.dynamodb.updateTable({ TableName, ReplicaUpdates: [{ Create: { RegionName: "eu-west-1" } }] }),
    );
    expect(refused.name).toBe("AccessDeniedException");
    expect(refused.message).toMatch(/dynamodb:CreateTableReplica on resource: arn:aws:dynamodb:eu-west-1:/);
  });
});
