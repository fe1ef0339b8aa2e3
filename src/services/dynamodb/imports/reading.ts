import { Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { DeliveryScope } from "../../../kit/service.ts";
import { callS3 } from "../transfer/s3.ts";
import type { ImportObjectRow, ImportRow } from "../transfer/tables.ts";

/** An object of an import: read a piece at a time, opened, and taken apart into lines. */

const pieceBytes = 8 * 2 ** 20;
/** A longer line is no item. */
const maxLineLength = 16 * 2 ** 20;

/** What is in an object cannot be read as what it was said to be. */
export class Unreadable extends Error {}

/** Node.js has Zstandard from version 22.15 on. */
const zstd = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;

export function canOpen(compression: ImportRow["compression"]): boolean {
  return compression !== "ZSTD" || zstd !== undefined;
}

/** The object's bytes, each piece read by a call of its own: an object that was replaced meanwhile is noticed. */
async function* piecesOf(object: ImportObjectRow, row: ImportRow, scope: DeliveryScope) {
  for (let start = 0; start < object.size; start += pieceBytes) {
    const end = Math.min(start + pieceBytes, object.size) - 1;
    const input = {
      Bucket: row.source.bucket,
      ExpectedBucketOwner: row.source.owner,
      Key: object.key,
      Range: `bytes=${start}-${end}`,
      IfMatch: object.etag,
    };
    yield await scope.act((ctx) => pieceOf(input, row, ctx));
  }
}

async function pieceOf(input: Record<string, unknown>, row: ImportRow, ctx: Context): Promise<Buffer> {
  const { Body } = await callS3("GetObject", input, row.caller, ctx);
  if (Buffer.isBuffer(Body)) return Body;
  const parts: Buffer[] = [];
  for await (const part of Body as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** The bytes, decompressed. */
async function* opened(pieces: AsyncIterable<Buffer>, compression: ImportRow["compression"]) {
  const opener = compression === "GZIP" ? zlib.createGunzip() : compression === "ZSTD" ? zstd?.() : undefined;
  if (opener === undefined) return yield* pieces;
  const source = Readable.from(pieces);
  // What S3 refuses is not to be taken for what cannot be opened.
  source.on("error", (error) => opener.destroy(error));
  try {
    for await (const part of source.pipe(opener)) yield part as Buffer;
  } catch (error) {
    if (error instanceof AwsError) throw error;
    throw new Unreadable(`The object cannot be decompressed as ${compression}`);
  }
}

export interface LineRead {
  text: string;
  /** With its end. */
  bytes: number;
}

/** The lines of an object, blank ones left out. */
export async function* linesOf(
  object: ImportObjectRow,
  row: ImportRow,
  scope: DeliveryScope,
): AsyncGenerator<LineRead> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of opened(piecesOf(object, row, scope), row.compression)) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() as string;
    if (rest.length > maxLineLength) throw new Unreadable("The object has a line that is too long");
    for (const line of lines) yield lineRead(line, 1);
  }
  rest += decoder.decode();
  if (rest !== "") yield lineRead(rest, 0);
}

function lineRead(line: string, endBytes: number): LineRead {
  return {
    text: line.endsWith("\r") ? line.slice(0, -1) : line,
    bytes: Buffer.byteLength(line) + endBytes,
  };
}
