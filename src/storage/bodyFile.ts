import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "./directory.ts";
import { StoreUnavailable } from "./errors.ts";

/**
 * The file of a large body: a sequence of chunks, each AES-256-GCM with its number, and whether it is the last, in
 * the nonce: a chunk that is changed, moved, dropped or cut off does not open. The key is the body's own.
 */

export const chunkBytes = 64 * 1024;
const tagBytes = 16;
const nonceBytes = 12;
const keyBytes = 32;
const sealedChunkBytes = chunkBytes + tagBytes;
/** S3's largest object. */
export const maxBodyBytes = 5 * 2 ** 40;
/** Chunks that are written, and read, at a time. */
const chunksAtATime = 16;
/** Pieces that are sealed as they came; more of them are put together first. */
const maxPiecesAtATime = 4 * chunksAtATime;
/** Written bytes are synced as they pass, so that little is left to be waited for at the end. */
const syncEveryBytes = 16 * 2 ** 20;

/** A body's bytes do not authenticate, or are missing. */
export class BodyBroken extends Error {
  constructor(id: string, why: string) {
    super(`The body ${id} is broken: ${why}.`);
    this.name = "BodyBroken";
  }
}

/** A body that is on disk but not yet named by any transaction. */
export class FinishedBody {
  readonly id: string;
  readonly size: number;
  readonly #key: KeyObject;

  constructor(id: string, size: number, key: KeyObject) {
    this.id = id;
    this.size = size;
    this.#key = key;
  }

  /** What opens the file. */
  get key(): Buffer {
    return this.#key.export();
  }
}

/** A body being written. Await each call before the next. */
export class StagedBody {
  readonly id: string;
  readonly #associated: Buffer;
  readonly #folder: string;
  readonly #file: FileHandle;
  readonly #key = createSecretKey(randomBytes(keyBytes));
  #rest: Buffer[] = [];
  #restBytes = 0;
  #size = 0;
  #chunks = 0;
  #open = true;
  #unsyncedBytes = 0;
  /** The write under way: sealing goes on beside it. */
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();

  constructor(id: string, folder: string, file: FileHandle) {
    this.id = id;
    this.#associated = Buffer.from(id);
    this.#folder = folder;
    this.#file = file;
  }

  /** Adds bytes, which must not change afterwards. Throws StoreUnavailable if the disk refuses; then discard the body. */
  async write(bytes: Buffer): Promise<void> {
    if (!this.#open) throw new Error("The body is finished or discarded.");
    if (this.#size + bytes.length > maxBodyBytes)
      throw new RangeError(`A body is longer than ${maxBodyBytes} bytes.`);
    this.#size += bytes.length;
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
    // The last chunk is sealed as such, so one is held back until it is known not to be the last.
    if (this.#restBytes <= chunksAtATime * chunkBytes) return;
    await this.#append(this.#sealRest(false));
  }

  /** Completes the body and has it on disk, its folder included. */
  async finish(): Promise<FinishedBody> {
    if (!this.#open) throw new Error("The body is finished or discarded.");
    this.#open = false;
    try {
      await this.#append(this.#sealRest(true));
      await this.#writing;
      await this.#syncing;
      await this.#file.sync().catch(unavailable);
    } finally {
      await this.#file.close();
    }
    syncDirectory(this.#folder);
    return new FinishedBody(this.id, this.#size, this.#key);
  }

  /** Drops the body. */
  async discard(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing]);
    if (this.#open) await this.#file.close();
    this.#open = false;
    await rm(join(this.#folder, this.id), { force: true });
  }

  /** Seals whole chunks; with `toEnd`, all that is left. */
  #sealRest(toEnd: boolean): Buffer[] {
    const sealed: Buffer[] = [];
    // As they came, since copying them takes longer than sealing more of them; crumbs are put together.
    if (this.#rest.length > maxPiecesAtATime) this.#rest = [Buffer.concat(this.#rest)];
    while (this.#restBytes > chunkBytes) this.#seal(chunkBytes, false, sealed);
    if (toEnd) this.#seal(this.#restBytes, true, sealed);
    return sealed;
  }

  #seal(bytes: number, last: boolean, into: Buffer[]): void {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(this.#chunks, last));
    cipher.setAAD(this.#associated);
    this.#chunks += 1;
    this.#restBytes -= bytes;
    for (let left = bytes; left > 0; ) {
      const piece = this.#rest[0] as Buffer;
      into.push(cipher.update(piece.subarray(0, left)));
      if (piece.length <= left) this.#rest.shift();
      else this.#rest[0] = piece.subarray(left);
      left -= Math.min(left, piece.length);
    }
    cipher.final();
    into.push(cipher.getAuthTag());
  }

  /** Waits for the write before, not for this one: its failure shows with the next call. */
  async #append(parts: Buffer[]): Promise<void> {
    await this.#writing;
    let bytes = 0;
    for (const { length } of parts) bytes += length;
    this.#writing = this.#file.writev(parts).then(({ bytesWritten }) => {
      if (bytesWritten < bytes) throw new StoreUnavailable("no space is left on its disk");
    }, unavailable);
    this.#writing.catch(() => {});
    this.#unsyncedBytes += bytes;
    if (this.#unsyncedBytes < syncEveryBytes) return;
    this.#unsyncedBytes = 0;
    await this.#syncing;
    this.#syncing = this.#writing.then(() => this.#file.datasync().catch(unavailable));
    this.#syncing.catch(() => {});
  }
}

/** Bytes [start, end) of a body's file, in pieces, each verified before it is given. Throws BodyBroken. */
export async function* readBodyFile(
  path: string,
  { id, size, key }: { id: string; size: number; key: KeyObject },
  { start, end }: { start: number; end: number },
): AsyncGenerator<Buffer> {
  const file = await open(path, "r").catch(() => {
    throw new BodyBroken(id, "its file is missing");
  });
  try {
    const last = Math.max(0, Math.ceil(size / chunkBytes) - 1);
    const to = Math.min(end, size);
    let index = Math.floor(start / chunkBytes);
    // An empty body has one chunk too; whole reads verify it.
    if (start >= to && !(size === 0 && start === 0)) return;
    const lastWanted = Math.max(index, Math.ceil(to / chunkBytes) - 1);
    // One holds what is being opened while the other is read into: large bodies leave no more garbage than they must.
    const room = Math.min(chunksAtATime, lastWanted + 1 - index) * sealedChunkBytes;
    let [current, other] = [Buffer.allocUnsafe(room), Buffer.allocUnsafe(room)];
    const read = (into: Buffer) => {
      const upTo = Math.min(index + chunksAtATime - 1, lastWanted);
      return readSealed(file, id, { from: index, upTo, last, size }, into);
    };
    let next = read(current);
    while (index <= lastWanted) {
      const sealed = await next;
      let opened = index;
      index = Math.min(index + chunksAtATime, lastWanted + 1);
      [current, other] = [other, current];
      if (index <= lastWanted) {
        next = read(current);
        next.catch(() => {});
      }
      for (let at = 0; at < sealed.length; at += sealedChunkBytes, opened += 1) {
        const chunk = openChunk(sealed.subarray(at, at + sealedChunkBytes), id, key, opened, last);
        const base = opened * chunkBytes;
        const piece = chunk.subarray(Math.max(0, start - base), to - base);
        if (piece.length > 0) yield piece;
      }
    }
  } finally {
    await file.close();
  }
}

/** The sealed chunks from `from` to `upTo`, in the room that is given. */
async function readSealed(
  file: FileHandle,
  id: string,
  { from, upTo, last, size }: { from: number; upTo: number; last: number; size: number },
  into: Buffer,
): Promise<Buffer> {
  const lastBytes = (upTo === last ? size - last * chunkBytes : chunkBytes) + tagBytes;
  const sealed = into.subarray(0, (upTo - from) * sealedChunkBytes + lastBytes);
  const { bytesRead } = await file.read(sealed, 0, sealed.length, from * sealedChunkBytes).catch(unavailable);
  if (bytesRead < sealed.length) throw new BodyBroken(id, "its file is too short");
  return sealed;
}

function openChunk(sealed: Buffer, id: string, key: KeyObject, index: number, last: number): Buffer {
  const nonce = nonceOf(index, index === last);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(id));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const opened = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
  try {
    decipher.final();
  } catch {
    throw new BodyBroken(id, `chunk ${index} was changed or moved`);
  }
  return opened;
}

/** The key is the body's own, so a counter never repeats under it. */
function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeBigUInt64BE(BigInt(index), 0);
  nonce[nonceBytes - 1] = last ? 1 : 0;
  return nonce;
}

function unavailable(error: unknown): never {
  const full = (error as NodeJS.ErrnoException).code === "ENOSPC";
  throw new StoreUnavailable(full ? "no space is left on its disk" : "its disk failed", error);
}
