import { gunzipSync } from "node:zlib";
import {
  DeleteAccountPolicyCommand,
  DeleteSubscriptionFilterCommand,
  PutAccountPolicyCommand,
  PutDestinationCommand,
  PutDestinationPolicyCommand,
  PutSubscriptionFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateStreamCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Credentials,
  clients,
  credentialsOf,
  errorOf,
  newMember,
  policyOf,
  startForTest,
} from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { kinesisClient, readAll } from "../kinesis/testing.ts";
import { logsClient, newGroup, put } from "./testing.ts";

/** Lines go on to those who subscribed, each hop a call that policies allow. */

let cloudkeep: Cloudkeep;
let home: ReturnType<typeof clients>;
let logs: ReturnType<typeof logsClient>;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  home = clients(cloudkeep, cloudkeep.credentials);
  logs = logsClient(cloudkeep, cloudkeep.credentials);
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

let serial = 0;

/** A role that CloudWatch Logs may take, for groups of `account`, and that may write to a stream. */
async function writerRole(streamArn: string, account = cloudkeep.accountId, { iam } = home): Promise<string> {
  serial += 1;
  const RoleName = `writer-${serial}`;
  const AssumeRolePolicyDocument = policyOf({
    Principal: { Service: "logs.amazonaws.com" },
    Action: "sts:AssumeRole",
    Condition: { StringLike: { "aws:SourceArn": `arn:aws:logs:*:${account}:*` } },
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = policyOf({ Action: "kinesis:PutRecord", Resource: streamArn });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "write", PolicyDocument }));
  return Role?.Arn ?? "";
}

async function newStream(client = kinesis, account = cloudkeep.accountId) {
  serial += 1;
  const StreamName = `lines-${serial}`;
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  return { StreamName, arn: `arn:aws:kinesis:us-east-1:${account}:stream/${StreamName}` };
}

/** Another account of the organization, and an administrator's credentials in it. */
async function memberAccount(): Promise<{ accountId: string; credentials: Credentials }> {
  const { organizations, iam } = home;
  await organizations.send(new CreateOrganizationCommand({ FeatureSet: "ALL" }));
  const accountId = await newMember(organizations);
  const RoleArn = `arn:aws:iam::${accountId}:role/OrganizationAccountAccessRole`;
  // The root takes on no role.
  await iam.send(new CreateUserCommand({ UserName: "admin" }));
  const PolicyDocument = policyOf({ Action: "sts:AssumeRole", Resource: RoleArn });
  await iam.send(new PutUserPolicyCommand({ UserName: "admin", PolicyName: "assume", PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "admin" }));
  const { sts } = clients(cloudkeep, credentialsOf(AccessKey));
  const session = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "test" }));
  return { accountId, credentials: credentialsOf(session.Credentials) };
}

async function messagesIn(StreamName: string, client = kinesis) {
  await cloudkeep.clock.advance(0);
  const records = await readAll(client, StreamName);
  return records.map(({ Data }) => JSON.parse(gunzipSync(Data ?? new Uint8Array()).toString()));
}

const subscribe = (input: object) =>
  logs.send(
    new PutSubscriptionFilterCommand({
      filterName: "f",
      filterPattern: "",
      logGroupName: "",
      destinationArn: "",
      ...input,
    }),
  );

describe("a subscription filter", () => {
  it("tries its target, and sends it the lines that match, in order", async () => {
    const logGroupName = await newGroup(logs);
    const { StreamName, arn: destinationArn } = await newStream();
    const roleArn = await writerRole(destinationArn);
    await subscribe({ logGroupName, filterPattern: "ERROR", destinationArn, roleArn });
    for (const word of ["one", "two", "three"]) await put(logs, logGroupName, [`ERROR ${word}`, "fine"]);
    const [control, ...data] = await messagesIn(StreamName);
    expect(control).toMatchObject({
      messageType: "CONTROL_MESSAGE",
      owner: "CloudwatchLogs",
      logEvents: [{ message: "CWL CONTROL MESSAGE: Checking health of destination Kinesis." }],
    });
    expect(data[0]).toEqual({
      messageType: "DATA_MESSAGE",
      owner: cloudkeep.accountId,
      logGroup: logGroupName,
      logStream: "s",
      subscriptionFilters: ["f"],
      logEvents: [
        { id: expect.stringMatching(/^\d{56}$/), timestamp: expect.any(Number), message: "ERROR one" },
      ],
    });
    expect(data.flatMap(({ logEvents }) => logEvents.map((one: { message: string }) => one.message))).toEqual(
      ["ERROR one", "ERROR two", "ERROR three"],
    );
  });

  it("names the fields that its pattern takes, and ends with its deletion", async () => {
    const logGroupName = await newGroup(logs);
    const { StreamName, arn: destinationArn } = await newStream();
    const roleArn = await writerRole(destinationArn);
    await subscribe({ logGroupName, filterPattern: "[ip, size > 10]", destinationArn, roleArn });
    await put(logs, logGroupName, ["1.1.1.1 20", "1.1.1.1 5"]);
    await logs.send(new DeleteSubscriptionFilterCommand({ logGroupName, filterName: "f" }));
    await put(logs, logGroupName, ["2.2.2.2 30"]);
    const [, ...data] = await messagesIn(StreamName);
    expect(data).toMatchObject([
      { logEvents: [{ message: "1.1.1.1 20", extractedFields: { ip: "1.1.1.1", size: "20" } }] },
    ]);
  });

  it("is refused where its role may not write, and counts what it cannot deliver later", async () => {
    const logGroupName = await newGroup(logs);
    const { StreamName, arn: destinationArn } = await newStream();
    const roleArn = await writerRole("arn:aws:kinesis:us-east-1:111122223333:stream/other");
    const error = await errorOf(subscribe({ logGroupName, destinationArn, roleArn }));
    expect([error.name, error.message]).toEqual([
      "InvalidParameterException",
      expect.stringContaining("Could not deliver test message to specified Kinesis stream."),
    ]);
    const right = await writerRole(destinationArn);
    await subscribe({ logGroupName, destinationArn, roleArn: right });
    const RoleName = right.slice(right.lastIndexOf("/") + 1);
    await home.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "write" }));
    await put(logs, logGroupName, ["lost"]);
    expect(await messagesIn(StreamName)).toHaveLength(1);
    const Dimensions = [
      { Name: "LogGroupName", Value: logGroupName },
      { Name: "DestinationType", Value: "Kinesis Stream" },
      { Name: "FilterName", Value: "f" },
    ];
    const now = Date.now();
    const { Datapoints } = await home.cloudwatch.getMetricStatistics({
      Namespace: "AWS/Logs",
      MetricName: "DeliveryErrors",
      Dimensions,
      StartTime: new Date(now - 600_000),
      EndTime: new Date(now + 600_000),
      Period: 3_600,
      Statistics: ["Sum"],
    });
    expect(Datapoints?.map(({ Sum }) => Sum)).toEqual([1]);
  });
});

describe("an account's subscription filter policy", () => {
  it("forwards lines of all groups but those that it leaves out", async () => {
    const [group, left] = [await newGroup(logs), await newGroup(logs)];
    const { StreamName, arn: DestinationArn } = await newStream();
    const RoleArn = await writerRole(DestinationArn);
    const input = { policyName: "central", policyType: "SUBSCRIPTION_FILTER_POLICY" } as const;
    const selectionCriteria = `LogGroupName NOT IN ["${left}"]`;
    const policyDocument = JSON.stringify({ DestinationArn, RoleArn, FilterPattern: "ERROR" });
    const policy = { ...input, policyDocument, selectionCriteria };
    const bad = new PutAccountPolicyCommand({ ...policy, policyDocument: "{}" });
    expect((await errorOf(logs.send(bad))).name).toBe("InvalidParameterException");
    await logs.send(new PutAccountPolicyCommand(policy));
    await put(logs, group, ["ERROR one", "fine"]);
    await put(logs, left, ["ERROR two"]);
    const [control, ...data] = await messagesIn(StreamName);
    expect(control).toMatchObject({ messageType: "CONTROL_MESSAGE" });
    expect(data).toMatchObject([
      {
        logGroup: group,
        subscriptionFilters: ["central"],
        policyLevel: "ACCOUNT_LEVEL_POLICY",
        logEvents: [{ message: "ERROR one" }],
      },
    ]);
    await logs.send(new DeleteAccountPolicyCommand(input));
    await put(logs, group, ["ERROR three"]);
    expect(await messagesIn(StreamName)).toHaveLength(2);
  });
});

describe("a destination", () => {
  it("takes lines of other accounts, as far as its policy lets them", async () => {
    const other = await memberAccount();
    const theirs = clients(cloudkeep, other.credentials);
    const theirKinesis = kinesisClient(cloudkeep, other.credentials);
    const { StreamName, arn: targetArn } = await newStream(theirKinesis, other.accountId);
    const roleArn = await writerRole(targetArn, "*", theirs);
    const destinationName = "central";
    const { destination } = await theirs.logs.send(
      new PutDestinationCommand({ destinationName, targetArn, roleArn }),
    );
    const destinationArn = destination?.arn ?? "";
    const logGroupName = await newGroup(logs);
    const refused = await errorOf(subscribe({ logGroupName, destinationArn }));
    expect(refused.name).toBe("AccessDeniedException");
    const accessPolicy = policyOf({
      Principal: { AWS: cloudkeep.accountId },
      Action: "logs:PutSubscriptionFilter",
      Resource: destinationArn,
    });
    await theirs.logs.send(new PutDestinationPolicyCommand({ destinationName, accessPolicy }));
    await subscribe({ logGroupName, destinationArn });
    await put(logs, logGroupName, ["from afar"]);
    const messages = await messagesIn(StreamName, theirKinesis);
    expect(messages.map(({ messageType }) => messageType)).toEqual([
      "CONTROL_MESSAGE",
      "CONTROL_MESSAGE",
      "DATA_MESSAGE",
    ]);
    expect(messages[2]).toMatchObject({
      owner: cloudkeep.accountId,
      logEvents: [{ message: "from afar" }],
    });
  });
});
