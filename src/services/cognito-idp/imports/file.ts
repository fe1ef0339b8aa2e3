import type { Context } from "../../../kit/context.ts";
import { BadCsv, endOfRecords, recordsOf } from "./csv.ts";
import type { JobRow } from "./tables.ts";

/** Reads a job's file on from where it has been read to, so that no more than a piece of it is ever in memory. */

/** Of a piece; a line is shorter. */
const pieceBytes = 256 * 1024;
/** In one transaction: its commit is waited for before the next begins. */
const recordsAtOnce = 500;

async function bytesOf(job: JobRow, at: number, ctx: Context): Promise<Buffer> {
  const { bodyId = "", bytes = 0 } = job.file ?? {};
  if (at >= bytes) return Buffer.alloc(0);
  const content = await ctx.bytes.open(bodyId, { start: at, end: Math.min(bytes, at + pieceBytes) });
  if (Buffer.isBuffer(content)) return content;
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function recordsFrom(
  job: JobRow,
  at: number,
  max: number,
  ctx: Context,
): Promise<{ records: string[][]; next: number }> {
  const piece = await bytesOf(job, at, ctx);
  const { end, records } = endOfRecords(piece, max);
  const isLast = at + piece.length >= (job.file?.bytes ?? 0);
  // The last line may end without a word.
  const length = isLast && records < max ? piece.length : end;
  if (length === 0 && piece.length > 0) throw new BadCsv(`A line has more than ${pieceBytes} bytes.`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(piece.subarray(0, length));
    return { records: recordsOf(text), next: at + length };
  } catch (error) {
    if (error instanceof TypeError) throw new BadCsv("The text is not in UTF-8.");
    throw error;
  }
}

/** The next users of a file, and the job as it is behind them. Throws `BadCsv`. */
export async function nextRecords(
  job: JobRow,
  ctx: Context,
): Promise<{ records: string[][]; header: string[]; line: number; next: JobRow }> {
  let { read } = job;
  if (read === undefined) {
    const { records, next } = await recordsFrom(job, 0, 1, ctx);
    read = { header: records[0] ?? [], at: next, line: 2 };
  }
  const { header, at, line } = read;
  const { records, next } = await recordsFrom(job, at, recordsAtOnce, ctx);
  return { records, header, line, next: { ...job, read: { header, at: next, line: line + records.length } } };
}

export function isRead({ file, read }: JobRow): boolean {
  return read !== undefined && read.at >= (file?.bytes ?? 0);
}
