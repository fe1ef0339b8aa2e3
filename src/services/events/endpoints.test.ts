import "@aws-sdk/signature-v4a";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

const regions = ["us-east-1", "eu-west-1"] as const;
const HealthCheck = "arn:aws:route53:::healthcheck/0f0f0f0f";
let cloudkeep: Cloudkeep;
let home: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  home = clients(cloudkeep, cloudkeep.credentials);
  for (const region of regions) {
    const { events, sqs } = clients(cloudkeep, cloudkeep.credentials, region);
    await events.createEventBus({ Name: "orders" });
    const Resource = `arn:aws:sqs:${region}:${cloudkeep.accountId}:arrived`;
    const Policy = policyOf({
      Principal: { Service: "events.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource,
    });
    await sqs.send(new CreateQueueCommand({ QueueName: "arrived", Attributes: { Policy } }));
    const rule = { Rule: "all", EventBusName: "orders" };
    await events.putRule({ Name: "all", EventBusName: "orders", EventPattern: '{"source":["shop"]}' });
    await events.putTargets({ ...rule, Targets: [{ Id: "1", Arn: Resource }] });
  }
  const RoleName = "replicates";
  const AssumeRolePolicyDocument = policyOf({
    Principal: { Service: "events.amazonaws.com" },
    Action: "sts:AssumeRole",
  });
  await home.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = policyOf({ Action: "events:PutEvents", Resource: busArn("eu-west-1") });
  await home.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "put", PolicyDocument }));
});
afterAll(() => cloudkeep.stop());

const busArn = (region: string, name = "orders") =>
  `arn:aws:events:${region}:${cloudkeep.accountId}:event-bus/${name}`;
const RoleArn = () => `arn:aws:iam::${cloudkeep.accountId}:role/replicates`;

const create = (Name: string, more: object = {}) =>
  home.events.createEndpoint({
    Name,
    RoutingConfig: { FailoverConfig: { Primary: { HealthCheck }, Secondary: { Route: "eu-west-1" } } },
    EventBuses: regions.map((region) => ({ EventBusArn: busArn(region) })),
    ReplicationConfig: { State: "DISABLED" },
    ...more,
  });

async function arrived(region: string): Promise<unknown[]> {
  await cloudkeep.clock.advance(0);
  const { sqs } = clients(cloudkeep, cloudkeep.credentials, region);
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${cloudkeep.accountId}/arrived`;
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  return Messages.map(({ Body = "" }) => (JSON.parse(Body) as { detail: { n: number } }).detail.n);
}

const entry = (n: number, EventBusName = "orders") => ({
  Source: "shop",
  DetailType: "Order",
  Detail: JSON.stringify({ n }),
  EventBusName,
});

describe("a global endpoint", () => {
  it("is made, shown, listed, changed and deleted", async () => {
    expect(await create("shown", { Description: "of orders" })).toMatchObject({
      Name: "shown",
      State: "ACTIVE",
      ReplicationConfig: { State: "DISABLED" },
    });
    expect((await errorOf(create("shown"))).name).toBe("ResourceAlreadyExistsException");
    const described = await home.events.describeEndpoint({ Name: "shown" });
    expect(described).toMatchObject({
      Arn: `arn:aws:events:us-east-1:${cloudkeep.accountId}:endpoint/shown`,
      Description: "of orders",
      EndpointUrl: `https://${described.EndpointId}.endpoint.events.amazonaws.com`,
      EventBuses: regions.map((region) => ({ EventBusArn: busArn(region) })),
      RoutingConfig: { FailoverConfig: { Primary: { HealthCheck }, Secondary: { Route: "eu-west-1" } } },
    });
    await home.events.updateEndpoint({
      Name: "shown",
      ReplicationConfig: { State: "ENABLED" },
      RoleArn: RoleArn(),
    });
    const { events: elsewhere } = clients(cloudkeep, cloudkeep.credentials, "eu-west-1");
    expect((await elsewhere.listEndpoints({})).Endpoints).toEqual([]);
    const { Endpoints } = await elsewhere.listEndpoints({ HomeRegion: "us-east-1", NamePrefix: "sh" });
    expect(Endpoints).toMatchObject([{ Name: "shown", ReplicationConfig: { State: "ENABLED" } }]);
    await home.events.deleteEndpoint({ Name: "shown" });
    expect((await errorOf(home.events.describeEndpoint({ Name: "shown" }))).name).toBe(
      "ResourceNotFoundException",
    );
  });

  it("takes events to its primary Region, whoever puts them, and replicates them if it is told to", async () => {
    await create("plain");
    const { EndpointId } = await home.events.describeEndpoint({ Name: "plain" });
    const { events: elsewhere } = clients(cloudkeep, cloudkeep.credentials, "eu-west-1");
    const put = await elsewhere.putEvents({ EndpointId, Entries: [entry(1), entry(2, "default")] });
    expect(put.Entries).toMatchObject([{}, { ErrorCode: "InvalidArgument" }]);
    expect([await arrived("us-east-1"), await arrived("eu-west-1")]).toEqual([[1], []]);
    await home.events.updateEndpoint({
      Name: "plain",
      ReplicationConfig: { State: "ENABLED" },
      RoleArn: RoleArn(),
    });
    await home.events.putEvents({ EndpointId, Entries: [entry(3, busArn("us-east-1"))] });
    expect([await arrived("us-east-1"), await arrived("eu-west-1")]).toEqual([[3], [3]]);
    await home.events.deleteEndpoint({ Name: "plain" });
    const gone = await home.events.putEvents({ EndpointId, Entries: [entry(4)] });
    expect(gone.FailedEntryCount).toBe(1);
  });

  const refused: [input: { EventBuses?: string[]; ReplicationConfig?: object }, words: RegExp][] = [
    [{ ReplicationConfig: { State: "ENABLED" } }, /RoleArn is required/],
    [{ EventBuses: ["us-east-1", "us-east-1"] }, /one in the secondary Region/],
    [{ EventBuses: ["us-east-1", "eu-west-1/other"] }, /identical/],
    [{ EventBuses: ["us-east-1/none", "eu-west-1/none"] }, /does not exist/],
  ];
  it.each(refused)("is refused with %o", async ({ EventBuses, ...more }, words) => {
    const named = EventBuses?.map((text) => {
      const [region = "", name] = text.split("/");
      return { EventBusArn: busArn(region, name) };
    });
    const error = await errorOf(create("bad", { ...more, ...(named && { EventBuses: named }) }));
    expect([error.name, error.message]).toEqual(["ValidationException", expect.stringMatching(words)]);
  });
});
