import type { Context } from "../../kit/context.ts";
import { checkOneName, existingGroup, groupAccess, groupOf, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { ownerOf } from "./encryption.ts";
import { lambdaFields } from "./insights/lambdaFields.ts";
import type { Row } from "./insights/record.ts";
import { textOf, type Value } from "./insights/values.ts";
import { expiredBefore } from "./limits.ts";
import { parsePointer } from "./pointers.ts";
import { type LineReader, readerOf } from "./protection/masker.ts";
import { rowOf } from "./queryRun.ts";
import { compareKeys } from "./store/chunk.ts";
import type { Source } from "./store/find.ts";
import { type FoundLine, scanLines } from "./store/scan.ts";
import type { GroupRow } from "./tables.ts";
import { transformOf } from "./transform/versions.ts";

/** Single lines with the fields that are found in them. */

const systemFields = ["@timestamp", "@message", "@logStream", "@log", "@ingestionTime", "@ptr"];
/** Fields of one line, as AWS bounds them. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html */
const maxDiscovered = 200;
const maxDepth = 5;

/** Fields of a line and their values. */
function fieldsOf(row: Row): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of [...systemFields, ...lambdaFields]) {
    const text = textOf(row.get(name, [name]));
    if (text !== undefined) fields[name] = text;
  }
  discover(row.json, "", 0, fields);
  return fields;
}

/** Members of a JSON message, by their paths: "user.id", "users.0.name". */
function discover(value: unknown, path: string, depth: number, fields: Record<string, string>): void {
  if (typeof value !== "object" || value === null || depth >= maxDepth) return;
  for (const [name, member] of Object.entries(value)) {
    if (Object.keys(fields).length >= maxDiscovered) return;
    const at = path === "" ? name : `${path}.${name}`;
    if (typeof member === "object" && member !== null) discover(member, at, depth + 1, fields);
    else if (member !== null) fields[at] = textOf(member as Value) ?? "";
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogRecord.html */
export const getLogRecord = logs.operation("GetLogRecord", {
  access: ({ logRecordPointer }, ctx) => {
    const pointer = parsePointer(logRecordPointer);
    return groupAccess("GetLogRecord", pointer && namedGroup(pointer.groupName, ctx), ctx);
  },
  async handle({ logRecordPointer, unmask }, ctx) {
    const pointer = parsePointer(logRecordPointer);
    if (pointer === undefined) throw ctx.error("InvalidParameterException", "Invalid log record pointer.");
    const group = await existingGroup(namedGroup(pointer.groupName, ctx), ctx);
    const { key, streamId, streamName, groupId } = pointer;
    const source = {
      ...ownerOf(group),
      groupId,
      groupName: group.name,
      streams: [{ streamId, name: streamName }],
    };
    const reader = await readerOf(group, { unmask }, ctx);
    const isIt = ({ chunk, line }: FoundLine) => compareKeys(chunk.key(line), key) === 0;
    const found =
      group.groupId === groupId
        ? (await linesOf(group, reader, source, [key.time, key.time], maxAtOneTime, ctx)).find(isIt)
        : undefined;
    if (found === undefined) throw ctx.error("ResourceNotFoundException", "The log record does not exist.");
    return { logRecord: fieldsOf(rowOf(found, group, await transformOf(group, ctx.tx))) };
  },
});

/** Lines of one millisecond that are looked through for one. */
const maxAtOneTime = 1_000_000;

async function linesOf(
  group: GroupRow,
  reader: LineReader,
  source: Source,
  [from, to]: [from: number, to: number],
  limit: number,
  ctx: Context,
): Promise<FoundLine[]> {
  const open = (value: Uint8Array, at: string) => reader.open(value, at);
  const start = Math.max(from, expiredBefore(group, ctx));
  const found: FoundLine[] = [];
  for await (const { lines } of scanLines({ from: start, to, reverse: true, source, open }, ctx)) {
    found.push(...lines.slice(0, limit - found.length));
    if (found.length >= limit) break;
  }
  return found;
}

/** Lines that the shares of fields are estimated from, and the time around the one that is asked for. */
const maxSampled = 1_000;
const halfSampledMs = 8 * 60_000;
const sampledBeforeNowMs = 15 * 60_000;

/**
 * Which fields a group's lines have, and in how many of them.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogGroupFields.html
 */
export const getLogGroupFields = logs.operation("GetLogGroupFields", {
  access: (input, ctx) => groupAccess("GetLogGroupFields", groupOf(input, ctx), ctx),
  async handle(input, ctx) {
    checkOneName(input, ctx);
    const group = await existingGroup(groupOf(input, ctx), ctx);
    const now = ctx.clock.now();
    const [from, to] =
      input.time === undefined
        ? [now - sampledBeforeNowMs, now]
        : [input.time * 1000 - halfSampledMs, input.time * 1000 + halfSampledMs];
    const source = { ...ownerOf(group), groupId: group.groupId, groupName: group.name, wanted: () => true };
    const reader = await readerOf(group, {}, ctx);
    const sample = await linesOf(group, reader, source, [Math.max(0, from), to], maxSampled, ctx);
    const transform = await transformOf(group, ctx.tx);
    const counts = new Map<string, number>();
    for (const line of sample) {
      for (const name of Object.keys(fieldsOf(rowOf(line, group, transform)))) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    const logGroupFields = [...counts]
      .map(([name, count]) => ({ name, percent: Math.round((100 * count) / sample.length) }))
      .sort((a, b) => b.percent - a.percent);
    return { logGroupFields };
  },
});
