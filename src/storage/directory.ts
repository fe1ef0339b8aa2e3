import { randomBytes, randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { StoreCorrupt, StoreLocked } from "./errors.ts";

/**
 * A data directory:
 *
 *   STORE    its identity: format, id, salt (JSON, nothing secret)
 *   OWNER    process id of the Cloudkeep that uses it, for the error message of a second one
 *   lock/    an empty LevelDB, held open: its lock ends with the process, however that ends
 *   state/   LevelDB: rows, logs, wrapped data keys
 *   bytes/   large bodies
 */

const directoryFormat = 3;
const saltBytes = 32;

export interface StoreIdentity {
  id: string;
  /** Of the passphrase. */
  salt: Buffer;
}

export interface DataDirectory {
  path: string;
  state: string;
  bytes: string;
  identity: StoreIdentity;
  release(): Promise<void>;
}

/** Takes the directory for this process, making it if need be. Throws StoreLocked, StoreCorrupt. */
export async function takeDirectory(path: string): Promise<DataDirectory> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = await takeLock(path);
  try {
    writeDurably(join(path, "OWNER"), `${process.pid}\n`);
    const identity = readIdentity(join(path, "STORE"));
    return {
      path,
      state: join(path, "state"),
      bytes: join(path, "bytes"),
      identity,
      async release() {
        rmSync(join(path, "OWNER"), { force: true });
        await lock.close();
      },
    };
  } catch (error) {
    await lock.close();
    throw error;
  }
}

async function takeLock(path: string): Promise<ClassicLevel> {
  const lock = new ClassicLevel(join(path, "lock"));
  try {
    await lock.open();
    return lock;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
    if (cause?.code === "LEVEL_LOCKED") throw new StoreLocked(path, ownerOf(path));
    throw error;
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(path, "OWNER"), "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}

function readIdentity(file: string): StoreIdentity {
  if (!existsSync(file)) {
    const made = {
      format: directoryFormat,
      id: randomUUID(),
      salt: randomBytes(saltBytes).toString("base64"),
    };
    writeDurably(file, `${JSON.stringify(made)}\n`);
  }
  const { format, id, salt } = parseIdentity(file);
  if (format !== directoryFormat) {
    throw new Error(`The data directory has format ${format}; this program knows format ${directoryFormat}.`);
  }
  if (typeof id !== "string" || !/^[0-9a-f-]{36}$/.test(id) || typeof salt !== "string") {
    throw new StoreCorrupt(file, "it names no store");
  }
  return { id, salt: Buffer.from(salt, "base64") };
}

function parseIdentity(file: string): { format?: unknown; id?: unknown; salt?: unknown } {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { format?: unknown; id?: unknown; salt?: unknown };
  } catch {
    throw new StoreCorrupt(file, "it is not JSON");
  }
}

/** Whole or not at all, also after a power failure. */
export function writeDurably(file: string, text: string): void {
  const partial = `${file}.partial`;
  const descriptor = openSync(partial, "w", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, file);
  syncDirectory(join(file, ".."));
}

export function syncDirectory(directory: string): void {
  // Windows cannot open a directory for this, and does not need it.
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
