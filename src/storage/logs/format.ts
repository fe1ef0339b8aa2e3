import type { LogEntry } from "../store.ts";

/**
 * Entries of a log as they are stored: a piece, which is either the entries of one commit (a row) or many rows
 * merged (a segment, compressed). The length of the head (4 bytes), the head as JSON, the texts.
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

export function encodePiece(entries: readonly PlacedEntry[]): Buffer {
  const head: Head = { at: [], number: [], length: [], terms: [] };
  let at = 0;
  let number = 0;
  let texts = "";
  for (const entry of entries) {
    head.at.push(entry.at - at);
    head.number.push(entry.number - number);
    head.length.push(entry.text.length);
    head.terms.push(entry.terms);
    ({ at, number } = entry);
    texts += entry.text;
  }
  const json = Buffer.from(JSON.stringify(head));
  const piece = Buffer.allocUnsafe(lengthBytes + json.length + Buffer.byteLength(texts));
  piece.writeUInt32LE(json.length);
  json.copy(piece, lengthBytes);
  piece.write(texts, lengthBytes + json.length);
  return piece;
}

/** Entries in order; `wanted` is asked before a text is cut out. */
export function decodePiece(
  piece: Buffer,
  wanted: (at: number, number: number, terms: readonly string[]) => boolean = () => true,
): PlacedEntry[] {
  const textsAt = lengthBytes + piece.readUInt32LE();
  const head = JSON.parse(piece.toString("utf8", lengthBytes, textsAt)) as Head;
  const texts = piece.toString("utf8", textsAt);
  const entries: PlacedEntry[] = [];
  let at = 0;
  let number = 0;
  let start = 0;
  for (let i = 0; i < head.at.length; i += 1) {
    at += head.at[i] as number;
    number += head.number[i] as number;
    const end = start + (head.length[i] as number);
    const terms = head.terms[i] as readonly string[];
    if (wanted(at, number, terms)) entries.push({ at, number, text: texts.slice(start, end), terms });
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
  entries: number;
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
