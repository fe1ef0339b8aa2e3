import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../../storage/memory.ts";
import { groups, index, streams } from "../tables.ts";
import { compareKeys, decodeChunk, encodeBatch, type LineKey, openChunk, sealChunk } from "./chunk.ts";
import { putChunk } from "./chunkRows.ts";
import type { Source } from "./find.ts";
import { classOf, formatPlace } from "./place.ts";
import { formatPosition, parsePosition } from "./position.ts";
import { scanLines } from "./scan.ts";

/** Scans of chunks that overlap in every way, held against a sorted list. */

const account = "111122223333";
const region = "us-east-1";
const where = { account, region, groupId: "g", groupName: "group" };
const names = ["a", "b"];

interface Batch {
  stream: number;
  start: number;
  gaps: number[];
}

const gap = fc.oneof(fc.constant(0), fc.integer({ max: 5, min: 0 }), fc.integer({ max: 2_000_000, min: 0 }));
const batch: fc.Arbitrary<Batch> = fc.record({
  stream: fc.integer({ min: 0, max: 1 }),
  start: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 100_000_000 })),
  gaps: fc.array(gap, { maxLength: 6 }),
});

/** Writes batches as PutLogEvents does; the keys of their lines, sorted, by stream. */
async function written(store: MemoryStore, batches: Batch[]): Promise<{ key: LineKey; stream: number }[]> {
  const lines: { key: LineKey; stream: number }[] = [];
  const bits = [0, 0];
  for (const [number, { stream, start, gaps }] of batches.entries()) {
    let time = start;
    const events = [0, ...gaps].map((by) => {
      time += by;
      return { timestamp: time, message: `at ${time}` };
    });
    const place = formatPlace({ class: classOf(start, time), min: start, max: time, id: `id${number}` });
    bits[stream] = (bits[stream] as number) | (1 << classOf(start, time));
    const value = sealChunk(await encodeBatch(events, { at: 7, number }, 0), place, undefined);
    const streamId = names[stream] as string;
    await store.transact(async (tx) => {
      putChunk(tx, { account, region, streamId }, place, value);
      const counted = { streamId, streamName: streamId, lines: events.length, bytes: 1 };
      index.put(tx, [account, region, "g", place], counted);
    });
    for (const [item, { timestamp }] of events.entries()) {
      lines.push({ key: { time: timestamp, at: 7, number, item }, stream });
    }
  }
  await store.transact(async (tx) => {
    const facts = {
      creationTime: 0,
      class: "STANDARD",
      tags: {},
      deletionProtection: false,
      metricFilters: 0,
    } as const;
    const classes = (bits[0] as number) | (bits[1] as number);
    groups.put(tx, [account, region, "group"], { ...facts, groupId: "g", name: "group", arn: "", classes });
    for (const [i, name] of names.entries()) {
      const row = { streamId: name, name, creationTime: 0, classes: bits[i] as number };
      streams.put(tx, [account, region, "g", name], row);
    }
  });
  return lines.sort((a, b) => compareKeys(a.key, b.key));
}

const query = fc.record({
  from: fc.integer({ min: 0, max: 30 }),
  to: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(10 ** 12)),
  reverse: fc.boolean(),
  streams: fc.constantFrom<number[] | undefined>([0], [1], [0, 1], undefined),
  page: fc.integer({ min: 1, max: 5 }),
});

describe("a scan", () => {
  it("pages through a span of time in either direction, as a sorted list would", async () => {
    const property = fc.asyncProperty(fc.array(batch, { maxLength: 25 }), query, async (batches, asked) => {
      const store = new MemoryStore();
      const lines = await written(store, batches);
      const { from, to, reverse, page } = asked;
      const source: Source =
        asked.streams === undefined
          ? { ...where, wanted: () => true }
          : {
              ...where,
              streams: asked.streams.map((i) => ({ streamId: names[i] as string, name: names[i] as string })),
            };
      const expected = lines
        .filter(
          ({ key, stream }) =>
            key.time >= from && key.time <= to && (asked.streams?.includes(stream) ?? true),
        )
        .map(({ key }) => formatPosition(key));
      if (reverse) expected.reverse();
      const found: string[] = [];
      const open = (value: Uint8Array, at: string) => decodeChunk(openChunk(value, at, undefined));
      for (;;) {
        const after = parsePosition(found.at(-1) ?? "");
        const span = {
          from: reverse ? from : (after?.time ?? from),
          to: reverse ? (after?.time ?? to) : to,
          reverse,
        };
        const scan = scanLines(
          { ...span, source, after, open },
          { peek: async (read) => await store.peek(read) },
        );
        const before = found.length;
        for await (const part of scan) {
          for (const { chunk, line } of part.lines.slice(0, page - (found.length - before))) {
            found.push(formatPosition(chunk.key(line)));
          }
          if (found.length - before === page) break;
        }
        if (found.length === before) break;
      }
      expect(found).toEqual(expected);
    });
    await fc.assert(property, { numRuns: 200 });
  }, 60_000);
});
