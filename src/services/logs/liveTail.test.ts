import { CloudWatchLogs, type StartLiveTailResponseStream } from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

let cloudkeep: Cloudkeep;
let logs: CloudWatchLogs;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = newClient();
  for (const logGroupName of ["web", "batch", "quiet"]) {
    await logs.createLogGroup({ logGroupName });
    for (const logStreamName of ["i-1", "i-2", "j-1"])
      await logs.createLogStream({ logGroupName, logStreamName });
  }
});
afterAll(() => cloudkeep.stop());

/** The SDK would ask "streaming-127.0.0.1" otherwise. */
const newClient = () =>
  new CloudWatchLogs({ ...optionsOf(cloudkeep, cloudkeep.credentials), disableHostPrefix: true });

const arnOf = (name: string) => `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${name}`;

function put(logGroupName: string, logStreamName: string, ...messages: string[]) {
  const logEvents = messages.map((message) => ({ timestamp: Date.now(), message }));
  return logs.putLogEvents({ logGroupName, logStreamName, logEvents });
}

interface Watched {
  start: NonNullable<StartLiveTailResponseStream["sessionStart"]>;
  /** Messages, until there are so many. */
  messages(count: number): Promise<string[]>;
  /** The next update. */
  update(): Promise<NonNullable<StartLiveTailResponseStream["sessionUpdate"]>>;
  end(): void;
}

async function watch(input: Parameters<CloudWatchLogs["startLiveTail"]>[0]): Promise<Watched> {
  const client = newClient();
  const { responseStream } = await client.startLiveTail(input);
  const events = (responseStream as AsyncIterable<StartLiveTailResponseStream>)[Symbol.asyncIterator]();
  const { value } = await events.next();
  const update = async () => {
    const next = await events.next();
    return next.value?.sessionUpdate;
  };
  return {
    start: value?.sessionStart,
    update,
    async messages(count) {
      const found: string[] = [];
      while (found.length < count)
        for (const { message = "" } of (await update()).sessionResults ?? []) found.push(message);
      return found;
    },
    // The SDK keeps the connection when its iterator ends.
    end: () => client.destroy(),
  };
}

describe("a live tail", () => {
  it("shows lines of its groups that fit its pattern, as they come", async () => {
    const tail = await watch({
      logGroupIdentifiers: [arnOf("web"), arnOf("batch")],
      logEventFilterPattern: "ERROR",
    });
    expect(tail.start).toMatchObject({
      logGroupIdentifiers: [arnOf("web"), arnOf("batch")],
      logEventFilterPattern: "ERROR",
    });
    expect(tail.start.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    await put("web", "i-1", "ERROR one", "fine");
    await put("quiet", "i-1", "ERROR elsewhere");
    await put("batch", "j-1", "ERROR two");
    expect(await tail.messages(2)).toEqual(["ERROR one", "ERROR two"]);
    expect(await tail.update()).toEqual({ sessionMetadata: { sampled: false }, sessionResults: [] });
    tail.end();
  });

  it("watches some streams of one group", async () => {
    const tail = await watch({ logGroupIdentifiers: [arnOf("web")], logStreamNamePrefixes: ["i-"] });
    await put("web", "j-1", "of another");
    await put("web", "i-2", "of a stream");
    expect(await tail.messages(1)).toEqual(["of a stream"]);
    tail.end();
  });

  it("samples what is more than 500 lines", async () => {
    const tail = await watch({ logGroupIdentifiers: [arnOf("web")] });
    await put("web", "i-1", ...Array.from({ length: 2_000 }, (_, i) => `line ${i}`));
    const { sessionMetadata, sessionResults = [] } = await tail.update();
    expect(sessionMetadata).toEqual({ sampled: true });
    expect(sessionResults).toHaveLength(500);
    expect(sessionResults.at(-1)?.message).toBe("line 1996");
    tail.end();
  });

  it("is refused in AWS's words", async () => {
    const group = arnOf("web");
    const refused = async (input: Parameters<CloudWatchLogs["startLiveTail"]>[0]) =>
      (await errorOf(logs.startLiveTail(input))).name;
    expect(await refused({ logGroupIdentifiers: [arnOf("none")] })).toBe("ResourceNotFoundException");
    const both = { logStreamNames: ["i-1"], logStreamNamePrefixes: ["i-"] };
    expect(await refused({ logGroupIdentifiers: [group], ...both })).toBe("InvalidParameterException");
    const several = [group, arnOf("batch")];
    const names = { logStreamNames: ["i-1"] };
    expect(await refused({ logGroupIdentifiers: several, ...names })).toBe("InvalidParameterException");
    expect(await refused({ logGroupIdentifiers: [group], logEventFilterPattern: "{ broken" })).toBe(
      "InvalidParameterException",
    );
  });

  it("is one of fifteen at the most, and gives its place back", async () => {
    const tails: Watched[] = [];
    const one = { logGroupIdentifiers: [arnOf("quiet")] };
    // Those of before are noticed to be over within a second.
    const soon = { timeout: 10_000, interval: 200 };
    while (tails.length < 15) await vi.waitFor(async () => void tails.push(await watch(one)), soon);
    expect((await errorOf(logs.startLiveTail(one))).name).toBe("LimitExceededException");
    for (const tail of tails) tail.end();
    (await vi.waitFor(() => watch(one), soon)).end();
  });
});
