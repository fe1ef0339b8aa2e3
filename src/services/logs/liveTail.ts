import { setTimeout as sleep } from "node:timers/promises";
import type { LiveTailSessionLogEvent, StartLiveTailResponseStream } from "@aws-sdk/client-cloudwatch-logs";
import type { Context, Host } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { existingGroup, groupAccess, groupArn, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { type Pattern, patternOf } from "./patterns/index.ts";
import type { GroupRow } from "./tables.ts";

/** Lines as they come, to whoever watches. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html */

const updateMs = 1_000;
const sessionMs = 3 * 3_600_000;
const maxEventsPerUpdate = 500;
/** A client that is slower than its lines misses the oldest of them. */
const maxWaiting = 5_000;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const maxSessions = 15;

interface Tail {
  account: string;
  region: string;
  /** ARNs of the groups. */
  groups: ReadonlySet<string>;
  wants(streamName: string, message: string): boolean;
  waiting: LiveTailSessionLogEvent[];
}

/** Sessions live with their connections, in memory: lines are theirs once they are on disk. */
const tails = new WeakMap<Host, Set<Tail>>();

function tailsOf(host: Host): Set<Tail> {
  let known = tails.get(host);
  if (known === undefined) {
    known = new Set();
    tails.set(host, known);
  }
  return known;
}

interface Line {
  timestamp: number;
  message: string;
}

/** Shows lines that were taken to those who watch, once they are committed. */
export function showLive(group: GroupRow, logStreamName: string, lines: readonly Line[], ctx: Context): void {
  const all = tailsOf(ctx.host);
  if (all.size === 0) return;
  const logGroupIdentifier = groupArn(ctx, group.name);
  const ingestionTime = ctx.clock.now();
  ctx.afterCommit(() => {
    for (const tail of all) {
      if (!tail.groups.has(logGroupIdentifier)) continue;
      for (const { timestamp, message } of lines) {
        if (!tail.wants(logStreamName, message)) continue;
        tail.waiting.push({ logGroupIdentifier, logStreamName, message, timestamp, ingestionTime });
      }
      if (tail.waiting.length > maxWaiting) tail.waiting.splice(0, tail.waiting.length - maxWaiting);
    }
  });
}

interface Input {
  logGroupIdentifiers: string[];
  logStreamNames?: string[] | undefined;
  logStreamNamePrefixes?: string[] | undefined;
  logEventFilterPattern?: string | undefined;
}

export const startLiveTail = logs.operation("StartLiveTail", {
  access: ({ logGroupIdentifiers }, ctx) =>
    Promise.all(logGroupIdentifiers.map((one) => groupAccess("StartLiveTail", namedGroup(one, ctx), ctx))),
  async handle(input, ctx) {
    checkStreams(input, ctx);
    const groups = new Set<string>();
    for (const identifier of input.logGroupIdentifiers) {
      const named = namedGroup(identifier, ctx);
      await existingGroup(named, ctx);
      if (named !== undefined) groups.add(named.arn);
    }
    const pattern = await patternOf(input.logEventFilterPattern, ctx);
    const all = tailsOf(ctx.host);
    const { account, region } = ctx;
    const own = [...all].filter((tail) => tail.account === account && tail.region === region);
    if (own.length >= maxSessions)
      throw ctx.error("LimitExceededException", "The maximum number of Live Tail sessions has been reached.");
    const tail: Tail = { account, region, groups, wants: wanted(input, pattern), waiting: [] };
    return { responseStream: session(tail, all, { ...input, requestId: ctx.requestId }) };
  },
  record: { readOnly: true },
});

function checkStreams(input: Input, ctx: Context<"InvalidParameterException">): void {
  const { logStreamNames: names, logStreamNamePrefixes: prefixes, logGroupIdentifiers } = input;
  const invalid = (reason: string) => ctx.error("InvalidParameterException", reason);
  if (names !== undefined && prefixes !== undefined)
    throw invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.");
  if ((names ?? prefixes) !== undefined && logGroupIdentifiers.length > 1)
    throw invalid("Log streams can be specified only when exactly one log group is specified.");
}

function wanted({ logStreamNames, logStreamNamePrefixes }: Input, pattern: Pattern): Tail["wants"] {
  return (stream, message) =>
    (logStreamNames?.includes(stream) ?? true) &&
    (logStreamNamePrefixes?.some((prefix) => stream.startsWith(prefix)) ?? true) &&
    pattern.matches(message);
}

async function* session(
  tail: Tail,
  all: Set<Tail>,
  sessionStart: Input & { requestId: string },
): AsyncGenerator<StartLiveTailResponseStream> {
  all.add(tail);
  try {
    yield { sessionStart: { ...sessionStart, sessionId: uuid() } };
    for (let passedMs = 0; passedMs < sessionMs; passedMs += updateMs) {
      await sleep(updateMs, undefined, { ref: false });
      const lines = tail.waiting.splice(0);
      const sampled = lines.length > maxEventsPerUpdate;
      const sessionResults = sampled ? sample(lines) : lines;
      yield { sessionUpdate: { sessionMetadata: { sampled }, sessionResults } };
    }
    const message = "The session has been open for three hours.";
    yield { SessionTimeoutException: { message } as never };
  } finally {
    all.delete(tail);
  }
}

/** As many as an update may hold, spread evenly. */
function sample(lines: readonly LiveTailSessionLogEvent[]): LiveTailSessionLogEvent[] {
  const step = lines.length / maxEventsPerUpdate;
  return Array.from(
    { length: maxEventsPerUpdate },
    (_, i) => lines[Math.floor(i * step)] as LiveTailSessionLogEvent,
  );
}
