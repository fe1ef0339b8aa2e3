import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { maskedCrc32c } from "./crc32c.ts";
import { StoreCorrupt } from "./errors.ts";
import { Varints } from "./varints.ts";

/**
 * Checks LevelDB's files by their own checksums, which LevelDB itself lets pass: it drops damaged records of its
 * log without a word, and reads blocks of its tables unchecked. A seal tells that a value was changed; only
 * these checks tell that a row vanished.
 */

const blockBytes = 32_768;
const headerBytes = 7;
const sectorBytes = 512;
/** Checked in one turn of the event loop; about 2 ms. */
const turnBytes = 2 ** 20;

/** A record that begins a batch: whole, or its first part. */
const [zeroType, fullType, firstType] = [0, 1, 2];

/**
 * Checks the write-ahead logs of a closed LevelDB. The last batch may be torn: the process died, or the power
 * failed, before it was synced and so before it was acknowledged. Damage anywhere else throws StoreCorrupt.
 */
export async function verifyLogFiles(directory: string): Promise<void> {
  for (const name of await filesIn(directory, /^\d+\.log$/)) {
    const file = join(directory, name);
    const log = await readFile(file);
    const damage = firstDamage(log);
    if (damage === undefined || (isTorn(log, damage) && !hasBatchAfter(log, damage))) continue;
    throw new StoreCorrupt(file, `its record at byte ${damage} does not match its checksum`);
  }
}

/** Offset of the first record that does not hold together, if any. */
function firstDamage(log: Buffer): number | undefined {
  for (let at = 0; at < log.length; ) {
    const blockLeft = blockBytes - (at % blockBytes);
    if (blockLeft < headerBytes) {
      // Too short for a record, so zeros.
      if (log.subarray(at, at + blockLeft).some((byte) => byte !== 0)) return at;
      at += blockLeft;
      continue;
    }
    const next = endOfRecord(log, at);
    if (next === undefined) return at;
    at = next;
  }
  return undefined;
}

/** Offset behind a record; undefined if it is damaged or cut off. */
function endOfRecord(log: Buffer, at: number): number | undefined {
  if (at + headerBytes > log.length) return undefined;
  const end = at + headerBytes + log.readUInt16LE(at + 4);
  if (end > log.length || end > at - (at % blockBytes) + blockBytes) return undefined;
  return maskedCrc32c(log, at + 6, end) === log.readUInt32LE(at) && log[at + 6] !== zeroType
    ? end
    : undefined;
}

/** Cut off by the end of the file, or with a sector that was never written: what an unfinished write leaves. */
function isTorn(log: Buffer, at: number): boolean {
  if (at + headerBytes > log.length) return true;
  const end = at + headerBytes + log.readUInt16LE(at + 4);
  const blockEnd = at - (at % blockBytes) + blockBytes;
  if (end > log.length && end <= blockEnd) return true;
  if (log.readUInt32LE(at) === 0 && log[at + 6] === zeroType) return true;
  const zeros = Buffer.alloc(sectorBytes);
  const sector = Math.ceil(at / sectorBytes) * sectorBytes;
  for (let i = sector; i + sectorBytes <= Math.min(end, log.length); i += sectorBytes) {
    if (log.compare(zeros, 0, sectorBytes, i, i + sectorBytes) === 0) return true;
  }
  return false;
}

/** Whether a later batch was begun: only one is ever unsynced, so what comes before a later one was synced. */
function hasBatchAfter(log: Buffer, damage: number): boolean {
  for (let at = damage + 1; at + headerBytes <= log.length; at += 1) {
    const type = log[at + 6];
    if ((type === fullType || type === firstType) && endOfRecord(log, at) !== undefined) return true;
  }
  return false;
}

/** Names of LevelDB's tables. */
export function tableFiles(directory: string): Promise<string[]> {
  return filesIn(directory, /^\d+\.(ldb|sst)$/);
}

const footerBytes = 48;
const trailerBytes = 5;
const magicBytes = 8;
const magic = 0xdb4775248b80fb57n;

/** How a long check lets others have their turn. */
export type Pause = () => Promise<unknown>;

/** Takes one part in ten of the thread: for what has time. */
export function gently(): Pause {
  const share = 10;
  let workedSince = performance.now();
  return async () => {
    await setTimeout((performance.now() - workedSince) * (share - 1));
    workedSince = performance.now();
  };
}

/**
 * Checks a table; one that is gone (merged into another meanwhile) passes. Pauses after each MiB. Returns its size
 * in bytes.
 */
export async function verifyTable(file: string, pause: Pause = () => setImmediate()): Promise<number> {
  let table: Buffer;
  try {
    table = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
  const footer = table.length - footerBytes;
  if (footer < 0 || table.readBigUInt64LE(table.length - magicBytes) !== magic)
    throw new StoreCorrupt(file, "it has no end");
  const handles = new Cursor(table, footer, table.length - magicBytes);
  const metaindex = handles.blockHandle();
  const index = handles.blockHandle();
  while (!handles.done) if (handles.next() !== 0) throw new StoreCorrupt(file, "its end was changed");
  checkBlock(file, table, metaindex);
  checkBlock(file, table, index);
  let checked = 0;
  for (const block of [...blocksIn(table, metaindex), ...blocksIn(table, index)]) {
    checkBlock(file, table, block);
    checked += block.size;
    if (checked < turnBytes) continue;
    checked = 0;
    await pause();
  }
  return table.length;
}

interface BlockHandle {
  offset: number;
  size: number;
}

function checkBlock(file: string, table: Buffer, { offset, size }: BlockHandle): void {
  const end = offset + size;
  const fits = end + trailerBytes <= table.length;
  if (!fits || maskedCrc32c(table, offset, end + 1) !== table.readUInt32LE(end + 1)) {
    throw new StoreCorrupt(file, `its block at byte ${offset} does not match its checksum`);
  }
}

/** The blocks that an index block names. */
function* blocksIn(table: Buffer, { offset, size }: BlockHandle): Generator<BlockHandle> {
  const end = offset + size;
  const restarts = table.readUInt32LE(end - 4);
  const cursor = new Cursor(table, offset, end - 4 - restarts * 4);
  while (!cursor.done) {
    cursor.next();
    const keyBytes = cursor.next();
    cursor.next();
    cursor.skip(keyBytes);
    yield cursor.blockHandle();
  }
}

class Cursor extends Varints {
  blockHandle(): BlockHandle {
    return { offset: this.next(), size: this.next() };
  }
}

async function filesIn(directory: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => pattern.test(name));
}
