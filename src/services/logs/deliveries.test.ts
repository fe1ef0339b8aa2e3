import {
  CreateDeliveryCommand,
  DeleteDeliveryDestinationCommand,
  DeleteDeliverySourceCommand,
  DescribeConfigurationTemplatesCommand,
  DescribeResourcePoliciesCommand,
  GetDeliveryCommand,
  ListTagsForResourceCommand,
  PutDataProtectionPolicyCommand,
  PutDeliveryDestinationCommand,
  PutDeliveryDestinationPolicyCommand,
  PutDeliverySourceCommand,
  TagResourceCommand,
  UpdateDeliveryConfigurationCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import {
  firehoseClient,
  mayPut,
  newBucket,
  newDeliveryStream,
  newRole,
  objectsIn,
} from "../firehose/testing.ts";
import { logsClient, newGroup, put } from "./testing.ts";

/** Deliveries of services' logs: kept, and judged; and what is written by Logs itself. */

let cloudkeep: Cloudkeep;
let logs: ReturnType<typeof logsClient>;
let home: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = logsClient(cloudkeep, cloudkeep.credentials);
  home = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

let serial = 0;

async function newSource(client = logs) {
  serial += 1;
  const name = `source-${serial}`;
  const resourceArn = `arn:aws:events:us-east-1:${cloudkeep.accountId}:event-bus/bus-${serial}`;
  await client.send(new PutDeliverySourceCommand({ name, resourceArn, logType: "ERROR_LOGS" }));
  return { name, resourceArn };
}

async function newDestination(destinationResourceArn: string, more: object = {}) {
  serial += 1;
  const name = `destination-${serial}`;
  const deliveryDestinationConfiguration = { destinationResourceArn };
  const { deliveryDestination } = await logs.send(
    new PutDeliveryDestinationCommand({ name, deliveryDestinationConfiguration, ...more }),
  );
  return { name, arn: deliveryDestination?.arn ?? "" };
}

describe("a delivery", () => {
  it("joins a source and a destination, which then cannot go", async () => {
    const group = `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${await newGroup(logs)}`;
    const { name: deliverySourceName } = await newSource();
    const { name, arn: deliveryDestinationArn } = await newDestination(group);
    const input = { deliverySourceName, deliveryDestinationArn, tags: { a: "1" } };
    const { delivery } = await logs.send(new CreateDeliveryCommand(input));
    expect(delivery).toMatchObject({ deliveryDestinationType: "CWL", tags: { a: "1" } });
    for (const command of [
      new CreateDeliveryCommand(input),
      new DeleteDeliverySourceCommand({ name: deliverySourceName }),
      new DeleteDeliveryDestinationCommand({ name }),
    ]) {
      expect((await errorOf(logs.send(command as CreateDeliveryCommand))).name).toBe("ConflictException");
    }
    // As on AWS, the log group lets the deliveries in from now on.
    const { resourcePolicies } = await logs.send(new DescribeResourcePoliciesCommand({}));
    expect(resourcePolicies).toMatchObject([{ policyName: "AWSLogDeliveryWrite20150319" }]);
    const resourceArn = delivery?.arn ?? "";
    await logs.send(new TagResourceCommand({ resourceArn, tags: { b: "2" } }));
    const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual({ a: "1", b: "2" });
  });

  it("takes fields and paths that the source has", async () => {
    const { name: deliverySourceName } = await newSource();
    const { arn } = await newDestination("arn:aws:s3:::somewhere", { outputFormat: "json" });
    const create = (more: object) =>
      logs.send(new CreateDeliveryCommand({ deliverySourceName, deliveryDestinationArn: arn, ...more }));
    expect((await errorOf(create({ recordFields: ["none"] }))).name).toBe("ValidationException");
    expect((await errorOf(create({ fieldDelimiter: "," }))).name).toBe("ValidationException");
    const { delivery } = await create({ recordFields: ["event_id"] });
    const id = delivery?.id ?? "";
    const s3DeliveryConfiguration = { suffixPath: "logs/{yyyy}", enableHiveCompatiblePath: true };
    await logs.send(new UpdateDeliveryConfigurationCommand({ id, s3DeliveryConfiguration }));
    const { delivery: after } = await logs.send(new GetDeliveryCommand({ id }));
    expect(after).toMatchObject({ recordFields: ["event_id"], s3DeliveryConfiguration });
  });

  it("needs what the service asks of its source, and of the destination", async () => {
    const { iam } = home;
    await iam.send(new CreateUserCommand({ UserName: "deliverer" }));
    const allow = async (PolicyName: string, statement: object) =>
      iam.send(
        new PutUserPolicyCommand({
          UserName: "deliverer",
          PolicyName,
          PolicyDocument: policyOf({ ...statement }),
        }),
      );
    await allow("logs", { Action: ["logs:PutDeliverySource", "logs:CreateDelivery"], Resource: "*" });
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "deliverer" }));
    const user = logsClient(cloudkeep, credentialsOf(AccessKey));
    expect(await errorOf(newSource(user))).toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("events:AllowVendedLogDeliveryForResource"),
    });
    await allow("events", { Action: "events:AllowVendedLogDeliveryForResource", Resource: "*" });
    const { name: deliverySourceName } = await newSource(user);
    const { name, arn } = await newDestination("arn:aws:s3:::elsewhere");
    const deliveryDestinationPolicy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Principal: "*", Action: "logs:CreateDelivery", Resource: arn }],
    });
    await logs.send(
      new PutDeliveryDestinationPolicyCommand({ deliveryDestinationName: name, deliveryDestinationPolicy }),
    );
    const create = new CreateDeliveryCommand({ deliverySourceName, deliveryDestinationArn: arn });
    expect((await errorOf(user.send(create))).name).toBe("AccessDeniedException");
  });

  it("has templates", async () => {
    const input = { service: "events", logTypes: ["ERROR_LOGS"], deliveryDestinationTypes: ["S3" as const] };
    const { configurationTemplates } = await logs.send(new DescribeConfigurationTemplatesCommand(input));
    expect(configurationTemplates).toMatchObject([
      { resourceType: "event-bus", deliveryDestinationType: "S3" },
    ]);
  });
});

describe("findings of data protection", () => {
  it("come to delivery streams that are tagged for them, as the service-linked role", async () => {
    const firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
    const bucket = await newBucket(home.s3);
    const RoleARN = await newRole(home.iam, cloudkeep.accountId, mayPut(bucket));
    const destination = {
      RoleARN,
      BucketARN: `arn:aws:s3:::${bucket}`,
      BufferingHints: { IntervalInSeconds: 0, SizeInMBs: 1 },
    };
    const Tags = [{ Key: "LogDeliveryEnabled", Value: "true" }];
    const DeliveryStream = await newDeliveryStream(firehose, destination, { Tags });
    const DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"];
    const policyDocument = JSON.stringify({
      Name: "p",
      Version: "2021-06-01",
      Statement: [
        { DataIdentifier, Operation: { Audit: { FindingsDestination: { Firehose: { DeliveryStream } } } } },
        { DataIdentifier, Operation: { Deidentify: { MaskConfig: {} } } },
      ],
    });
    const logGroupIdentifier = await newGroup(logs);
    await logs.send(new PutDataProtectionPolicyCommand({ logGroupIdentifier, policyDocument }));
    await put(logs, logGroupIdentifier, ["ann@example.com"]);
    await cloudkeep.clock.advance(1_000);
    const [object] = [...(await objectsIn(home.s3, bucket)).values()];
    expect(JSON.parse(object?.toString() ?? "{}")).toMatchObject({
      dataIdentifiers: [{ name: "EmailAddress", count: 1 }],
    });
  });
});
