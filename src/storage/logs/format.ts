import type { LogEntry } from "../store.ts";
import { encodeVarints, Varints } from "../varints.ts";

/**
 * Entries of a log as they are stored. A piece is the entries of one commit: its head, numbers of variable length in
 * columns of differences; its terms; its texts. Head and terms stand behind their lengths (4 bytes each). A row is a
 * piece behind the hashes of its terms. A segment is the pieces of many rows, each behind its length, compressed: rows
 * are merged as they are, without being taken apart.
 */

export interface PlacedEntry {
  at: number;
  number: number;
  text: string;
  terms: readonly string[];
}

const lengthBytes = 4;

/** Asked before an entry's text is cut out. */
type Wanted = (at: number, number: number, terms: readonly string[]) => boolean;

export function encodeRow(entries: readonly PlacedEntry[]): Buffer {
  const numbers: number[] = [];
  const hashes = new Set<number>();
  let at = 0;
  let number = 0;
  let terms = "";
  let texts = "";
  for (const entry of entries) {
    numbers.push(entry.at - at, entry.number - number, entry.text.length, entry.terms.length);
    for (const term of entry.terms) {
      numbers.push(term.length);
      hashes.add(termHash(term));
      terms += term;
    }
    ({ at, number } = entry);
    texts += entry.text;
  }
  const head = encodeVarints(numbers);
  const termBytes = Buffer.byteLength(terms);
  const headAt = lengthBytes + hashes.size * 4 + lengthBytes;
  const termsAt = headAt + head.length + lengthBytes;
  const row = Buffer.allocUnsafe(termsAt + termBytes + Buffer.byteLength(texts));
  let offset = row.writeUInt32LE(hashes.size);
  for (const hash of hashes) offset = row.writeUInt32LE(hash, offset);
  row.writeUInt32LE(head.length, headAt - lengthBytes);
  head.copy(row, headAt);
  row.writeUInt32LE(termBytes, termsAt - lengthBytes);
  row.write(terms, termsAt);
  row.write(texts, termsAt + termBytes);
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
  const headEnd = lengthBytes + piece.readUInt32LE();
  const termsAt = headEnd + lengthBytes;
  const textsAt = termsAt + piece.readUInt32LE(headEnd);
  const head = new Varints(piece.subarray(lengthBytes, headEnd));
  const allTerms = piece.toString("utf8", termsAt, textsAt);
  let texts: string | undefined;
  const entries: PlacedEntry[] = [];
  let at = 0;
  let number = 0;
  let textAt = 0;
  let termAt = 0;
  while (!head.done) {
    at += head.next();
    number += head.next();
    const textEnd = textAt + head.next();
    const terms: string[] = [];
    for (let left = head.next(); left > 0; left -= 1) {
      const termEnd = termAt + head.next();
      terms.push(allTerms.slice(termAt, termEnd));
      termAt = termEnd;
    }
    if (wanted(at, number, terms)) {
      texts ??= piece.toString("utf8", textsAt);
      entries.push({ at, number, text: texts.slice(textAt, textEnd), terms });
    }
    textAt = textEnd;
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
