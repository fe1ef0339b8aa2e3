import {
  type CloudWatchLogsClient,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { logsClient, newGroup, newStream, put } from "./testing.ts";

let cloudkeep: Cloudkeep;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = logsClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const dayMs = 86_400_000;

describe("lines of a stream", () => {
  it("come back in order of their times, whatever the order of their batches", async () => {
    const logGroupName = await newGroup(logs);
    const now = Date.now();
    await put(logs, logGroupName, [
      ["b", now - 5_000],
      ["e", now],
    ]);
    await put(logs, logGroupName, [
      ["a", now - dayMs],
      ["c", now - 4_000],
    ]);
    await put(logs, logGroupName, [["d", now - 3_000]]);
    const read = { logGroupName, logStreamName: "s", startFromHead: true };
    const { events } = await logs.send(new GetLogEventsCommand(read));
    expect(events?.map(({ message }) => message)).toEqual(["a", "b", "c", "d", "e"]);
    const filtered = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    expect(filtered.events?.map(({ message }) => message)).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("are paged in both directions, with the same token at an end", async () => {
    const logGroupName = await newGroup(logs);
    const now = Date.now();
    for (let i = 0; i < 5; i += 1) {
      await put(
        logs,
        logGroupName,
        Array.from({ length: 4 }, (_, j): [string, number] => [`${i * 4 + j}`, now - 1000 + i * 4 + j]),
      );
    }
    const read = async (nextToken?: string, startFromHead = true) => {
      const { events, ...tokens } = await logs.send(
        new GetLogEventsCommand({ logGroupName, logStreamName: "s", limit: 7, startFromHead, nextToken }),
      );
      return { texts: events?.map(({ message }) => Number(message)), ...tokens };
    };
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    const first = await read();
    expect(first.texts).toEqual(range(0, 7));
    expect(first.nextForwardToken).toMatch(/^f\/\d{56}\/s$/);
    const second = await read(first.nextForwardToken);
    const third = await read(second.nextForwardToken);
    expect([second.texts, third.texts]).toEqual([range(7, 14), range(14, 20)]);
    const end = await read(third.nextForwardToken);
    expect([end.texts, end.nextForwardToken]).toEqual([[], third.nextForwardToken]);
    expect((await read(end.nextBackwardToken)).texts).toEqual(range(13, 20));
    expect((await read(second.nextBackwardToken)).texts).toEqual(range(0, 7));
    const tail = await read(undefined, false);
    expect(tail.texts).toEqual(range(13, 20));
    const start = await read(first.nextBackwardToken);
    expect([start.texts, start.nextBackwardToken]).toEqual([[], first.nextBackwardToken]);
  });

  it("are all found, however many batches come at the same time", async () => {
    const logGroupName = await newGroup(logs);
    const now = Date.now();
    const count = 1_500;
    const left = Array.from({ length: count }, (_, i) => i);
    const writers = Array.from({ length: 16 }, async () => {
      for (let i = left.pop(); i !== undefined; i = left.pop())
        await put(logs, logGroupName, [[`${i}`, now]]);
    });
    await Promise.all(writers);
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    expect(new Set(events?.map(({ message }) => message)).size).toBe(count);
  }, 30_000);

  it("stay the same when they are counted and merged", async () => {
    const logGroupName = await newGroup(logs);
    const now = Date.now();
    for (let i = 0; i < 30; i += 1) await put(logs, logGroupName, [[`line ${i}`, now - 60_000 + (i % 7)]]);
    const read = async () => (await logs.send(new FilterLogEventsCommand({ logGroupName }))).events;
    const before = await read();
    expect(before).toHaveLength(30);
    await cloudkeep.clock.advance(10_000);
    expect(await read()).toEqual(before);
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    const bytes = before?.reduce((sum, { message }) => sum + (message?.length ?? 0), 0);
    expect(logGroups?.[0]?.storedBytes).toBe(bytes);
    const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
    expect(logStreams?.[0]).toMatchObject({
      firstEventTimestamp: now - 60_000,
      lastEventTimestamp: now - 60_000 + 6,
    });
  });

  it("expire by the group's retention, by the clock", async () => {
    const logGroupName = await newGroup(logs);
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 3 }));
    const now = cloudkeep.clock.now();
    await put(logs, logGroupName, [["old", now - 2 * dayMs]]);
    await put(logs, logGroupName, [["new", now]]);
    const texts = async () =>
      (await logs.send(new FilterLogEventsCommand({ logGroupName }))).events?.map(({ message }) => message);
    expect(await texts()).toEqual(["old", "new"]);
    await cloudkeep.clock.advance(1.5 * dayMs);
    expect(await texts()).toEqual(["new"]);
    await cloudkeep.clock.advance(3 * dayMs);
    expect(await texts()).toEqual([]);
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    expect(logGroups?.[0]?.storedBytes).toBe(0);
  });
});

describe("streams of a group", () => {
  it("are searched together, or by name", async () => {
    const logGroupName = await newGroup(logs);
    const now = cloudkeep.clock.now();
    for (const name of ["web-1", "web-2", "db"]) await newStream(logs, logGroupName, name);
    await put(
      logs,
      logGroupName,
      [
        ["1", now],
        ["4", now + 3],
      ],
      "web-1",
    );
    await put(
      logs,
      logGroupName,
      [
        ["2", now + 1],
        ["5", now + 4],
      ],
      "web-2",
    );
    await put(logs, logGroupName, [["3", now + 2]], "db");
    const texts = async (input: object) =>
      (await logs.send(new FilterLogEventsCommand({ logGroupName, ...input }))).events?.map(
        ({ message }) => message,
      );
    expect(await texts({})).toEqual(["1", "2", "3", "4", "5"]);
    expect(await texts({ logStreamNamePrefix: "web-" })).toEqual(["1", "2", "4", "5"]);
    expect(await texts({ logStreamNames: ["db", "web-2"] })).toEqual(["2", "3", "5"]);
    expect(await texts({ startTime: now + 1, endTime: now + 3 })).toEqual(["2", "3", "4"]);
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName, limit: 2 }));
    const rest = await logs.send(new FilterLogEventsCommand({ logGroupName, nextToken: page.nextToken }));
    expect([page.events?.length, rest.events?.map(({ message }) => message)]).toEqual([2, ["3", "4", "5"]]);
    const other = new FilterLogEventsCommand({ logGroupName, nextToken: page.nextToken, filterPattern: "x" });
    expect((await errorOf(logs.send(other))).message).toBe("The specified nextToken is invalid.");
  });

  it("are listed by name and by their last event", async () => {
    const logGroupName = await newGroup(logs);
    const now = cloudkeep.clock.now();
    for (const [i, name] of ["c", "a", "b"].entries()) {
      await newStream(logs, logGroupName, name);
      await put(logs, logGroupName, [["x", now + i]], name);
    }
    const names = async (input: object) =>
      (await logs.send(new DescribeLogStreamsCommand({ logGroupName, ...input }))).logStreams?.map(
        ({ logStreamName }) => logStreamName,
      );
    expect(await names({})).toEqual(["a", "b", "c", "s"]);
    expect(await names({ orderBy: "LastEventTime", descending: true })).toEqual(["b", "a", "c", "s"]);
    await put(logs, logGroupName, [["y", now + 9]], "c");
    await cloudkeep.clock.advance(10_000);
    expect(await names({ orderBy: "LastEventTime", descending: true, limit: 2 })).toEqual(["c", "b"]);
  });

  it("take their lines with them when they are deleted", async () => {
    const logGroupName = await newGroup(logs);
    await newStream(logs, logGroupName, "t");
    await put(logs, logGroupName, [["kept", cloudkeep.clock.now()]]);
    await put(logs, logGroupName, [["gone", cloudkeep.clock.now()]], "t");
    await logs.send(new DeleteLogStreamCommand({ logGroupName, logStreamName: "t" }));
    const texts = async () =>
      (await logs.send(new FilterLogEventsCommand({ logGroupName }))).events?.map(({ message }) => message);
    expect(await texts()).toEqual(["kept"]);
    await newStream(logs, logGroupName, "t");
    await cloudkeep.clock.advance(10_000);
    expect(await texts()).toEqual(["kept"]);
    await logs.send(new DeleteLogGroupCommand({ logGroupName }));
    const error = await errorOf(logs.send(new FilterLogEventsCommand({ logGroupName })));
    expect(error.message).toBe("The specified log group does not exist.");
  });
});
