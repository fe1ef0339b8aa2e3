import type { LogEntry } from "../store.ts";

/**
 * Entries of a log as they are stored. A piece is the entries of one commit: the length of its head (4 bytes), the
 * head as JSON, the texts. A row is a piece behind the hashes of its terms. A segment is the pieces of many rows,
 * each behind its length, compressed: rows are merged as they are, without being taken apart.
 */

export interface PlacedEntry {
  at: number;
  number: number;
  text: string;
  terms: readonly string[];
}

/** Columns, times and numbers as differences: repetitive, and so small once compressed. */
interface Head {
  at: number[];
  number: number[];
  length: number[];
  terms: (readonly string[])[];
}

const lengthBytes = 4;

/** Asked before an entry's text is cut out. */
type Wanted = (at: number, number: number, terms: readonly string[]) => boolean;

export function encodeRow(entries: readonly PlacedEntry[]): Buffer {
  const head: Head = { at: [], number: [], length: [], terms: [] };
  const hashes = new Set<number>();
  let at = 0;
  let number = 0;
  let texts = "";
  for (const entry of entries) {
    head.at.push(entry.at - at);
    head.number.push(entry.number - number);
    head.length.push(entry.text.length);
    head.terms.push(entry.terms);
    for (const term of entry.terms) hashes.add(termHash(term));
    ({ at, number } = entry);
    texts += entry.text;
  }
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  const pieceAt = lengthBytes + hashes.size * 4;
  const headAt = pieceAt + lengthBytes;
  const row = Buffer.allocUnsafe(headAt + headBytes + Buffer.byteLength(texts));
  let offset = row.writeUInt32LE(hashes.size);
  for (const hash of hashes) offset = row.writeUInt32LE(hash, offset);
  row.writeUInt32LE(headBytes, pieceAt);
  row.write(json, headAt);
  row.write(texts, headAt + headBytes);
  return row;
}

/** A row taken apart, nothing decoded. */
export interface RawRow {
  piece: Buffer;
  hashes: number[];
}

export function readRow(row: Buffer): RawRow {
  const pieceAt = lengthBytes + row.readUInt32LE() * 4;
  const hashes: number[] = [];
  for (let offset = lengthBytes; offset < pieceAt; offset += 4) hashes.push(row.readUInt32LE(offset));
  return { piece: row.subarray(pieceAt), hashes };
}

/** A segment's content, before it is compressed. */
export function joinPieces(pieces: readonly Buffer[]): Buffer {
  const parts = pieces.flatMap((piece) => {
    const length = Buffer.allocUnsafe(lengthBytes);
    length.writeUInt32LE(piece.length);
    return [length, piece];
  });
  return Buffer.concat(parts);
}

/** Entries of a segment's content, in order. */
export function decodeSegment(content: Buffer, wanted: Wanted): PlacedEntry[] {
  const entries: PlacedEntry[] = [];
  for (let offset = 0; offset < content.length; ) {
    const start = offset + lengthBytes;
    offset = start + content.readUInt32LE(offset);
    entries.push(...decodePiece(content.subarray(start, offset), wanted));
  }
  return entries;
}

/** Entries of a piece, in order. */
export function decodePiece(piece: Buffer, wanted: Wanted = () => true): PlacedEntry[] {
  const textsAt = lengthBytes + piece.readUInt32LE();
  const head = JSON.parse(piece.toString("utf8", lengthBytes, textsAt)) as Head;
  let texts: string | undefined;
  const entries: PlacedEntry[] = [];
  let at = 0;
  let number = 0;
  let start = 0;
  for (let i = 0; i < head.at.length; i += 1) {
    at += head.at[i] as number;
    number += head.number[i] as number;
    const end = start + (head.length[i] as number);
    const terms = head.terms[i] as readonly string[];
    if (wanted(at, number, terms)) {
      texts ??= piece.toString("utf8", textsAt);
      entries.push({ at, number, text: texts.slice(start, end), terms });
    }
    start = end;
  }
  return entries;
}

/** Bytes that an entry takes, roughly. */
export function entryBytes({ text, terms = [] }: LogEntry): number {
  return text.length + terms.reduce((sum, term) => sum + term.length + 3, 32);
}

/** What is known of a segment without opening it. */
export interface SegmentIndex {
  /** Position of its last entry. */
  last: string;
  /** Of the sealed segment and this index. */
  bytes: number;
  /** Hashes of all terms in it, ascending. */
  terms: Uint32Array;
}

export function encodeIndex(index: SegmentIndex): Buffer {
  const { terms, ...head } = index;
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(json.length);
  const hashes = Buffer.allocUnsafe(terms.length * 4);
  terms.forEach((hash, i) => {
    hashes.writeUInt32LE(hash, i * 4);
  });
  return Buffer.concat([length, json, hashes]);
}

/** The head, and whether every one of `hashes` may be in the segment. */
export function readIndex(
  encoded: Buffer,
  hashes: readonly number[],
): Omit<SegmentIndex, "terms"> & { mayMatch: boolean } {
  const hashesAt = lengthBytes + encoded.readUInt32LE();
  const head = JSON.parse(encoded.toString("utf8", lengthBytes, hashesAt)) as Omit<SegmentIndex, "terms">;
  return { ...head, mayMatch: hashes.every((hash) => hasHash(encoded, hashesAt, hash)) };
}

function hasHash(encoded: Buffer, start: number, hash: number): boolean {
  let low = 0;
  let high = (encoded.length - start) >> 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (encoded.readUInt32LE(start + middle * 4) < hash) low = middle + 1;
    else high = middle;
  }
  return start + low * 4 < encoded.length && encoded.readUInt32LE(start + low * 4) === hash;
}

/** FNV-1a over UTF-16 units, mixed; collisions cost a look into a segment, nothing else. */
export function termHash(term: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < term.length; i += 1) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
