import { AttachUserPolicyCommand, CreateAccessKeyCommand, CreateUserCommand } from "@aws-sdk/client-iam";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { CreateQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, newMember, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

/** The partner is the home account, its customer a member of the organization. */
let cloudkeep: Cloudkeep;
let partner: ReturnType<typeof clients>;
let customer: ReturnType<typeof clients>;
let admin: ReturnType<typeof clients>;
let Account: string;
let QueueUrl: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  partner = clients(cloudkeep, cloudkeep.credentials);
  await partner.organizations.send(new CreateOrganizationCommand({}));
  Account = await newMember(partner.organizations);
  // The root user cannot take on a role.
  const UserName = "admin";
  await partner.iam.send(new CreateUserCommand({ UserName }));
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await partner.iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  const { AccessKey } = await partner.iam.send(new CreateAccessKeyCommand({ UserName }));
  admin = clients(cloudkeep, credentialsOf(AccessKey));
  customer = await asCustomer();
  const Resource = `arn:aws:sqs:us-east-1:${Account}:partner-events`;
  const Policy = policyOf({
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource,
  });
  const made = await customer.sqs.send(
    new CreateQueueCommand({ QueueName: "partner-events", Attributes: { Policy } }),
  );
  QueueUrl = made.QueueUrl ?? "";
});
afterAll(() => cloudkeep.stop());

/** Good for an hour. */
async function asCustomer(): Promise<ReturnType<typeof clients>> {
  const RoleArn = `arn:aws:iam::${Account}:role/OrganizationAccountAccessRole`;
  const { Credentials } = await admin.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "test" }));
  return clients(cloudkeep, credentialsOf(Credentials));
}

const dayMs = 86_400_000;
const source = (name: string) => `aws.partner/example.com/shop/${name}`;
const offer = (name: string) => partner.events.createPartnerEventSource({ Name: source(name), Account });
const stateOf = async (name: string) =>
  (await customer.events.describeEventSource({ Name: source(name) })).State;

async function take(name: string): Promise<void> {
  await customer.events.createEventBus({ Name: source(name), EventSourceName: source(name) });
  const rule = { Name: "all", EventBusName: source(name) };
  const EventPattern = JSON.stringify({ source: [{ prefix: "aws.partner/" }] });
  await customer.events.putRule({ ...rule, EventPattern });
  await customer.events.putTargets({
    Rule: "all",
    EventBusName: source(name),
    Targets: [{ Id: "1", Arn: `arn:aws:sqs:us-east-1:${Account}:partner-events` }],
  });
}

async function put(name: string, size: number) {
  const answer = await partner.events.putPartnerEvents({
    Entries: [{ Source: source(name), DetailType: "Order placed", Detail: JSON.stringify({ size }) }],
  });
  await cloudkeep.clock.advance(0);
  return answer;
}

async function received(): Promise<Record<string, unknown>[]> {
  const { Messages = [] } = await customer.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
  );
  return Messages.map(({ Body = "" }) => JSON.parse(Body) as Record<string, unknown>);
}

describe("a partner event source", () => {
  it("reaches the bus that its customer makes for it, while it is active", async () => {
    const { EventSourceArn } = await offer("orders");
    expect(EventSourceArn).toBe(`arn:aws:events:us-east-1::event-source/${source("orders")}`);
    expect((await errorOf(offer("orders"))).name).toBe("ResourceAlreadyExistsException");
    expect(await stateOf("orders")).toBe("PENDING");
    await put("orders", 1);
    await take("orders");
    expect(await stateOf("orders")).toBe("ACTIVE");
    expect(await put("orders", 2)).toMatchObject({ FailedEntryCount: 0 });
    await customer.events.deactivateEventSource({ Name: source("orders") });
    await put("orders", 3);
    await customer.events.activateEventSource({ Name: source("orders") });
    await put("orders", 4);
    const events = await received();
    expect(events.map(({ detail }) => (detail as { size: number }).size).sort()).toEqual([2, 4]);
    expect(events[0]).toMatchObject({
      source: source("orders"),
      account: Account,
      "detail-type": "Order placed",
    });
    expect((await errorOf(customer.events.activateEventSource({ Name: source("orders") }))).name).toBe(
      "InvalidStateException",
    );
  });

  it("is listed on both sides", async () => {
    await offer("listed");
    const { EventSources } = await customer.events.listEventSources({ NamePrefix: source("listed") });
    expect(EventSources).toMatchObject([
      { Name: source("listed"), CreatedBy: "example.com", State: "PENDING" },
    ]);
    const { PartnerEventSources } = await partner.events.listPartnerEventSources({
      NamePrefix: source("listed"),
    });
    expect(PartnerEventSources?.map(({ Name }) => Name)).toEqual([source("listed")]);
    const { PartnerEventSourceAccounts } = await partner.events.listPartnerEventSourceAccounts({
      EventSourceName: source("listed"),
    });
    expect(PartnerEventSourceAccounts).toMatchObject([{ Account, State: "PENDING" }]);
    expect(await partner.events.describePartnerEventSource({ Name: source("listed") })).toMatchObject({
      Name: source("listed"),
    });
    const notTheirs = customer.events.describePartnerEventSource({ Name: source("listed") });
    expect((await errorOf(notTheirs)).name).toBe("ResourceNotFoundException");
  });

  it("that nobody takes up is gone after two weeks", async () => {
    await offer("late");
    await cloudkeep.clock.advance(14 * dayMs);
    customer = await asCustomer();
    expect((await errorOf(stateOf("late"))).name).toBe("ResourceNotFoundException");
    await offer("late");
    await partner.events.deletePartnerEventSource({ Name: source("late"), Account });
    expect((await errorOf(stateOf("late"))).name).toBe("ResourceNotFoundException");
    await partner.events.deletePartnerEventSource({ Name: source("late"), Account });
  });

  it("that its partner deletes stays with its bus, as deleted", async () => {
    await offer("ended");
    await take("ended");
    await partner.events.deletePartnerEventSource({ Name: source("ended"), Account });
    expect(await stateOf("ended")).toBe("DELETED");
    await customer.events.deleteEventBus({ Name: source("ended") });
    expect((await errorOf(stateOf("ended"))).name).toBe("ResourceNotFoundException");
  });

  it("waits again when its bus is deleted", async () => {
    await offer("again");
    await take("again");
    await customer.events.deleteEventBus({ Name: source("again") });
    expect(await stateOf("again")).toBe("PENDING");
    await take("again");
    expect(await stateOf("again")).toBe("ACTIVE");
  });

  it("needs a name that is nobody else's, and a bus of the same name", async () => {
    await offer("mine");
    const stolen = customer.events.createPartnerEventSource({ Name: source("stolen"), Account });
    expect((await errorOf(stolen)).name).toBe("OperationDisabledException");
    const forged = await customer.events.putPartnerEvents({
      Entries: [{ Source: source("orders"), DetailType: "x", Detail: "{}" }],
    });
    expect(forged.Entries).toMatchObject([{ ErrorCode: "NotAuthorizedForSourceException" }]);
    const other = { Name: "other", EventSourceName: source("mine") };
    expect((await errorOf(customer.events.createEventBus(other))).message).toBe(
      "The name of a partner event bus must be that of its event source.",
    );
    const none = { Name: source("none"), EventSourceName: source("none") };
    expect((await errorOf(customer.events.createEventBus(none))).name).toBe("ResourceNotFoundException");
    expect((await errorOf(customer.events.createEventBus({ Name: source("mine") }))).name).toBe(
      "ValidationException",
    );
  });
});
