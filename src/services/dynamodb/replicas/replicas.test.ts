import type { AttributeValue, DynamoDB, UpdateTableCommandInput } from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreams } from "@aws-sdk/client-dynamodb-streams";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { dynamoClients, eventually, newTable, recordsOf } from "../testing.ts";

const regions = ["us-east-1", "eu-west-1", "ap-south-1"] as const;
type Region = (typeof regions)[number];

let cloudkeep: Cloudkeep;
let at: Record<Region, { dynamodb: DynamoDB; streams: DynamoDBStreams }>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  at = Object.fromEntries(
    regions.map((region) => [region, dynamoClients(cloudkeep, cloudkeep.credentials, region)]),
  ) as typeof at;
});
afterAll(() => cloudkeep.stop());

const S = (text: string) => ({ S: text });
const dayMs = 86_400_000;
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

const put = (
  region: Region,
  TableName: string,
  p: string,
  v = "x",
  more: Record<string, AttributeValue> = {},
) => at[region].dynamodb.putItem({ TableName, Item: { p: S(p), v: S(v), ...more } });

const valueAt = async (region: Region, TableName: string, p: string) =>
  (await at[region].dynamodb.getItem({ TableName, Key: { p: S(p) } })).Item?.v?.S;

const becomes = (region: Region, TableName: string, p: string, v: string | undefined) =>
  eventually(
    () => valueAt(region, TableName, p),
    (found) => found === v,
  );

describe("a replica", () => {
  it("holds what the table holds, and each is written to", async () => {
    const TableName = await newTable(at["us-east-1"].dynamodb, { types: { p: "S" } });
    const count = 120;
    for (let i = 0; i < count; i += 1) await put("us-east-1", TableName, `item-${i}`);
    const { TableDescription } = await add(TableName, "eu-west-1");
    expect(TableDescription?.TableStatus).toBe("UPDATING");
    const table = await whole(TableName);
    expect(table).toMatchObject({
      GlobalTableVersion: "2019.11.21",
      Replicas: [{ RegionName: "eu-west-1", ReplicaStatus: "ACTIVE" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    });
    const other = await described(TableName, "eu-west-1");
    expect(other.Replicas).toMatchObject([{ RegionName: "us-east-1", ReplicaStatus: "ACTIVE" }]);
    expect(other.TableId).not.toBe(table.TableId);
    const { Count } = await at["eu-west-1"].dynamodb.scan({ TableName });
    expect(Count).toBe(count);
    await put("eu-west-1", TableName, "from-eu", "1");
    await becomes("us-east-1", TableName, "from-eu", "1");
    await put("us-east-1", TableName, "from-eu", "2");
    await becomes("eu-west-1", TableName, "from-eu", "2");
    await at["eu-west-1"].dynamodb.deleteItem({ TableName, Key: { p: S("from-eu") } });
    await becomes("us-east-1", TableName, "from-eu", undefined);
  });

  it("agrees with the others, whoever writes at once", async () => {
    const TableName = await globalTable();
    await add(TableName, "ap-south-1", "eu-west-1");
    await whole(TableName, 2);
    const keys = ["a", "b", "c"];
    await Promise.all(
      Array.from({ length: 90 }, (_, i) => {
        const region = regions[i % 3] as Region;
        const p = keys[Math.floor(i / 3) % 3] as string;
        return i % 10 === 9
          ? at[region].dynamodb.deleteItem({ TableName, Key: { p: S(p) } })
          : put(region, TableName, p, String(i));
      }),
    );
    await cloudkeep.clock.advance(1_000);
    for (const p of keys) {
      const found = await Promise.all(regions.map((region) => valueAt(region, TableName, p)));
      expect(new Set(found).size).toBe(1);
    }
  });

  it("tells of all writes in its own stream", async () => {
    const TableName = await globalTable();
    await at["us-east-1"].dynamodb.transactWriteItems({
      TransactItems: ["a", "b"].map((p) => ({ Put: { TableName, Item: { p: S(p), v: S("1") } } })),
    });
    await becomes("eu-west-1", TableName, "b", "1");
    await becomes("eu-west-1", TableName, "a", "1");
    const records = await recordsOf(at["eu-west-1"].streams, TableName);
    expect(records.map(({ eventName, dynamodb }) => [eventName, dynamodb?.Keys?.p?.S])).toEqual([
      ["INSERT", "a"],
      ["INSERT", "b"],
    ]);
  });

  it("lets items expire once, for all", async () => {
    const TableName = await globalTable();
    await at["us-east-1"].dynamodb.updateTimeToLive({
      TableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: "until" },
    });
    const { TimeToLiveDescription } = await at["eu-west-1"].dynamodb.describeTimeToLive({ TableName });
    expect(TimeToLiveDescription?.TimeToLiveStatus).toBe("ENABLED");
    const until = { N: String(Math.floor(cloudkeep.clock.now() / 1000) + 60) };
    await put("eu-west-1", TableName, "a", "1", { until });
    await becomes("us-east-1", TableName, "a", "1");
    await cloudkeep.clock.advance(62_000);
    for (const region of ["us-east-1", "eu-west-1"] as const)
      expect(await valueAt(region, TableName, "a")).toBeUndefined();
    const byService = async (region: Region) =>
      (await recordsOf(at[region].streams, TableName))
        .filter(({ eventName }) => eventName === "REMOVE")
        .map(({ userIdentity }) => userIdentity?.Type);
    expect(await byService("eu-west-1")).toEqual(["Service"]);
    expect(await byService("us-east-1")).toEqual([undefined]);
  });

  it("has the settings of the global table, and some of its own", async () => {
    const TableName = await globalTable();
    await put("us-east-1", TableName, "a", "1", { g: S("g") });
    await becomes("eu-west-1", TableName, "a", "1");
    await at["eu-west-1"].dynamodb.updateTable({
      TableName,
      AttributeDefinitions: [{ AttributeName: "g", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: "global",
            KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
            Projection: { ProjectionType: "ALL" },
          },
        },
      ],
    });
    const query = {
      TableName,
      IndexName: "global",
      KeyConditionExpression: "g = :g",
      ExpressionAttributeValues: { ":g": S("g") },
    };
    for (const region of ["us-east-1", "eu-west-1"] as const) {
      await eventually(
        () => described(TableName, region),
        ({ GlobalSecondaryIndexes = [] }) => GlobalSecondaryIndexes[0]?.IndexStatus === "ACTIVE",
      );
      expect((await at[region].dynamodb.query(query)).Count).toBe(1);
    }
    const Update = { RegionName: "eu-west-1", OnDemandThroughputOverride: { MaxReadRequestUnits: 7 } };
    await at["us-east-1"].dynamodb.updateTable({ TableName, ReplicaUpdates: [{ Update }] });
    const table = await described(TableName);
    expect(table.Replicas?.[0]).toMatchObject({ OnDemandThroughputOverride: { MaxReadRequestUnits: 7 } });
    expect(table.OnDemandThroughput).toBeUndefined();
    const other = await described(TableName, "eu-west-1");
    expect(other.OnDemandThroughput).toEqual({ MaxReadRequestUnits: 7 });
    const stream = { TableName, StreamSpecification: { StreamEnabled: false } };
    const refused = await errorOf(at["eu-west-1"].dynamodb.updateTable(stream));
    expect(refused.message).toMatch(/Disabling Stream is not allowed for a Global Table replica/);
  });

  it("has a KMS key of its own Region", async () => {
    const keyIn = async (region: Region) => {
      const { kms } = clients(cloudkeep, cloudkeep.credentials, region);
      return (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? "";
    };
    const [here, there] = [await keyIn("us-east-1"), await keyIn("eu-west-1")];
    const TableName = await newTable(at["us-east-1"].dynamodb, {
      types: { p: "S" },
      SSESpecification: { Enabled: true, SSEType: "KMS", KMSMasterKeyId: here },
    });
    await put("us-east-1", TableName, "a", "1");
    const without = await errorOf(add(TableName, "eu-west-1"));
    expect(without.message).toMatch(/KMSMasterKeyId must be specified for each replica/);
    await add(TableName, "eu-west-1", "us-east-1", { KMSMasterKeyId: there });
    const { Replicas } = await whole(TableName);
    expect(Replicas?.[0]?.KMSMasterKeyId).toBe(there);
    expect(await valueAt("eu-west-1", TableName, "a")).toBe("1");
    expect((await described(TableName, "eu-west-1")).SSEDescription?.KMSMasterKeyArn).toBe(there);
    await put("eu-west-1", TableName, "a", "2");
    await becomes("us-east-1", TableName, "a", "2");
  });

  it("is not written to where its own policy keeps DynamoDB out, until that lets it in", async () => {
    const TableName = await globalTable();
    const { TableArn: ResourceArn } = await described(TableName, "eu-west-1");
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "dynamodb:PutItem",
          Resource: ResourceArn,
          Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/aws-service-role/*" } },
        },
      ],
    });
    await at["eu-west-1"].dynamodb.putResourcePolicy({ ResourceArn, Policy });
    await put("us-east-1", TableName, "a", "1");
    await eventually(
      () => described(TableName),
      ({ Replicas = [] }) => Replicas[0]?.ReplicaStatus === "REPLICATION_NOT_AUTHORIZED",
    );
    expect(await valueAt("eu-west-1", TableName, "a")).toBeUndefined();
    await at["eu-west-1"].dynamodb.deleteResourcePolicy({ ResourceArn });
    await cloudkeep.clock.advance(60_000);
    expect(await valueAt("eu-west-1", TableName, "a")).toBe("1");
    await whole(TableName);
  });

  it("is deleted, and the table is one of its Region again", async () => {
    const TableName = await globalTable();
    await put("us-east-1", TableName, "a", "1");
    await becomes("eu-west-1", TableName, "a", "1");
    const early = await errorOf(at["us-east-1"].dynamodb.deleteTable({ TableName }));
    expect(early.message).toMatch(/has acted as a source region for new replica/);
    await at["us-east-1"].dynamodb.updateTable({
      TableName,
      ReplicaUpdates: [{ Delete: { RegionName: "eu-west-1" } }],
    });
    const gone = await errorOf(at["eu-west-1"].dynamodb.describeTable({ TableName }));
    expect(gone.name).toBe("ResourceNotFoundException");
    const table = await described(TableName);
    expect([table.Replicas, table.GlobalTableVersion]).toEqual([undefined, undefined]);
    await put("us-east-1", TableName, "b", "1");
    await add(TableName, "eu-west-1");
    await whole(TableName);
    expect(await valueAt("eu-west-1", TableName, "b")).toBe("1");
    await cloudkeep.clock.advance(dayMs + 1_000);
    await at["us-east-1"].dynamodb.deleteTable({ TableName });
    expect((await described(TableName, "eu-west-1")).Replicas).toBeUndefined();
    expect(await valueAt("eu-west-1", TableName, "a")).toBe("1");
  });
});
