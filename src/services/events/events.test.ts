import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

const pattern = JSON.stringify({ source: ["orders"], detail: { size: [{ numeric: [">", 10] }] } });
const entry = (detail: object, EventBusName?: string) => ({
  Source: "orders",
  DetailType: "Order placed",
  Detail: JSON.stringify(detail),
  ...(EventBusName && { EventBusName }),
});

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

describe("rules", () => {
  it("are made, changed, listed by prefix and page, and deleted once without targets", async () => {
    const { events } = root;
    for (let i = 0; i < 5; i += 1) await events.putRule({ Name: `listed-${i}`, EventPattern: pattern });
    const first = await events.listRules({ NamePrefix: "listed-", Limit: 3 });
    expect(first.Rules?.map(({ Name }) => Name)).toEqual(["listed-0", "listed-1", "listed-2"]);
    const rest = await events.listRules({ NamePrefix: "listed-", Limit: 3, NextToken: first.NextToken });
    expect(rest.Rules?.map(({ Name }) => Name)).toEqual(["listed-3", "listed-4"]);
    expect(rest.NextToken).toBeUndefined();
    await events.putTargets({
      Rule: "listed-0",
      Targets: [{ Id: "1", Arn: "arn:aws:sqs:us-east-1:000000000000:q" }],
    });
    expect((await errorOf(events.deleteRule({ Name: "listed-0" }))).message).toBe(
      "Rule can't be deleted since it has targets.",
    );
    await events.removeTargets({ Rule: "listed-0", Ids: ["1"] });
    await events.deleteRule({ Name: "listed-0" });
    expect((await errorOf(events.describeRule({ Name: "listed-0" }))).message).toBe(
      "Rule listed-0 does not exist on EventBus default.",
    );
  });

  it("need a pattern that is one, or a schedule on the default bus", async () => {
    const { events } = root;
    expect((await errorOf(events.putRule({ Name: "r", EventPattern: '{"a": 1}' }))).name).toBe(
      "InvalidEventPatternException",
    );
    expect((await errorOf(events.putRule({ Name: "r" }))).message).toBe(
      "Parameter(s) EventPattern or ScheduleExpression must be specified.",
    );
    expect(
      (await errorOf(events.putRule({ Name: "r", ScheduleExpression: "rate(10 seconds)" }))).message,
    ).toBe("Parameter ScheduleExpression is not valid.");
  });
});

/** A role that EventBridge may take to put events onto any bus of the account. */
async function forwardingRole(RoleName: string, action = "events:PutEvents"): Promise<string> {
  const { Role } = await root.iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: policyOf({
        Principal: { Service: "events.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": cloudkeep.accountId } },
      }),
    }),
  );
  const PolicyDocument = policyOf({ Action: action, Resource: "*" });
  await root.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "put", PolicyDocument }));
  return Role?.Arn ?? "";
}

/** Events that came onto a bus, by an archive of all of them. */
async function archived(events: typeof root.events, ArchiveName: string): Promise<number> {
  return (await events.describeArchive({ ArchiveName })).EventCount ?? 0;
}

describe("an event", () => {
  it("is forwarded to a bus of another Region by the rule's role, and by nobody else", async () => {
    const there = clients(cloudkeep, cloudkeep.credentials, "eu-west-1").events;
    const { EventBusArn } = await there.createEventBus({ Name: "hub" });
    await there.createArchive({ ArchiveName: "hub", EventSourceArn: EventBusArn });
    const RoleArn = await forwardingRole("forward");
    await root.events.putRule({ Name: "forward", EventPattern: pattern });
    await root.events.putTargets({ Rule: "forward", Targets: [{ Id: "hub", Arn: EventBusArn, RoleArn }] });
    const answer = await root.events.putEvents({ Entries: [entry({ size: 11 }), entry({ size: 9 })] });
    expect(answer.FailedEntryCount).toBe(0);
    await vi.waitFor(async () => expect(await archived(there, "hub")).toBe(1));
    // Without a role, the bus's policy would have to let EventBridge in.
    await root.events.putTargets({ Rule: "forward", Targets: [{ Id: "hub", Arn: EventBusArn }] });
    await root.events.putEvents({ Entries: [entry({ size: 12 })] });
    await cloudkeep.clock.advance(0);
    expect(await archived(there, "hub")).toBe(1);
  });

  it("that feeds itself is stopped", async () => {
    const { EventBusArn } = await root.events.createEventBus({ Name: "loop" });
    await root.events.createArchive({ ArchiveName: "loop", EventSourceArn: EventBusArn });
    const RoleArn = await forwardingRole("loop");
    await root.events.putRule({ Name: "loop", EventBusName: "loop", EventPattern: '{"source":["orders"]}' });
    await root.events.putTargets({
      Rule: "loop",
      EventBusName: "loop",
      Targets: [{ Id: "itself", Arn: EventBusArn, RoleArn }],
    });
    await root.events.putEvents({ Entries: [entry({}, "loop")] });
    await cloudkeep.clock.advance(0);
    const count = await archived(root.events, "loop");
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThan(20);
    await cloudkeep.clock.advance(86_400_000);
    expect(await archived(root.events, "loop")).toBe(count);
  });

  it("is refused entry by entry", async () => {
    const { Entries } = await root.events.putEvents({
      Entries: [
        entry({}),
        { ...entry({}), Source: "aws.iam" },
        { ...entry({}), Detail: "[1]" },
        { Source: "orders", Detail: "{}" },
      ],
    });
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      "NotAuthorizedForSourceException",
      "MalformedDetail",
      "InvalidArgument",
    ]);
  });
});

describe("an archive", () => {
  it("keeps what its pattern asks for, and a replay sends it again to the rules that it names", async () => {
    const { EventBusArn } = await root.events.createEventBus({ Name: "kept" });
    const copy = await root.events.createEventBus({ Name: "copy" });
    const { ArchiveArn } = await root.events.createArchive({
      ArchiveName: "large",
      EventSourceArn: EventBusArn,
      EventPattern: pattern,
    });
    await root.events.createArchive({ ArchiveName: "copy", EventSourceArn: copy.EventBusArn });
    await root.events.putEvents({ Entries: [1, 11, 12].map((size) => entry({ size }, "kept")) });
    expect(await archived(root.events, "large")).toBe(2);
    const RoleArn = await forwardingRole("replay");
    await root.events.putRule({
      Name: "again",
      EventBusName: "kept",
      EventPattern: '{"replay-name":[{"exists":true}]}',
    });
    await root.events.putTargets({
      Rule: "again",
      EventBusName: "kept",
      Targets: [{ Id: "copy", Arn: copy.EventBusArn, RoleArn }],
    });
    const { Arn: again } = await root.events.describeRule({ Name: "again", EventBusName: "kept" });
    const now = cloudkeep.clock.now();
    await root.events.startReplay({
      ReplayName: "again",
      EventSourceArn: ArchiveArn,
      EventStartTime: new Date(now - 3_600_000),
      EventEndTime: new Date(now + 3_600_000),
      Destination: { Arn: EventBusArn, FilterArns: [again as string] },
    });
    await cloudkeep.clock.advance(0);
    expect((await root.events.describeReplay({ ReplayName: "again" })).State).toBe("COMPLETED");
    expect(await archived(root.events, "copy")).toBe(2);
    expect(await archived(root.events, "large")).toBe(2);
  });
});

describe("a schedule", () => {
  it("runs by the clock, and not while its rule is disabled", async () => {
    const clock = await root.events.createEventBus({ Name: "ticks" });
    await root.events.createArchive({ ArchiveName: "ticks", EventSourceArn: clock.EventBusArn });
    const RoleArn = await forwardingRole("ticks");
    await root.events.putRule({ Name: "tick", ScheduleExpression: "rate(5 minutes)" });
    await root.events.putTargets({ Rule: "tick", Targets: [{ Id: "bus", Arn: clock.EventBusArn, RoleArn }] });
    await cloudkeep.clock.advance(16 * 60_000);
    expect(await archived(root.events, "ticks")).toBe(3);
    await root.events.disableRule({ Name: "tick" });
    await cloudkeep.clock.advance(60 * 60_000);
    expect(await archived(root.events, "ticks")).toBe(3);
  });
});

describe("an API destination", () => {
  let server: Server;
  const asked: { url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  let status = 200;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (piece) => {
        body += piece;
      });
      request.on("end", () => {
        asked.push({ url: request.url ?? "", headers: request.headers, body });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  async function destination(name: string, InvocationEndpoint: string): Promise<void> {
    const { ConnectionArn } = await root.events.createConnection({
      Name: name,
      AuthorizationType: "API_KEY",
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: "a very secret value" } },
    });
    const { ApiDestinationArn } = await root.events.createApiDestination({
      Name: name,
      ConnectionArn,
      InvocationEndpoint,
      HttpMethod: "POST",
    });
    await root.events.putRule({ Name: name, EventPattern: `{"detail":{"to":["${name}"]}}` });
    await root.events.putTargets({
      Rule: name,
      Targets: [{ Id: "api", Arn: ApiDestinationArn, HttpParameters: { PathParameterValues: ["7"] } }],
    });
  }

  it("is called with the connection's key, again if it fails, and no answer shows the key", async () => {
    const { port } = server.address() as AddressInfo;
    await destination("hook", `http://127.0.0.1:${port}/orders/*`);
    status = 503;
    await root.events.putEvents({ Entries: [entry({ to: "hook" })] });
    await vi.waitFor(() => expect(asked.length).toBe(1));
    status = 200;
    await cloudkeep.clock.advance(5_000);
    expect(asked.length).toBe(2);
    expect(asked[1]?.url).toBe("/orders/7");
    expect(asked[1]?.headers["x-key"]).toBe("a very secret value");
    expect(JSON.parse(asked[1]?.body ?? "")).toMatchObject({ source: "orders", detail: { to: "hook" } });
    const shown = JSON.stringify(await root.events.describeConnection({ Name: "hook" }));
    expect(shown).not.toContain("a very secret value");
    await cloudkeep.clock.advance(86_400_000);
    expect(asked.length).toBe(2);
  });

  it("is not asked at an address where machines hand out credentials", async () => {
    await destination("metadata", "http://169.254.169.254/latest/meta-data");
    await root.events.putEvents({ Entries: [entry({ to: "metadata" })] });
    await cloudkeep.clock.advance(0);
    expect(asked.length).toBe(2);
  });
});

describe("a bus's policy", () => {
  it("is put together and taken apart statement by statement", async () => {
    const { events } = root;
    await events.createEventBus({ Name: "shared" });
    const permission = { EventBusName: "shared", Action: "events:PutEvents", Principal: "111122223333" };
    await events.putPermission({ ...permission, StatementId: "one" });
    await events.putPermission({ ...permission, StatementId: "two" });
    await events.removePermission({ EventBusName: "shared", StatementId: "one" });
    const { Policy } = await events.describeEventBus({ Name: "shared" });
    expect(JSON.parse(Policy ?? "").Statement).toEqual([
      {
        Sid: "two",
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:root" },
        Action: "events:PutEvents",
        Resource: `arn:aws:events:us-east-1:${cloudkeep.accountId}:event-bus/shared`,
      },
    ]);
    expect(
      (await errorOf(events.removePermission({ EventBusName: "shared", StatementId: "one" }))).message,
    ).toBe("Statement with the provided id does not exist.");
  });
});
