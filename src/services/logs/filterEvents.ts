import { hash } from "node:crypto";
import type { FilteredLogEvent } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { checkOneName, existingGroup, groupAccess, groupOf } from "./access.ts";
import { logs } from "./contract.ts";
import { ownerOf } from "./encryption.ts";
import { eventOverheadBytes, expiredBefore, maxEventsPerPage, maxPageBytes } from "./limits.ts";
import { invalidToken } from "./pages.ts";
import { type Pattern, patternOf } from "./patterns/index.ts";
import { readerOf } from "./protection/masker.ts";
import type { LineKey } from "./store/chunk.ts";
import type { Source } from "./store/find.ts";
import { formatPosition, parsePosition } from "./store/position.ts";
import { type FoundLine, scanLines } from "./store/scan.ts";
import { selector } from "./store/select.ts";
import { existingStream } from "./streams.ts";
import type { GroupRow } from "./tables.ts";

/** Size of the messages that one call searches; a page may end without having found anything, as AWS's may. */
const maxSearchedCharacters = 128 * 2 ** 20;
const latestTime = 10 ** 15 - 2;

interface Input {
  logStreamNames?: string[] | undefined;
  logStreamNamePrefix?: string | undefined;
  startTime?: number | undefined;
  endTime?: number | undefined;
  filterPattern?: string | undefined;
  nextToken?: string | undefined;
  limit?: number | undefined;
  unmask?: boolean | undefined;
}

/**
 * Lines of a group that match a pattern, over all of its streams or some, in order of time.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export const filterLogEvents = logs.operation("FilterLogEvents", {
  access: (input, ctx) => groupAccess("FilterLogEvents", groupOf(input, ctx), ctx),
  async handle(input, ctx) {
    checkOneName(input, ctx);
    if (input.logStreamNames !== undefined && input.logStreamNamePrefix !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
      );
    }
    const group = await existingGroup(groupOf(input, ctx), ctx);
    const after = positionIn(input, group, ctx);
    const pattern = await patternOf(input.filterPattern, ctx);
    const source = await sourceOf(input, group, ctx);
    const { found, upTo } = await search({ input, group, source, pattern, after }, ctx);
    return {
      events: found.map(shown),
      // AWS has answered with an empty list since 2019.
      searchedLogStreams: [],
      ...(upTo && { nextToken: tokenOf(upTo, input, group) }),
    };
  },
  record: { readOnly: true },
});

async function sourceOf(
  { logStreamNames, logStreamNamePrefix = "" }: Input,
  group: GroupRow,
  ctx: Context,
): Promise<Source> {
  const owner = { ...ownerOf(group), groupId: group.groupId, groupName: group.name };
  if (logStreamNames === undefined) {
    return { ...owner, wanted: ({ name }) => name.startsWith(logStreamNamePrefix) };
  }
  const names = [...new Set(logStreamNames)];
  return { ...owner, streams: await Promise.all(names.map((name) => existingStream(group, name, ctx))) };
}

interface Search {
  input: Input;
  group: GroupRow;
  source: Source;
  pattern: Pattern;
  after: LineKey | undefined;
}

/** What was found, and up to which position was searched; undefined: all. */
async function search(
  { input, group, source, pattern, after }: Search,
  ctx: Context,
): Promise<{ found: FoundLine[]; upTo?: LineKey }> {
  const { limit = maxEventsPerPage, startTime = 0, endTime = latestTime } = input;
  const reader = await readerOf(group, input, ctx);
  let searched = 0;
  const scan = {
    from: Math.max(startTime, expiredBefore(group, ctx), after?.time ?? 0),
    to: Math.min(endTime, latestTime),
    reverse: false,
    source,
    after,
    open: (value: Uint8Array, at: string) => reader.open(value, at),
    select: selector(pattern),
    opened: ({ text }: { text: string }) => {
      searched += text.length;
    },
  };
  const found: FoundLine[] = [];
  let bytes = 0;
  for await (const { lines, upTo } of scanLines(scan, ctx)) {
    for (const one of lines) {
      bytes += Buffer.byteLength(one.chunk.message(one.line)) + eventOverheadBytes;
      const last = found.at(-1);
      if (last && (found.length === limit || bytes > maxPageBytes))
        return { found, upTo: last.chunk.key(last.line) };
      found.push(one);
    }
    if (searched > maxSearchedCharacters && Number.isFinite(upTo)) {
      return { found, upTo: { time: upTo, at: 0, number: 0, item: 0 } };
    }
  }
  return { found };
}

function shown({ chunk, line, stream }: FoundLine): FilteredLogEvent {
  return {
    logStreamName: stream.name,
    timestamp: chunk.time(line),
    message: chunk.message(line),
    ingestionTime: chunk.ingestion(line),
    eventId: formatPosition(chunk.key(line)),
  };
}

/** A token goes on with the search that it came from, and no other. */
function questionOf(input: Input, { groupId }: GroupRow): string {
  const { logStreamNames, logStreamNamePrefix, startTime, endTime, filterPattern } = input;
  const asked = [groupId, logStreamNames, logStreamNamePrefix, startTime, endTime, filterPattern];
  return hash("sha256", JSON.stringify(asked), "base64url");
}

function tokenOf(upTo: LineKey, input: Input, group: GroupRow): string {
  return `${formatPosition(upTo)}.${questionOf(input, group)}`;
}

function positionIn(
  input: Input,
  group: GroupRow,
  ctx: Context<"InvalidParameterException">,
): LineKey | undefined {
  if (input.nextToken === undefined) return undefined;
  const [digits = "", question] = input.nextToken.split(".");
  const position = parsePosition(digits);
  if (position === undefined || question !== questionOf(input, group)) {
    throw ctx.error("InvalidParameterException", invalidToken);
  }
  return position;
}
