import type { Context } from "../../../kit/context.ts";
import { type Chunk, compareKeys, type LineKey } from "./chunk.ts";
import { getChunk } from "./chunkRows.ts";
import { type Found, findWindow, type Source, type Span, type StreamOfGroup } from "./find.ts";

/**
 * Lines of a span of time, in order of their keys or in reverse, from chunks that may overlap. A chunk is opened when
 * the scan reaches the time of its first line, and what lies before the next chunk is then complete.
 */

export interface Scan extends Span {
  source: Source;
  /** Lines up to this one were seen already. */
  after?: LineKey | undefined;
  /** Opens a chunk's value. */
  open(value: Uint8Array, at: string): Promise<Chunk>;
  /** The lines of a chunk that are wanted, ascending; undefined: all. */
  select?(chunk: Chunk, stream: StreamOfGroup): number[] | undefined;
  /** Called for each chunk that was opened, with the size of its messages. */
  opened?(chunk: Chunk): void;
}

export interface FoundLine {
  chunk: Chunk;
  line: number;
  stream: StreamOfGroup;
}

/** The part of a scan's lines that has become complete, in order. */
export interface Part {
  lines: FoundLine[];
  /** All lines before this time (in reverse: behind it) have been given out. */
  upTo: number;
}

/** Chunks of a stream or group and class that are looked up at first; later windows are larger. */
const firstWindow = 2;
const largestWindow = 1024;
/** Where chunks are looked up with their values: of all streams together. */
const largestValueWindow = 128;

/** A scan that has come to windows of this size goes on, mostly: the next chunks are opened meanwhile. */
const openAheadFrom = 8;
const chunksAhead = 3;

interface OpenChunk {
  chunk: Chunk;
  stream: StreamOfGroup;
  /** Lines still to be given out, in the order of the scan. */
  lines: number[];
  next: number;
}

export async function* scanLines(scan: Scan, ctx: Pick<Context, "peek">): AsyncGenerator<Part> {
  // In reverse, times are compared by their negatives.
  const sign = scan.reverse ? -1 : 1;
  const lead = ({ place }: Found) => (scan.reverse ? -place.max : place.min);
  let position = scan.reverse ? -scan.to : scan.from;
  const end = scan.reverse ? -scan.from : scan.to;
  const { streams } = scan.source;
  const largest =
    streams === undefined
      ? largestWindow
      : Math.max(firstWindow, Math.floor(largestValueWindow / streams.length));
  let limit = firstWindow;
  while (position <= end) {
    const span: Span = scan.reverse ? { ...scan, to: -position } : { ...scan, from: position };
    const { found, horizon } = await ctx.peek((tx) => findWindow(tx, scan.source, span, limit));
    const reach = sign * horizon;
    // Where more chunks overlap than were looked up, a larger window is, however large.
    limit = reach <= position ? limit * 4 : Math.max(limit, Math.min(largest, limit * 4));
    if (reach <= position) continue;
    const inOrder = found.filter((one) => lead(one) < reach).sort((a, b) => lead(a) - lead(b));
    const open: OpenChunk[] = [];
    let moved = false;
    const ahead = limit > openAheadFrom ? openAhead(inOrder, scan, ctx) : undefined;
    for (const [i, one] of inOrder.entries()) {
      const opened = await (ahead?.(i) ?? openFound(one, scan, ctx));
      // Its lines were merged into another chunk meanwhile: looks again, from where the scan is.
      moved = opened === undefined;
      if (opened === undefined) break;
      open.push(startAt(opened, position, end, sign));
      const next = inOrder[i + 1];
      const frontier = next === undefined ? reach : lead(next);
      if (frontier <= position) continue;
      position = frontier;
      yield { lines: take(open, frontier, sign, scan.after), upTo: sign * frontier };
    }
    if (!moved) position = reach;
  }
}

/** Opens chunks by their number, and begins with those behind. */
function openAhead(
  inOrder: readonly Found[],
  scan: Scan,
  ctx: Pick<Context, "peek">,
): (i: number) => Promise<OpenChunk | undefined> {
  const opening: Promise<OpenChunk | undefined>[] = [];
  return (i) => {
    while (opening.length <= i + chunksAhead && opening.length < inOrder.length) {
      const one = openFound(inOrder[opening.length] as Found, scan, ctx);
      // Whoever waits for it hears of its failure; a scan that ends before does not.
      one.catch(() => undefined);
      opening.push(one);
    }
    const wanted = opening[i] as Promise<OpenChunk | undefined>;
    // It is not needed here any more, and large.
    delete opening[i];
    return wanted;
  };
}

async function openFound(
  { at, stream, value }: Found,
  { source, open, select, opened }: Scan,
  ctx: Pick<Context, "peek">,
): Promise<OpenChunk | undefined> {
  const { account, region } = source;
  const bytes =
    value ?? (await ctx.peek((tx) => getChunk(tx, { account, region, streamId: stream.streamId }, at)));
  if (bytes === undefined) return undefined;
  const chunk = await open(bytes, at);
  opened?.(chunk);
  return { chunk, stream, lines: select?.(chunk, stream) ?? allLines(chunk), next: 0 };
}

function allLines(chunk: Chunk): number[] {
  return Array.from({ length: chunk.lines }, (_, line) => line);
}

/** Leaves only the lines of the scan's span that it has not yet passed, in its order. */
function startAt(opened: OpenChunk, position: number, end: number, sign: number): OpenChunk {
  const { chunk } = opened;
  const first = sign * chunk.time(0);
  const last = sign * chunk.time(chunk.lines - 1);
  let { lines } = opened;
  if (Math.min(first, last) < position || Math.max(first, last) > end) {
    lines = lines.filter((line) => {
      const time = sign * chunk.time(line);
      return time >= position && time <= end;
    });
  }
  if (sign < 0) lines = [...lines].reverse();
  return { ...opened, lines };
}

/** All lines of the open chunks before `frontier`, in order. */
function take(open: OpenChunk[], frontier: number, sign: number, after: LineKey | undefined): FoundLine[] {
  const taken: FoundLine[] = [];
  let sources = 0;
  for (const one of open) {
    const { chunk, stream, lines } = one;
    const before = taken.length;
    while (one.next < lines.length && sign * chunk.time(lines[one.next] as number) < frontier) {
      taken.push({ chunk, stream, line: lines[one.next++] as number });
    }
    if (taken.length > before) sources += 1;
  }
  for (let i = open.length - 1; i >= 0; i -= 1) {
    const { next, lines } = open[i] as OpenChunk;
    if (next >= lines.length) open.splice(i, 1);
  }
  if (sources > 1) taken.sort((a, b) => sign * compareLines(a, b));
  return after === undefined ? taken : taken.filter((one) => isBehind(one, after, sign));
}

function compareLines(a: FoundLine, b: FoundLine): number {
  const byTime = a.chunk.time(a.line) - b.chunk.time(b.line);
  return byTime || compareKeys(a.chunk.key(a.line), b.chunk.key(b.line));
}

function isBehind({ chunk, line }: FoundLine, after: LineKey, sign: number): boolean {
  const byTime = chunk.time(line) - after.time;
  return sign * (byTime || compareKeys(chunk.key(line), after)) > 0;
}
