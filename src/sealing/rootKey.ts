import { createSecretKey, type KeyObject, randomBytes, scrypt } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Where the root key comes from: CLOUDKEEP_ROOT_KEY (32 bytes in base64), CLOUDKEEP_PASSPHRASE, or a file that
 * only its owner may read, outside of the data directory, so that a copy of the data alone opens nothing.
 */

export const rootKeyBytes = 32;
export const minPassphraseCharacters = 12;
/** RFC 7914 parameters: 128 MiB and about half a second, once per start. */
const scryptCost = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
/** Beside the key file, while a rotation is under way. */
const nextSuffix = ".next";

/** The root key cannot be had; the message says what to do, and never holds key material. */
export class RootKeyUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RootKeyUnavailable";
  }
}

export interface RootKeyRequest {
  /** Names the key file. */
  storeId: string;
  /** Salt of the passphrase, kept with the store. */
  salt: Uint8Array;
  /** Whether the store is new: only then may a key file be made. */
  create: boolean;
}

/**
 * Gives the candidates for the root key: one, or two while a rotation of the key file was cut short.
 * Tests and embedders pass their own.
 */
export type RootKeySource = (request: RootKeyRequest) => Promise<KeyObject[]>;

export interface DefaultSourceOptions {
  /** Instead of `<configuration directory>/cloudkeep/keys/<store id>.key`. */
  keyFile?: string;
  environment?: Record<string, string | undefined>;
}

/** Environment first, then the key file. */
export function defaultRootKeySource({
  keyFile,
  environment = process.env,
}: DefaultSourceOptions = {}): RootKeySource {
  return async ({ storeId, salt, create }) => {
    const { CLOUDKEEP_ROOT_KEY: encoded, CLOUDKEEP_PASSPHRASE: passphrase } = environment;
    if (encoded && passphrase) {
      throw new RootKeyUnavailable("Set CLOUDKEEP_ROOT_KEY or CLOUDKEEP_PASSPHRASE, not both.");
    }
    if (encoded) return [decodeRootKey(encoded)];
    if (passphrase) return [await keyFromPassphrase(passphrase, salt)];
    return keysFromFile(keyFile ?? defaultKeyFile(storeId, environment), create);
  };
}

/** A root key that the caller holds. */
export function fixedRootKey(key: KeyObject): RootKeySource {
  return async () => [key];
}

export function newRootKey(): KeyObject {
  const bytes = randomBytes(rootKeyBytes);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

export function defaultKeyFile(
  storeId: string,
  environment: Record<string, string | undefined> = process.env,
): string {
  return join(
    environment.XDG_CONFIG_HOME || join(homedir(), ".config"),
    "cloudkeep",
    "keys",
    `${storeId}.key`,
  );
}

/** From base64 text. Errors never repeat the text. */
export function decodeRootKey(encoded: string): KeyObject {
  const text = encoded.trim();
  const bytes = Buffer.from(text, "base64");
  if (
    bytes.length !== rootKeyBytes ||
    bytes.toString("base64").replace(/=+$/, "") !== text.replace(/=+$/, "")
  ) {
    throw new RootKeyUnavailable(`A root key is ${rootKeyBytes} bytes in base64; this one is not.`);
  }
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function keyFromPassphrase(passphrase: string, salt: Uint8Array): Promise<KeyObject> {
  if (passphrase.length < minPassphraseCharacters) {
    throw new RootKeyUnavailable(
      `CLOUDKEEP_PASSPHRASE must have at least ${minPassphraseCharacters} characters.`,
    );
  }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFC"), salt, rootKeyBytes, scryptCost, (error, bytes) => {
      if (error) return reject(error);
      const key = createSecretKey(bytes);
      bytes.fill(0);
      resolve(key);
    });
  });
}

function keysFromFile(file: string, create: boolean): KeyObject[] {
  const files = [file, file + nextSuffix].filter((name) => existsSync(name));
  if (files.length > 0) return files.map(readKeyFile);
  if (!create) {
    throw new RootKeyUnavailable(
      `The root key file ${file} is missing, and this data directory cannot be opened without it. ` +
        "Restore it, or set CLOUDKEEP_ROOT_KEY or CLOUDKEEP_PASSPHRASE if the directory was made with one.",
    );
  }
  const key = newRootKey();
  writeKeyFile(file, key);
  return [key];
}

function readKeyFile(file: string): KeyObject {
  const descriptor = openSync(file, "r");
  try {
    const { mode } = fstatSync(descriptor);
    // Windows has no such bits; there, the folder of the user's profile protects the file.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new RootKeyUnavailable(
        `The root key file ${file} is open to others (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 ${file}`,
      );
    }
    return decodeRootKey(readFileSync(descriptor, "utf8"));
  } finally {
    closeSync(descriptor);
  }
}

/** Whole and on disk before anything is sealed with it. */
function writeKeyFile(file: string, key: KeyObject): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.${process.pid}.partial`;
  rmSync(partial, { force: true });
  const descriptor = openSync(partial, "wx", 0o600);
  try {
    writeSync(descriptor, `${key.export().toString("base64")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, file);
  syncDirectory(dirname(file));
}

function syncDirectory(directory: string): void {
  // Windows cannot open a directory for this, and does not need it.
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Replaces the key in a key file. The new key is on disk beside the old one before `rewrap` runs (the store's
 * `rewrap`), so that at every instant one of the two files opens the store.
 */
export async function rotateKeyFile(
  file: string,
  rewrap: (newRoot: KeyObject) => Promise<void>,
): Promise<void> {
  const next = file + nextSuffix;
  if (existsSync(next)) {
    throw new RootKeyUnavailable(
      `${next} is left from a rotation that was cut short; call settleKeyFile first.`,
    );
  }
  const key = newRootKey();
  writeKeyFile(next, key);
  await rewrap(key);
  renameSync(next, file);
  syncDirectory(dirname(file));
}

/** After a rotation that was cut short: keeps of the two key files the one whose key the store uses. */
export function settleKeyFile(file: string, isUsed: (root: KeyObject) => boolean): void {
  const next = file + nextSuffix;
  if (!existsSync(next)) return;
  if (isUsed(readKeyFile(next))) renameSync(next, file);
  else rmSync(next);
  syncDirectory(dirname(file));
}
