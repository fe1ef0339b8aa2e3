import type { OutputLogEvent } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { checkOneName, existingGroup, groupOf, streamAccess } from "./access.ts";
import { logs } from "./contract.ts";
import { ownerOf } from "./encryption.ts";
import { eventOverheadBytes, expiredBefore, maxEventsPerPage, maxPageBytes } from "./limits.ts";
import { invalidToken } from "./pages.ts";
import { type LineReader, readerOf } from "./protection/masker.ts";
import type { LineKey } from "./store/chunk.ts";
import { formatPosition, parsePosition } from "./store/position.ts";
import { type FoundLine, scanLines } from "./store/scan.ts";
import { existingStream } from "./streams.ts";

/** Where a page of a stream begins, and in which direction it is read. */
interface Start {
  reverse: boolean;
  after?: LineKey;
}

const tokenForm = /^(f|b)\/(\d{56})\/s$/;

/** AWS's tokens: "f/" and "b/", a number of 56 digits, "/s". Lines behind it, or before it. */
function startOf(token: string | undefined, startFromHead: boolean): Start | undefined {
  if (token === undefined) return { reverse: !startFromHead };
  const [, direction, digits = ""] = tokenForm.exec(token) ?? [];
  const after = parsePosition(digits);
  return after && { reverse: direction === "b", after };
}

/**
 * A page of one stream, ascending, with a token in each direction; at an end the token is the one that led there.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
 */
export const getLogEvents = logs.operation("GetLogEvents", {
  access: (input, ctx) => streamAccess("GetLogEvents", groupOf(input, ctx), input.logStreamName, ctx),
  async handle(input, ctx) {
    const {
      logStreamName,
      nextToken,
      startFromHead = false,
      startTime = 0,
      limit = maxEventsPerPage,
    } = input;
    const endTime = input.endTime ?? latestTime;
    checkOneName(input, ctx);
    const start = startOf(nextToken, startFromHead);
    if (start === undefined) throw ctx.error("InvalidParameterException", invalidToken);
    const group = await existingGroup(groupOf(input, ctx), ctx);
    const stream = await existingStream(group, logStreamName, ctx);
    const from = Math.max(startTime, expiredBefore(group, ctx));
    const source = { ...ownerOf(group), groupId: group.groupId, groupName: group.name, streams: [stream] };
    // Unlike FilterLogEvents, this leaves out events of the end time itself.
    const range = { from, to: endTime - 1, start, limit };
    const found = await pageOf(range, source, await readerOf(group, input, ctx), ctx);
    return { events: found.map(shown), ...tokens(found, start, from, endTime) };
  },
});

/** A bound for times: 15 digits. */
const latestTime = 10 ** 15 - 2;

async function pageOf(
  { from, to, start, limit }: { from: number; to: number; start: Start; limit: number },
  source: Parameters<typeof scanLines>[0]["source"],
  reader: LineReader,
  ctx: Context,
): Promise<FoundLine[]> {
  const { reverse, after } = start;
  const span = { from: reverse ? from : Math.max(from, after?.time ?? 0), to };
  if (reverse && after !== undefined) span.to = Math.min(to, after.time);
  const scan = {
    ...span,
    reverse,
    source,
    after,
    open: (...of: Parameters<LineReader["open"]>) => reader.open(...of),
  };
  const page: FoundLine[] = [];
  let bytes = 0;
  for await (const { lines } of scanLines(scan, ctx)) {
    for (const one of lines) {
      bytes += Buffer.byteLength(one.chunk.message(one.line)) + eventOverheadBytes;
      if (page.length === limit || (bytes > maxPageBytes && page.length > 0)) return inOrder(page, reverse);
      page.push(one);
    }
    if (page.length === limit) break;
  }
  return inOrder(page, reverse);
}

function inOrder(page: FoundLine[], reverse: boolean): FoundLine[] {
  return reverse ? page.reverse() : page;
}

function shown({ chunk, line }: FoundLine): OutputLogEvent {
  return {
    timestamp: chunk.time(line),
    message: chunk.message(line),
    ingestionTime: chunk.ingestion(line),
  };
}

function tokens(found: readonly FoundLine[], start: Start, from: number, to: number) {
  const first = found[0];
  const last = found.at(-1);
  if (first !== undefined && last !== undefined) {
    return {
      nextForwardToken: tokenOf("f", last.chunk.key(last.line)),
      nextBackwardToken: tokenOf("b", first.chunk.key(first.line)),
    };
  }
  // Nothing in this direction: the way on is the same as it was, the way back leads past the same place.
  const edge = { time: start.reverse ? Math.min(to, latestTime) : from, at: 0, number: 0, item: 0 };
  const at = start.after ?? edge;
  const beside = { ...at, item: start.reverse ? Math.max(0, at.item - 1) : at.item + 1 };
  return {
    nextForwardToken: tokenOf("f", start.reverse ? beside : at),
    nextBackwardToken: tokenOf("b", start.reverse ? at : beside),
  };
}

function tokenOf(direction: "f" | "b", key: LineKey): string {
  return `${direction}/${formatPosition(key)}/s`;
}
