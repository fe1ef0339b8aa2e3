import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { BodyBroken, type FinishedBody, readBodyFile, StagedBody } from "./bodyFile.ts";
import { syncDirectory } from "./directory.ts";
import { StoreUnavailable } from "./errors.ts";
import type { Reads, Store, Transaction } from "./store.ts";

/**
 * Bodies: small ones in a row, large ones in files of their own, staged and synced first, then named by a row in
 * the transaction that makes them visible. The row holds the file's own key, so a body whose row is gone cannot be
 * read, and is swept. A row may be wrapped by a further key, without which neither row nor file opens.
 */

export { BodyBroken, chunkBytes, FinishedBody, maxBodyBytes, StagedBody } from "./bodyFile.ts";

const rowPrefix = "bytes/";
/** Which bodies share a file: `files/<file>/<id>`, only for files that are shared. */
const linkPrefix = "files/";
const idShape = /^[0-9a-f]{32}$/;
const generationBytes = 4;
const idBytes = 16;
const nonceBytes = 12;
const idsDrawnAtOnce = 512;
const tagBytes = 16;
/** Files are spread over folders by the last digits of their id, which are random. */
const shardDigits = 2;
/** A file outlives its name a little, for those who are about to open it. */
export const discardDelayMs = 10_000;

/** First byte of a row: what follows it, in the clear or wrapped. */
const kinds = { bytes: 0, wrappedBytes: 1, file: 2, wrappedFile: 3 };

interface FileRow {
  file: string;
  size: number;
  key: string;
  /** Other bodies may stand on the same file. */
  shared?: true;
}

export interface Range {
  start?: number;
  end?: number;
}

/** The key that was given does not open the body. */
export class WrongBodyKey extends Error {}

export class ByteStore {
  readonly #dir: string;
  readonly #store: Store;
  /** Begins the ids of this opening, so that the sweep can tell bodies that may still be named. */
  readonly #generation = randomBytes(generationBytes).toString("hex");
  readonly #leaving = new Map<string, NodeJS.Timeout>();

  constructor(dir: string, store: Store) {
    this.#dir = dir;
    this.#store = store;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  /** Randomness for ids is drawn for many at once. */
  #drawn = Buffer.alloc(0);

  #newId(): string {
    if (this.#drawn.length === 0) this.#drawn = randomBytes((idBytes - generationBytes) * idsDrawnAtOnce);
    const id = this.#drawn.toString("hex", 0, idBytes - generationBytes);
    this.#drawn = this.#drawn.subarray(idBytes - generationBytes);
    return this.#generation + id;
  }

  /** Begins a body. Finish or discard it. */
  async stage(): Promise<StagedBody> {
    const id = this.#newId();
    const folder = this.#folder(id);
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) syncDirectory(this.#dir);
    const file = await open(join(folder, id), "wx", 0o600).catch((error: unknown) => {
      throw new StoreUnavailable("a body's file could not be made", error);
    });
    return new StagedBody(id, folder, file);
  }

  /** Names a body in `tx`: once that commits, the body stays until it is removed. `under` wraps its row. */
  adopt(tx: Transaction, body: FinishedBody, under?: Uint8Array): string {
    const row: FileRow = { file: body.id, size: body.size, key: body.key.toString("base64") };
    putRow(tx, body.id, kinds.file, Buffer.from(JSON.stringify(row)), under);
    return body.id;
  }

  /** Keeps a small body in a row. */
  keep(tx: Transaction, bytes: Buffer, under?: Uint8Array): string {
    const id = this.#newId();
    putRow(tx, id, kinds.bytes, bytes, under);
    return id;
  }

  /** The same bytes under a new id, and a key of its own. Costs no more for large bodies. */
  async share(tx: Transaction, id: string, under?: Uint8Array, newUnder?: Uint8Array): Promise<string> {
    const { kind, content } = await readRow(tx, id, under);
    if (kind === kinds.bytes) return this.keep(tx, content, newUnder);
    const row: FileRow = { ...parseFile(content), shared: true };
    const shared = Buffer.from(JSON.stringify(row));
    const newId = this.#newId();
    putRow(tx, id, kinds.file, shared, under);
    putRow(tx, newId, kinds.file, shared, newUnder);
    for (const one of [id, newId]) tx.put(linkKey(row.file, one), Buffer.of());
    return newId;
  }

  /**
   * Takes the name away in `tx`. Resolves to the file that nobody names then, if there is one: it goes with
   * `discard`, or with the next sweep. The row need not be opened for this: links tell.
   */
  async remove(tx: Transaction, id: string): Promise<string | undefined> {
    const bytes = await tx.get(rowKey(id));
    if (bytes === undefined) return undefined;
    tx.delete(rowKey(id));
    if (bytes[0] === kinds.bytes || bytes[0] === kinds.wrappedBytes) return undefined;
    const file = fileOf(bytes) ?? id;
    tx.delete(linkKey(file, id));
    const others = await tx.range(linkKey(file, ""), linkKey(file, "g"), { limit: 1 });
    return others.length === 0 ? file : undefined;
  }

  /** Deletes a file that no committed row names, a little later. */
  discard(file: string): void {
    checkId(file);
    if (this.#leaving.has(file)) return;
    const timer = setTimeout(() => {
      this.#leaving.delete(file);
      this.discardNow(file).catch(() => {
        // What could not be deleted is swept at the next start.
      });
    }, discardDelayMs);
    timer.unref();
    this.#leaving.set(file, timer);
  }

  /** Deletes a file that no committed row names. */
  async discardNow(file: string): Promise<void> {
    if (await this.#isNamed(checkId(file))) return;
    await rm(join(this.#folder(file), file), { force: true });
  }

  async #isNamed(file: string): Promise<boolean> {
    return await this.#store.peek(async (tx) => {
      if ((await tx.get(rowKey(file))) !== undefined) return true;
      return (await tx.range(linkKey(file, ""), linkKey(file, "g"), { limit: 1 })).length > 0;
    });
  }

  /**
   * Bytes [start, end) of a named body: at once where it is small, else in pieces, each verified before it is
   * given. A body that is removed meanwhile is read to its end. Throws BodyBroken, WrongBodyKey.
   */
  async open(
    tx: Reads,
    id: string,
    { start = 0, end }: Range = {},
    under?: Uint8Array,
  ): Promise<Buffer | AsyncIterable<Buffer>> {
    const { kind, content } = await readRow(tx, id, under);
    if (kind === kinds.bytes) return content.subarray(start, end);
    const { file, size, key } = parseFile(content);
    const body = { id: file, size, key: createSecretKey(Buffer.from(key, "base64")) };
    return readBodyFile(join(this.#folder(file), file), body, { start, end: end ?? size });
  }

  /** Deletes what earlier openings staged and no row names. Returns how many files it deleted. */
  async sweep(): Promise<number> {
    return await this.#deleteFiles(
      async (id) => !id.startsWith(this.#generation) && !(await this.#isNamed(id)),
    );
  }

  /** Deletes every file: what the store's reset leaves. */
  async clear(): Promise<void> {
    await this.#deleteFiles(async (id) => !(await this.#isNamed(id)));
  }

  async #deleteFiles(which: (id: string) => Promise<boolean>): Promise<number> {
    let deleted = 0;
    for (const folder of await readdir(this.#dir)) {
      for (const id of await readdir(join(this.#dir, folder))) {
        if (!idShape.test(id) || !(await which(id))) continue;
        await rm(join(this.#dir, folder, id), { force: true });
        deleted += 1;
      }
    }
    return deleted;
  }

  /** Deletes at once what was to be deleted a little later. */
  async close(): Promise<void> {
    const files = [...this.#leaving];
    this.#leaving.clear();
    for (const [file, timer] of files) {
      clearTimeout(timer);
      await this.discardNow(file);
    }
  }

  #folder(id: string): string {
    return join(this.#dir, id.slice(-shardDigits));
  }
}

function rowKey(id: string): string {
  return rowPrefix + checkId(id);
}

function linkKey(file: string, id: string): string {
  return `${linkPrefix}${checkId(file)}/${id}`;
}

/**
 * A file's name stands before what is wrapped: who may not open a body must still be able to delete it. Rows of
 * bytes: kind, content. Rows of files: kind, file (16 bytes), content.
 */
function putRow(tx: Transaction, id: string, kind: number, content: Buffer, under?: Uint8Array): void {
  const file = kind === kinds.file ? Buffer.from(parseFile(content).file, "hex") : Buffer.of();
  if (under === undefined) {
    tx.put(rowKey(id), Buffer.concat([Buffer.of(kind), file, content]));
    return;
  }
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", under, nonce);
  cipher.setAAD(Buffer.from(id));
  const sealed = cipher.update(content);
  cipher.final();
  tx.put(rowKey(id), Buffer.concat([Buffer.of(kind + 1), file, nonce, cipher.getAuthTag(), sealed]));
}

function fileOf(row: Uint8Array): string | undefined {
  const hasFile = row[0] === kinds.file || row[0] === kinds.wrappedFile;
  return hasFile ? Buffer.from(row.subarray(1, 1 + idBytes)).toString("hex") : undefined;
}

async function readRow(
  tx: Reads,
  id: string,
  under: Uint8Array | undefined,
): Promise<{ kind: number; content: Buffer }> {
  const row = await tx.get(rowKey(id));
  if (row === undefined) throw new BodyBroken(id, "no row names it");
  const [kind = 0] = row;
  const rest = Buffer.from(row.buffer, row.byteOffset, row.byteLength).subarray(
    fileOf(row) === undefined ? 1 : 1 + idBytes,
  );
  if (kind === kinds.bytes || kind === kinds.file) return { kind, content: rest };
  if (under === undefined) throw new WrongBodyKey("The body needs a key.");
  const decipher = createDecipheriv("aes-256-gcm", under, rest.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(id));
  decipher.setAuthTag(rest.subarray(nonceBytes, nonceBytes + tagBytes));
  const content = decipher.update(rest.subarray(nonceBytes + tagBytes));
  try {
    decipher.final();
  } catch {
    throw new WrongBodyKey("The key does not open the body.");
  }
  return { kind: kind - 1, content };
}

function parseFile(content: Buffer): FileRow {
  return JSON.parse(content.toString()) as FileRow;
}

/** Ids become file names. */
function checkId(id: string): string {
  if (!idShape.test(id)) throw new TypeError("This is not the id of a body.");
  return id;
}
