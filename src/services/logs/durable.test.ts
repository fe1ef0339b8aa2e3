import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import {
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  GetQueryResultsCommand,
  PutLogEventsCommand,
  PutResourcePolicyCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf } from "../../../test/harness.ts";
import type { RecordRow } from "../../kit/record.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { LevelStore } from "../../storage/level.ts";
import { logsClient, newGroup, newStream, put } from "./testing.ts";

/** Lines on a disk, through restarts; who may read them, and what the record says of it. */

let dir: string;
let store: LevelStore;
let cloudkeep: Cloudkeep;

async function open(): Promise<void> {
  store = await LevelStore.open({ dir, rootKey: async () => [key] });
  cloudkeep = await start({ store, credentialsFile: join(dir, "credentials.json") });
}

let key: Parameters<Awaited<ReturnType<typeof rootKey>>["push"]>[0];
async function rootKey() {
  const { createSecretKey, randomBytes } = await import("node:crypto");
  return [createSecretKey(randomBytes(32))];
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "cloudkeep-logs-"));
  [key] = (await rootKey()) as [typeof key];
  await open();
});
afterEach(async () => {
  await cloudkeep.stop();
  await rm(dir, { recursive: true, force: true });
});

const root = () => logsClient(cloudkeep, cloudkeep.credentials);

describe("on a disk", () => {
  it("lines, their order, tokens and counts outlive a restart", async () => {
    const logGroupName = await newGroup(root());
    const now = cloudkeep.clock.now();
    for (let i = 0; i < 40; i += 1) await put(root(), logGroupName, [[`line ${i}`, now - 10_000 + i * 10]]);
    const read = { logGroupName, logStreamName: "s", startFromHead: true, limit: 15 };
    const first = await root().send(new GetLogEventsCommand(read));
    const { queryId } = await root().send(
      new StartQueryCommand({ logGroupName, queryString: "stats count(*)", startTime: 0, endTime: now }),
    );
    await cloudkeep.stop();
    await open();
    // Merging was left to this run: what it moves is where the token leads.
    await cloudkeep.clock.advance(120_000);
    const rest = await root().send(
      new GetLogEventsCommand({ ...read, limit: 100, nextToken: first.nextForwardToken }),
    );
    expect(rest.events?.map(({ message }) => message)).toEqual(
      Array.from({ length: 25 }, (_, i) => `line ${i + 15}`),
    );
    const { logGroups } = await root().send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }),
    );
    expect(logGroups?.[0]?.storedBytes).toBe(10 * 6 + 30 * 7);
    await expect
      .poll(async () => (await root().send(new GetQueryResultsCommand({ queryId }))).results)
      .toEqual([[{ field: "count(*)", value: "40" }]]);
  });

  it("writers of one group do not make each other run again", async () => {
    const logGroupName = await newGroup(root());
    const names = Array.from({ length: 8 }, (_, i) => `w${i}`);
    for (const name of names) await newStream(root(), logGroupName, name);
    const now = cloudkeep.clock.now();
    await Promise.all(names.map((name) => put(root(), logGroupName, [["first", now]], name)));
    const before = (store.stats() as { conflicts: number }).conflicts;
    const writers = names.map(async (name) => {
      const client = root();
      for (let i = 0; i < 20; i += 1) await put(client, logGroupName, [[`${name} ${i}`, now + i]], name);
    });
    await Promise.all(writers);
    expect((store.stats() as { conflicts: number }).conflicts - before).toBe(0);
    const { events } = await root().send(new FilterLogEventsCommand({ logGroupName }));
    expect(events).toHaveLength(8 * 21);
  }, 30_000);
});

describe("access", () => {
  it("is to groups and streams by their ARNs", async () => {
    const { iam } = clients(cloudkeep, cloudkeep.credentials);
    const mine = await newGroup(root());
    const other = await newGroup(root());
    await iam.send(new CreateUserCommand({ UserName: "ann" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
    const arn = `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${mine}:*`;
    const Statement = [{ Effect: "Allow", Action: ["logs:PutLogEvents", "logs:Filter*"], Resource: arn }];
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await iam.send(new PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument }));
    const ann = logsClient(cloudkeep, credentialsOf(AccessKey));
    await put(ann, mine, ["hers"]);
    const { events } = await ann.send(new FilterLogEventsCommand({ logGroupName: mine }));
    expect(events?.map(({ message }) => message)).toEqual(["hers"]);
    const error = await errorOf(ann.send(new FilterLogEventsCommand({ logGroupName: other })));
    expect(error.message).toContain(
      `is not authorized to perform: logs:FilterLogEvents on resource: arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${other}:log-stream:`,
    );
  });

  it("is had from another account where a group's own policy gives it, and its identity's", async () => {
    const group = await newGroup(root());
    const resourceArn = `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${group}`;
    await expect(
      root().send(new PutResourcePolicyCommand({ policyName: "p", policyDocument: "{}", resourceArn })),
    ).rejects.toThrow();
    const Statement = [{ Effect: "Deny", Principal: "*", Action: "logs:GetLogEvents", Resource: "*" }];
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await root().send(new PutResourcePolicyCommand({ policyName: "p", policyDocument, resourceArn }));
    const read = new GetLogEventsCommand({ logGroupName: group, logStreamName: "s" });
    expect((await errorOf(root().send(read))).message).toContain(
      "with an explicit deny in a resource-based policy",
    );
  });

  it("that writes lines is a data event, and does not repeat the lines", async () => {
    const { cloudtrail } = clients(cloudkeep, cloudkeep.credentials);
    const logGroupName = await newGroup(root());
    const logEvents = [{ timestamp: cloudkeep.clock.now(), message: "a secret line" }];
    await root().send(new PutLogEventsCommand({ logGroupName, logStreamName: "s", logEvents }));
    await root().send(new FilterLogEventsCommand({ logGroupName }));
    const { entries } = await store.log("record").read({ limit: 100, reverse: true });
    expect(entries.some(({ text }) => text.includes("a secret line"))).toBe(false);
    const event = entries
      .map(({ text }) => (JSON.parse(text) as RecordRow).event)
      .find(({ eventName }) => eventName === "PutLogEvents");
    expect(event).toMatchObject({
      managementEvent: false,
      eventCategory: "Data",
      requestParameters: { logGroupName, logStreamName: "s" },
      responseElements: expect.anything(),
    });
    const { Events } = await cloudtrail.send(new LookupEventsCommand({}));
    const names = Events?.map(({ EventName }) => EventName);
    expect(names).toContain("FilterLogEvents");
    expect(names).not.toContain("PutLogEvents");
  });
});
