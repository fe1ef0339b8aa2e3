import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { randomText } from "../../kit/ids.ts";
import { GroupKeys, ownerOf } from "./encryption.ts";
import {
  type Chunk,
  compareKeys,
  type DataKey,
  encodeLines,
  keyNumberOf,
  type NewLine,
  sealChunk,
} from "./store/chunk.ts";
import { deleteChunk, getChunk, putChunk, type StreamKey } from "./store/chunkRows.ts";
import { noteClass } from "./store/classes.ts";
import { classOf, formatPlace, maxChunkSpanMs, parsePlace } from "./store/place.ts";
import {
  type GroupRow,
  groupFacts,
  groups,
  index,
  type JournalRow,
  journal,
  type StreamRow,
  streamFacts,
  streams,
  streamsByLast,
  timeKey,
} from "./tables.ts";

/**
 * What happens to chunks after they were written: a journal keeps those that are still to be counted and merged. Its
 * rows are gathered in buckets of time, and a timer takes up each bucket once it is over: so the row that counts a
 * group is written by the timer only, and many writers do not wait for each other. Small chunks of a stream become
 * larger ones; a merged chunk that is still small goes into the journal's next tier, whose buckets are longer.
 */

/** Lengths of the tiers' buckets: 5 s, 80 s, 21 minutes, 5.7 hours. */
const bucketsMs: readonly number[] = Array.from({ length: 4 }, (_, tier) => 5_000 * 16 ** tier);
/** A bucket is taken up so long after its end: what was begun in it is written by then. */
const graceMs = 1_000;
/** Chunks from this size on are not merged with others. */
const largeChunkBytes = 64 * 1024;
/** A merged chunk is closed at this size: a read of a few lines opens all of a chunk. */
const maxMergedBytes = 128 * 1024;
const maxMergedLines = 2_000;
/** Chunks that one transaction takes up. */
const maxTaken = 400;

interface Settling {
  name: string;
  groupId: string;
  tier: number;
  bucket: string;
}

/** Keeps a chunk for counting and merging. */
export function writeJournal(group: Pick<GroupRow, "name" | "groupId">, row: JournalRow, ctx: Context): void {
  writeTier(group, 0, row, ctx);
}

function writeTier(
  { name, groupId }: Pick<GroupRow, "name" | "groupId">,
  tier: number,
  row: JournalRow,
  ctx: Context,
): void {
  const length = bucketsMs[tier];
  if (length === undefined) return;
  const bucketEnd = (Math.floor(ctx.clock.now() / length) + 1) * length;
  const bucket = timeKey(bucketEnd);
  const id = randomText(10, "lower36");
  journal.put(ctx.tx, [ctx.account, ctx.region, groupId, String(tier), bucket, id], row);
  // The same timer for all of a bucket: writing it again changes nothing.
  const payload: Settling = { name, groupId, tier, bucket };
  ctx.timers.set(`settle/${groupId}/${tier}`, "settle", bucketEnd + graceMs, { ...payload });
}

/** Timer: counts and merges what a bucket holds. */
export async function settle({ name, groupId, tier, bucket }: Settling, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const group = await groups.get(tx, account, region, name);
  if (group?.groupId !== groupId) return;
  // No more than this bucket is read: what is written to the next must not make this run again.
  const scope = [account, region, groupId, String(tier), bucket];
  const rows = await journal.list(tx, scope, { limit: maxTaken });
  for (const { key } of rows) journal.delete(tx, ...key);
  let bytes = 0;
  for (const chunks of byStream(rows.map(({ row }) => row))) {
    const { streamName, streamId } = chunks[0] as JournalRow;
    const stream = await streams.get(tx, account, region, groupId, streamName);
    if (stream?.streamId !== streamId) continue;
    if (tier === 0) bytes += await count(group, chunks, ctx);
    await merge({ group, stream, tier }, chunks, ctx);
  }
  if (bytes > 0) {
    const held = await groupFacts.get(tx, account, region, groupId);
    groupFacts.put(tx, [account, region, groupId], { storedBytes: (held?.storedBytes ?? 0) + bytes });
  }
  if (rows.length === maxTaken) {
    const rest: Settling = { name, groupId, tier, bucket };
    ctx.timers.set(`settle/${groupId}/${tier}/more`, "settle", ctx.clock.now(), { ...rest });
  }
}

function byStream(rows: readonly JournalRow[]): Iterable<JournalRow[]> {
  const found = new Map<string, JournalRow[]>();
  for (const row of rows) {
    const held = found.get(row.streamId);
    if (held === undefined) found.set(row.streamId, [row]);
    else held.push(row);
  }
  return found.values();
}

/** Brings up to date what is known of a stream; the size of what came. */
async function count(group: GroupRow, chunks: readonly JournalRow[], ctx: Context): Promise<number> {
  const scope = [ctx.account, ctx.region, group.groupId] as const;
  const { streamName } = chunks[0] as JournalRow;
  const held = await streamFacts.get(ctx.tx, ...scope, streamName);
  const places = chunks.map(({ place }) => parsePlace(place));
  const firstEvent = Math.min(held?.firstEvent ?? Number.POSITIVE_INFINITY, ...places.map(({ min }) => min));
  const lastEvent = Math.max(held?.lastEvent ?? 0, ...places.map(({ max }) => max));
  const lastIngestion = Math.max(held?.lastIngestion ?? 0, ...chunks.map((one) => one.lastIngestion));
  streamFacts.put(ctx.tx, [...scope, streamName], { firstEvent, lastEvent, lastIngestion });
  if (lastEvent !== held?.lastEvent) {
    streamsByLast.delete(ctx.tx, ...scope, timeKey(held?.lastEvent ?? 0), streamName);
    streamsByLast.put(ctx.tx, [...scope, timeKey(lastEvent), streamName], {});
  }
  return chunks.reduce((sum, { bytes }) => sum + bytes, 0);
}

interface Merging {
  group: GroupRow;
  stream: StreamRow;
  tier: number;
}

/** Makes larger chunks of a stream's small ones. */
async function merge(of: Merging, chunks: readonly JournalRow[], ctx: Context): Promise<void> {
  const small = chunks
    .filter(({ bytes }) => bytes < largeChunkBytes)
    .sort((a, b) => parsePlace(a.place).min - parsePlace(b.place).min);
  for (const part of partsOf(small)) {
    if (part.length > 1) await mergePart(of, part, ctx);
    else if (part[0] !== undefined) writeTier(of.group, of.tier + 1, part[0], ctx);
  }
}

/** Runs of chunks that fit into one. */
function partsOf(sorted: readonly JournalRow[]): JournalRow[][] {
  const parts: JournalRow[][] = [];
  let bytes = 0;
  let lines = 0;
  let min = 0;
  let max = 0;
  for (const chunk of sorted) {
    const place = parsePlace(chunk.place);
    const part = parts.at(-1);
    const fits =
      part !== undefined &&
      bytes + chunk.bytes <= maxMergedBytes &&
      lines + chunk.lines <= maxMergedLines &&
      Math.max(max, place.max) - min <= maxChunkSpanMs;
    if (fits) {
      part.push(chunk);
      bytes += chunk.bytes;
      lines += chunk.lines;
      max = Math.max(max, place.max);
    } else {
      parts.push([chunk]);
      ({ bytes, lines } = chunk);
      ({ min, max } = place);
    }
  }
  return parts;
}

async function mergePart({ group, stream, tier }: Merging, part: JournalRow[], ctx: Context): Promise<void> {
  const { tx } = ctx;
  const owner = ownerOf(group);
  const { streamId, name: streamName } = stream;
  const key: StreamKey = { ...owner, streamId };
  const read = await readPart(group, key, part, ctx);
  if (read === undefined) return;
  const lines = read.chunks.flatMap(linesOf).sort((a, b) => compareKeys(a.key, b.key));
  const first = lines[0];
  const last = lines.at(-1);
  if (first === undefined || last === undefined) return;
  const min = first.key.time;
  const max = last.key.time;
  const number = classOf(min, max);
  const place = formatPlace({ class: number, min, max, id: randomText(10, "lower36") });
  await noteClass(group, stream, number, ctx);
  putChunk(tx, key, place, sealChunk(await encodeLines(lines), place, read.key));
  for (const old of part) {
    deleteChunk(tx, key, old.place);
    index.delete(tx, owner.account, owner.region, group.groupId, old.place);
  }
  const bytes = part.reduce((sum, one) => sum + one.bytes, 0);
  const counted = { streamId, streamName, lines: lines.length, bytes };
  index.put(tx, [owner.account, owner.region, group.groupId, place], counted);
  if (bytes < largeChunkBytes) {
    const lastIngestion = Math.max(...part.map((one) => one.lastIngestion));
    writeTier(group, tier + 1, { ...counted, place, lastIngestion }, ctx);
  }
}

/** The chunks of a part, and the key for the new one; undefined where some are gone, or KMS refuses. */
async function readPart(
  group: GroupRow,
  stream: StreamKey,
  part: readonly JournalRow[],
  ctx: Context,
): Promise<{ chunks: Chunk[]; key: DataKey | undefined } | undefined> {
  const keys = new GroupKeys(group, ctx);
  const chunks: Chunk[] = [];
  try {
    for (const { place } of part) {
      const value = await getChunk(ctx.tx, stream, place);
      // Retention dropped it; or it is sealed under another key than the group's, and stays so.
      if (value === undefined || keyNumberOf(value) !== (group.encryption?.current ?? 0)) return undefined;
      chunks.push(await keys.open(value, place));
    }
    return { chunks, key: await keys.current() };
  } catch (error) {
    // Without its KMS key a group's chunks stay as they are.
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

function linesOf(chunk: Chunk): NewLine[] {
  return Array.from({ length: chunk.lines }, (_, line) => ({
    key: chunk.key(line),
    message: chunk.message(line),
  }));
}
