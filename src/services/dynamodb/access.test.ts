import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ListGrantsCommand,
} from "@aws-sdk/client-kms";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, newMember, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { dynamoClients, newTable } from "./testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const S = (text: string) => ({ S: text });
let serial = 0;

/** Credentials of a new user with these policies. */
async function credentialsWith(...statements: Record<string, unknown>[]) {
  serial += 1;
  const UserName = `user-${serial}`;
  await root.iam.send(new CreateUserCommand({ UserName }));
  for (const [i, statement] of statements.entries()) {
    await root.iam.send(
      new PutUserPolicyCommand({ UserName, PolicyName: `p${i}`, PolicyDocument: policyOf(statement) }),
    );
  }
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName }));
  return credentialsOf(AccessKey);
}

async function userWith(...statements: Record<string, unknown>[]) {
  return dynamoClients(cloudkeep, await credentialsWith(...statements));
}

const denied = async (call: Promise<unknown>) => (await errorOf(call)).name === "AccessDeniedException";

describe("policies", () => {
  it("may bind a caller to partitions, attributes and what is selected", async () => {
    const TableName = await newTable(dynamodb);
    await dynamodb.putItem({ TableName, Item: { p: S("alice"), c: S("1"), shown: S("x"), secret: S("y") } });
    const user = await userWith({
      Action: ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:PartiQLSelect"],
      Resource: "*",
      Condition: {
        "ForAllValues:StringEquals": {
          "dynamodb:LeadingKeys": ["alice"],
          "dynamodb:Attributes": ["p", "c", "shown"],
        },
        StringEqualsIfExists: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
      },
    });
    const get = (p: string, ProjectionExpression: string) =>
      user.dynamodb.getItem({ TableName, Key: { p: S(p), c: S("1") }, ProjectionExpression });
    expect((await get("alice", "shown")).Item).toEqual({ shown: S("x") });
    expect(await denied(get("alice", "shown, secret"))).toBe(true);
    expect(await denied(get("bob", "shown"))).toBe(true);
    const query = (p: string, more: object) =>
      user.dynamodb.query({
        TableName,
        KeyConditionExpression: "p = :p",
        ExpressionAttributeValues: { ":p": S(p) },
        ...more,
      });
    const some = { Select: "SPECIFIC_ATTRIBUTES", ProjectionExpression: "shown" };
    expect((await query("alice", some)).Count).toBe(1);
    expect(await denied(query("alice", { Select: "ALL_ATTRIBUTES" }))).toBe(true);
    expect(await denied(query("bob", some))).toBe(true);
    const select = (p: string) =>
      user.dynamodb.executeStatement({ Statement: `SELECT shown FROM "${TableName}" WHERE p = '${p}'` });
    expect((await select("alice")).Items).toEqual([{ shown: S("x") }]);
    expect(await denied(select("bob"))).toBe(true);
  });

  it("on tables let other accounts in, by the table's ARN", async () => {
    await root.organizations.send(new CreateOrganizationCommand({}));
    const account = await newMember(root.organizations);
    const RoleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
    const { sts } = clients(cloudkeep, await credentialsWith({ Action: "sts:AssumeRole", Resource: "*" }));
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "other" }));
    const other = dynamoClients(cloudkeep, credentialsOf(Credentials)).dynamodb;
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    await dynamodb.putItem({ TableName, Item: { p: S("x") } });
    const ResourceArn = (await dynamodb.describeTable({ TableName })).Table?.TableArn;
    const get = () => other.getItem({ TableName: ResourceArn, Key: { p: S("x") } });
    expect(await denied(get())).toBe(true);
    const { RevisionId } = await dynamodb.putResourcePolicy({
      ResourceArn,
      Policy: policyOf({ Principal: { AWS: account }, Action: "dynamodb:GetItem", Resource: ResourceArn }),
    });
    expect((await get()).Item).toEqual({ p: S("x") });
    expect(await denied(other.putItem({ TableName: ResourceArn, Item: { p: S("y") } }))).toBe(true);
    expect((await dynamodb.getResourcePolicy({ ResourceArn })).RevisionId).toBe(RevisionId);
    const wrong = dynamodb.deleteResourcePolicy({ ResourceArn, ExpectedRevisionId: "1" });
    expect((await errorOf(wrong)).name).toBe("PolicyNotFoundException");
    await dynamodb.deleteResourcePolicy({ ResourceArn });
    expect(await denied(get())).toBe(true);
  });
});

describe("a table's KMS key", () => {
  it("must be the caller's to use, and opens the table for as long as it is enabled", async () => {
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId ?? "";
    const user = await userWith({ Action: "dynamodb:*", Resource: "*" });
    const SSESpecification = { Enabled: true, SSEType: "KMS" as const, KMSMasterKeyId: KeyId };
    expect(await denied(newTable(user.dynamodb, { SSESpecification }))).toBe(true);
    const TableName = await newTable(dynamodb, { types: { p: "S" }, SSESpecification });
    const { Grants } = await root.kms.send(new ListGrantsCommand({ KeyId }));
    expect(Grants?.[0]?.GranteePrincipal).toBe("dynamodb.amazonaws.com");
    await user.dynamodb.putItem({ TableName, Item: { p: S("x"), v: S("secret") } });
    const get = async () => (await user.dynamodb.getItem({ TableName, Key: { p: S("x") } })).Item;
    expect(await get()).toEqual({ p: S("x"), v: S("secret") });
    await root.kms.send(new DisableKeyCommand({ KeyId }));
    await cloudkeep.clock.advance(6 * 60_000);
    expect(await denied(get())).toBe(true);
    await root.kms.send(new EnableKeyCommand({ KeyId }));
    await dynamodb.updateTable({ TableName, SSESpecification: { Enabled: false } });
    expect(await get()).toEqual({ p: S("x"), v: S("secret") });
    await dynamodb.deleteTable({ TableName });
    expect((await root.kms.send(new ListGrantsCommand({ KeyId }))).Grants).toEqual([]);
  });
});
