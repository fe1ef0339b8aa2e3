import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type Hash,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { mkdirSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "./directory.ts";
import { StoreUnavailable } from "./errors.ts";
import type { Store, Transaction } from "./store.ts";

/**
 * Large bodies, in files of their own: staged and synced first, then named by a row in the transaction that makes
 * them visible. The row holds the body's own key, so a body whose row is gone cannot be read, and is swept.
 *
 * A file is a sequence of chunks, each AES-256-GCM with its number, and whether it is the last, in the nonce: a
 * chunk that is changed, moved, dropped or cut off does not open.
 */

export const chunkBytes = 64 * 1024;
const tagBytes = 16;
const nonceBytes = 12;
const keyBytes = 32;
const sealedChunkBytes = chunkBytes + tagBytes;
/** S3's largest object. */
export const maxBodyBytes = 5 * 2 ** 40;

const rowPrefix = "bytes/";
const idShape = /^[0-9a-f]{32}$/;
const generationBytes = 4;
const idBytes = 16;
/** Files are spread over folders by the last digits of their id, which are random. */
const shardDigits = 2;

/** A body's bytes do not authenticate, or are missing. */
export class BodyBroken extends Error {
  constructor(id: string, why: string) {
    super(`The body ${id} is broken: ${why}.`);
    this.name = "BodyBroken";
  }
}

interface BodyRow {
  size: number;
  sha256: string;
  key: string;
}

/** A body that is on disk but not yet named by any transaction. */
export class FinishedBody {
  readonly id: string;
  readonly size: number;
  /** Of the plaintext, hex. */
  readonly sha256: string;
  readonly #key: KeyObject;

  constructor(id: string, size: number, sha256: string, key: KeyObject) {
    this.id = id;
    this.size = size;
    this.sha256 = sha256;
    this.#key = key;
  }

  /** The row that names the body. The store seals it, and with it the key. */
  get row(): Buffer {
    const row: BodyRow = { size: this.size, sha256: this.sha256, key: this.#key.export().toString("base64") };
    return Buffer.from(JSON.stringify(row));
  }
}

export class ByteStore {
  readonly #dir: string;
  readonly #store: Store;
  /** Begins the ids of this opening, so that the sweep can tell bodies that may still be named. */
  readonly #generation = randomBytes(generationBytes).toString("hex");

  constructor(dir: string, store: Store) {
    this.#dir = dir;
    this.#store = store;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  /** Begins a body. Finish or discard it. */
  async stage(): Promise<StagedBody> {
    const id = this.#generation + randomBytes(idBytes - generationBytes).toString("hex");
    const folder = this.#folder(id);
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) syncDirectory(this.#dir);
    return new StagedBody(id, folder, await open(join(folder, id), "wx", 0o600).catch(unavailable));
  }

  /** Names a body in `tx`: once that commits, the body stays until it is removed. */
  adopt(tx: Transaction, body: FinishedBody): void {
    tx.put(rowPrefix + body.id, body.row);
  }

  /** Takes the name away in `tx`. Its file goes with `discard`, or with the next sweep. */
  remove(tx: Transaction, id: string): void {
    tx.delete(rowPrefix + checkId(id));
  }

  /** Deletes the file of a body that no committed row names. */
  async discard(id: string): Promise<void> {
    const named = await this.#store.transact((tx) => tx.get(rowPrefix + checkId(id)));
    if (named === undefined) await rm(join(this.#folder(id), id), { force: true });
  }

  /** Size in bytes and SHA-256 (hex) of a named body. */
  async stat(tx: Transaction, id: string): Promise<{ size: number; sha256: string } | undefined> {
    const row = await tx.get(rowPrefix + checkId(id));
    if (row === undefined) return undefined;
    const { size, sha256 } = parseRow(row);
    return { size, sha256 };
  }

  /**
   * Bytes [start, end) of a named body, in pieces, each verified before it is given. A body that is removed
   * meanwhile is read to its end. Throws BodyBroken.
   */
  async *read(id: string, { start = 0, end }: { start?: number; end?: number } = {}): AsyncGenerator<Buffer> {
    const row = await this.#store.transact((tx) => tx.get(rowPrefix + checkId(id)));
    if (row === undefined) throw new BodyBroken(id, "no row names it");
    const { size, key: encoded } = parseRow(row);
    const key = createSecretKey(Buffer.from(encoded, "base64"));
    const to = Math.min(end ?? size, size);
    const last = lastChunk(size);
    const file = await open(join(this.#folder(id), id), "r").catch(() => {
      throw new BodyBroken(id, "its file is missing");
    });
    try {
      for (let index = Math.floor(start / chunkBytes); index <= last; index += 1) {
        const from = index * chunkBytes;
        // An empty body has one chunk too; whole reads verify it.
        if (from >= to && !(size === 0 && start === 0)) return;
        const chunk = await readChunk(
          file,
          id,
          key,
          index,
          index === last,
          Math.min(chunkBytes, size - from),
        );
        const piece = chunk.subarray(Math.max(0, start - from), to - from);
        if (piece.length > 0) yield piece;
      }
    } finally {
      await file.close();
    }
  }

  /** Deletes what earlier openings staged and no row names. Returns how many files it deleted. */
  async sweep(): Promise<number> {
    let swept = 0;
    for (const folder of await readdir(this.#dir)) {
      for (const id of await readdir(join(this.#dir, folder))) {
        if (!idShape.test(id) || id.startsWith(this.#generation)) continue;
        const named = await this.#store.transact((tx) => tx.get(rowPrefix + id));
        if (named !== undefined) continue;
        await unlink(join(this.#dir, folder, id));
        swept += 1;
      }
    }
    return swept;
  }

  #folder(id: string): string {
    return join(this.#dir, id.slice(-shardDigits));
  }
}

/** A body being written. Await each call before the next. */
export class StagedBody {
  readonly id: string;
  readonly #folder: string;
  readonly #file: FileHandle;
  readonly #key = createSecretKey(randomBytes(keyBytes));
  readonly #hash: Hash = createHash("sha256");
  #rest: Buffer[] = [];
  #restBytes = 0;
  #size = 0;
  #chunks = 0;
  #open = true;

  constructor(id: string, folder: string, file: FileHandle) {
    this.id = id;
    this.#folder = folder;
    this.#file = file;
  }

  /** Adds bytes. Throws StoreUnavailable if the disk refuses; then discard the body. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#open) throw new Error("The body is finished or discarded.");
    if (this.#size + bytes.byteLength > maxBodyBytes)
      throw new RangeError(`A body is longer than ${maxBodyBytes} bytes.`);
    this.#hash.update(bytes);
    this.#size += bytes.byteLength;
    // A copy: callers may reuse their buffer.
    this.#rest.push(Buffer.from(bytes));
    this.#restBytes += bytes.byteLength;
    // The last chunk is sealed as such, so one is held back until it is known not to be the last.
    if (this.#restBytes <= chunkBytes) return;
    const rest = Buffer.concat(this.#rest);
    const sealed: Buffer[] = [];
    let at = 0;
    for (; rest.length - at > chunkBytes; at += chunkBytes)
      sealed.push(...this.#seal(rest.subarray(at, at + chunkBytes), false));
    this.#rest = [rest.subarray(at)];
    this.#restBytes = rest.length - at;
    await this.#append(sealed);
  }

  /** Completes the body and has it on disk, its folder included. */
  async finish(): Promise<FinishedBody> {
    if (!this.#open) throw new Error("The body is finished or discarded.");
    this.#open = false;
    try {
      await this.#append(this.#seal(Buffer.concat(this.#rest), true));
      await this.#file.sync().catch(unavailable);
    } finally {
      await this.#file.close();
    }
    syncDirectory(this.#folder);
    return new FinishedBody(this.id, this.#size, this.#hash.digest("hex"), this.#key);
  }

  /** Drops the body. */
  async discard(): Promise<void> {
    if (this.#open) await this.#file.close();
    this.#open = false;
    await rm(join(this.#folder, this.id), { force: true });
  }

  #seal(chunk: Buffer, last: boolean): Buffer[] {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(this.#chunks, last));
    cipher.setAAD(Buffer.from(this.id));
    this.#chunks += 1;
    const ciphertext = cipher.update(chunk);
    cipher.final();
    return [ciphertext, cipher.getAuthTag()];
  }

  async #append(parts: Buffer[]): Promise<void> {
    await this.#file.appendFile(Buffer.concat(parts)).catch(unavailable);
  }
}

async function readChunk(
  file: FileHandle,
  id: string,
  key: KeyObject,
  index: number,
  last: boolean,
  length: number,
): Promise<Buffer> {
  const sealed = Buffer.allocUnsafe(length + tagBytes);
  const { bytesRead } = await file
    .read(sealed, 0, sealed.length, index * sealedChunkBytes)
    .catch(unavailable);
  if (bytesRead < sealed.length) throw new BodyBroken(id, "its file is too short");
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(index, last), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(id));
  decipher.setAuthTag(sealed.subarray(length));
  const chunk = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    throw new BodyBroken(id, `chunk ${index} was changed or moved`);
  }
  return chunk;
}

/** The key is the body's own, so a counter never repeats under it. */
function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeBigUInt64BE(BigInt(index), 0);
  nonce[nonceBytes - 1] = last ? 1 : 0;
  return nonce;
}

function lastChunk(size: number): number {
  return Math.max(0, Math.ceil(size / chunkBytes) - 1);
}

function parseRow(row: Uint8Array): BodyRow {
  return JSON.parse(Buffer.from(row).toString()) as BodyRow;
}

/** Ids become file names. */
function checkId(id: string): string {
  if (!idShape.test(id)) throw new TypeError("This is not the id of a body.");
  return id;
}

function unavailable(error: unknown): never {
  const full = (error as NodeJS.ErrnoException).code === "ENOSPC";
  throw new StoreUnavailable(full ? "no space is left on its disk" : "its disk failed", error);
}
