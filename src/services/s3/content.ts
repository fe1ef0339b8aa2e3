import type { Context } from "../../kit/context.ts";
import { opening } from "./encryption.ts";
import { fail } from "./errors.ts";
import { partNumberError } from "./headers.ts";
import type { ObjectRow } from "./tables.ts";
import { partsOf } from "./versions.ts";

/** The bytes of objects: whole, in ranges, by parts. */

export interface Span {
  /** Of a part that is asked for by its number, its own. */
  checksum?: string;
  start: number;
  /** Exclusive. */
  end: number;
  partial: boolean;
}

/**
 * The bytes that a Range header asks for. One that cannot be read, or asks for several, counts as none.
 * https://www.rfc-editor.org/rfc/rfc9110#name-range-requests
 */
export function spanOf(range: string | undefined, size: number): Span {
  const whole = { start: 0, end: size, partial: false };
  const match = range === undefined ? null : /^bytes=(\d*)-(\d*)$/.exec(range.trim());
  if (match === null || (match[1] === "" && match[2] === "")) return whole;
  const [, from = "", to = ""] = match;
  if (from !== "" && to !== "" && Number(to) < Number(from)) return whole;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size : Math.min(size, Number(to) + 1);
  if (start >= end) {
    throw fail("InvalidRange", { members: { RangeRequested: range, ActualObjectSize: size } });
  }
  return { start, end, partial: true };
}

/** The bytes of one part of an object; one that was put whole is its own first part. */
export async function spanOfPart(
  bucket: string,
  row: ObjectRow,
  partNumber: number,
  ctx: Context,
): Promise<Span> {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000) {
    throw partNumberError("partNumber", partNumber);
  }
  const parts = await partsOf(bucket, row, ctx);
  const count = row.partCount ?? 1;
  if (partNumber > count) {
    throw fail("InvalidPartNumber", {
      members: { ActualPartCount: count, PartNumberRequested: partNumber },
    });
  }
  if (parts.length === 0) return { start: 0, end: row.size, partial: true };
  let start = 0;
  for (const part of parts.slice(0, partNumber - 1)) start += part.size;
  const part = parts[partNumber - 1];
  return {
    start,
    end: start + (part?.size ?? 0),
    partial: true,
    ...(part?.checksum !== undefined && { checksum: part.checksum }),
  };
}

/** Opens bytes of an object: at once where they are few, else in pieces. */
export async function contentOf(
  bucket: string,
  row: ObjectRow,
  { start, end }: Pick<Span, "start" | "end">,
  under: Buffer | undefined,
  ctx: Context,
): Promise<Buffer | AsyncIterable<Buffer>> {
  if (row.body !== undefined) return await opening(ctx.bytes.open(row.body, { start, end }, under));
  const opened: (Buffer | AsyncIterable<Buffer>)[] = [];
  let at = 0;
  for (const { body, size } of await partsOf(bucket, row, ctx)) {
    const from = Math.max(0, start - at);
    const to = Math.min(size, end - at);
    at += size;
    if (from < to) opened.push(await opening(ctx.bytes.open(body, { start: from, end: to }, under)));
    if (at >= end) break;
  }
  return oneAfterTheOther(opened);
}

async function* oneAfterTheOther(pieces: (Buffer | AsyncIterable<Buffer>)[]): AsyncGenerator<Buffer> {
  for (const one of pieces) {
    if (Buffer.isBuffer(one)) yield one;
    else yield* one;
  }
}

/** Bytes as a stream, whatever they came as. */
export async function* streamed(content: Buffer | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(content)) yield content;
  else yield* content;
}
