import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from "node:crypto";

/**
 * Data keys, wrapped by the root key, and the seal that every stored value carries.
 *
 * A sealed value is: format (1 byte), data key id (4), nonce (12), ciphertext, tag (16); AES-256-GCM with the
 * row's own key as additional data, so that a value moved to another row does not open.
 */

const sealFormat = 1;
const wrapFormat = 1;
const nonceBytes = 12;
const tagBytes = 16;
const dataKeyBytes = 32;
const keyIdBytes = 4;
const headerBytes = 1 + keyIdBytes + nonceBytes;
const noncePoolBytes = nonceBytes * 1024;
/** Count of seals kept with a wrapped key, as a 48-bit integer. */
const countBytes = 6;

/** Bytes by which a sealed value is longer than its plaintext. */
export const sealOverheadBytes = headerBytes + tagBytes;

/** NIST SP 800-38D allows 2^32 random nonces under one key; a quarter of that leaves room. */
export const maxSealsPerDataKey = 2 ** 30;
/** Seals that are counted as used ahead, so that the count need not be written with every batch. */
export const sealsReservedAtOnce = 2 ** 20;

/** Rows of the keyring start with this. */
export const keyRowPrefix = "key/";
const checkRow = `${keyRowPrefix}check`;

/** A stored value fails authentication: changed, moved from another row, or sealed under an unknown key. */
export class SealBroken extends Error {
  readonly row: string;

  constructor(row: string, why: string) {
    super(`The stored value of ${JSON.stringify(row)} is broken: ${why}.`);
    this.name = "SealBroken";
    this.row = row;
  }
}

/** The root key at hand is not the one that this store was sealed with. */
export class WrongRootKey extends Error {
  constructor() {
    super("The root key does not open this data directory: it was sealed with another one.");
    this.name = "WrongRootKey";
  }
}

export type KeyRow = readonly [row: string, value: Buffer];

export interface KeyringLimits {
  maxSealsPerDataKey?: number;
  sealsReservedAtOnce?: number;
}

interface DataKey {
  id: number;
  key: KeyObject;
  /** Seals made so far, or counted as made when the process that made them ended. */
  seals: number;
  /** The count as stored: never below `seals` once the pending rows are written. */
  reserved: number;
}

export class Keyring {
  #root: KeyObject;
  readonly #keys = new Map<number, DataKey>();
  #active: DataKey;
  readonly #pending = new Map<string, Buffer>();
  readonly #maxSeals: number;
  readonly #reserve: number;

  private constructor(root: KeyObject, keys: DataKey[], limits: KeyringLimits) {
    this.#root = root;
    this.#maxSeals = limits.maxSealsPerDataKey ?? maxSealsPerDataKey;
    this.#reserve = limits.sealsReservedAtOnce ?? sealsReservedAtOnce;
    for (const key of keys) this.#keys.set(key.id, key);
    const last = keys.reduce<DataKey | undefined>(
      (a, b) => (a === undefined || b.id > a.id ? b : a),
      undefined,
    );
    this.#active = last ?? this.#newKey();
  }

  /** A keyring for a store that has none yet. Its rows are pending: write them before anything sealed. */
  static create(root: KeyObject, limits: KeyringLimits = {}): Keyring {
    const ring = new Keyring(root, [], limits);
    ring.#pending.set(checkRow, wrap(root, checkRow, Buffer.alloc(dataKeyBytes)));
    return ring;
  }

  /**
   * The keyring of a store, from its rows (all that start with `keyRowPrefix`). Of several candidate root keys
   * (a rotation may have been cut short) the one that opens the check row is taken.
   * Throws WrongRootKey, or SealBroken if a data key was tampered with.
   */
  static open(roots: readonly KeyObject[], rows: Iterable<KeyRow>, limits: KeyringLimits = {}): Keyring {
    const all = new Map(rows);
    const check = all.get(checkRow);
    if (check === undefined) throw new SealBroken(checkRow, "it is missing");
    const root = roots.find((candidate) => unwrap(candidate, checkRow, check) !== undefined);
    if (root === undefined) throw new WrongRootKey();
    all.delete(checkRow);
    const keys = [...all].map(([row, wrapped]) => openDataKey(root, row, wrapped));
    return new Keyring(root, keys, limits);
  }

  /** Whether `root` is the root key now in use. */
  usesRoot(root: KeyObject): boolean {
    return this.#root.equals(root);
  }

  /** Seals `plaintext` as the value of `row`. Rows of new data keys become pending: see `pendingRows`. */
  seal(row: string, plaintext: Uint8Array): Buffer {
    const { id, key } = this.#keyForSeal();
    const sealed = Buffer.allocUnsafe(plaintext.byteLength + sealOverheadBytes);
    sealed[0] = sealFormat;
    sealed.writeUInt32BE(id, 1);
    const nonce = nextNonce();
    nonce.copy(sealed, 1 + keyIdBytes);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.setAAD(Buffer.from(row));
    cipher.update(plaintext).copy(sealed, headerBytes);
    cipher.final();
    cipher.getAuthTag().copy(sealed, sealed.length - tagBytes);
    return sealed;
  }

  /** Opens what `seal` made for the same row; throws SealBroken for anything else. */
  open(row: string, sealed: Buffer): Buffer {
    if (sealed.length < sealOverheadBytes) throw new SealBroken(row, "it is too short");
    if (sealed[0] !== sealFormat) throw new SealBroken(row, "its format is unknown");
    const key = this.#keys.get(sealed.readUInt32BE(1));
    if (key === undefined) throw new SealBroken(row, "its data key is unknown");
    const plaintext = decrypt(key.key, sealed, 1 + keyIdBytes, row);
    if (plaintext === undefined) throw new SealBroken(row, "its bytes or its place were changed");
    return plaintext;
  }

  /** Rows that must be on disk with, or before, whatever was sealed so far. */
  pendingRows(): KeyRow[] {
    return [...this.#pending];
  }

  /** Tells that rows from `pendingRows` are on disk. */
  written(rows: readonly KeyRow[]): void {
    for (const [row, value] of rows) if (this.#pending.get(row) === value) this.#pending.delete(row);
  }

  /** Every row of the keyring, wrapped by a new root key: write all in one batch, then call `useRoot`. */
  rewrap(newRoot: KeyObject): KeyRow[] {
    const rows: KeyRow[] = [[checkRow, wrap(newRoot, checkRow, Buffer.alloc(dataKeyBytes))]];
    for (const key of this.#keys.values()) rows.push([rowOf(key.id), wrapDataKey(newRoot, key)]);
    return rows;
  }

  /** Takes a new root key into use, once the rows of `rewrap` are on disk. */
  useRoot(newRoot: KeyObject): void {
    this.#root = newRoot;
    // What was wrapped meanwhile is wrapped by the old root key.
    const meanwhile = [...this.#pending.keys()];
    for (const [row, wrapped] of this.rewrap(newRoot))
      if (meanwhile.includes(row)) this.#pending.set(row, wrapped);
  }

  /** Makes every row pending, wrapped by the root key in use: after a `rewrap` of which the outcome is unknown. */
  rewriteAll(): void {
    for (const [row, wrapped] of this.rewrap(this.#root)) this.#pending.set(row, wrapped);
  }

  get stats(): { dataKeys: number; activeKeySeals: number } {
    return { dataKeys: this.#keys.size, activeKeySeals: this.#active.seals };
  }

  #keyForSeal(): DataKey {
    if (this.#active.seals >= this.#maxSeals) this.#active = this.#newKey();
    const key = this.#active;
    key.seals += 1;
    if (key.seals > key.reserved) {
      key.reserved = key.seals + this.#reserve;
      this.#pending.set(rowOf(key.id), wrapDataKey(this.#root, key));
    }
    return key;
  }

  #newKey(): DataKey {
    let id = 1;
    for (const known of this.#keys.keys()) id = Math.max(id, known + 1);
    const bytes = randomBytes(dataKeyBytes);
    const key: DataKey = { id, key: createSecretKey(bytes), seals: 0, reserved: this.#reserve };
    bytes.fill(0);
    this.#keys.set(id, key);
    this.#pending.set(rowOf(id), wrapDataKey(this.#root, key));
    return key;
  }
}

function rowOf(id: number): string {
  return `${keyRowPrefix}${id.toString(16).padStart(8, "0")}`;
}

function idOf(row: string): number {
  return Number.parseInt(row.slice(keyRowPrefix.length), 16);
}

function wrapDataKey(root: KeyObject, key: DataKey): Buffer {
  const plaintext = Buffer.alloc(dataKeyBytes + countBytes);
  const exported = key.key.export();
  exported.copy(plaintext);
  plaintext.writeUIntBE(key.reserved, dataKeyBytes, countBytes);
  const wrapped = wrap(root, rowOf(key.id), plaintext);
  exported.fill(0);
  plaintext.fill(0);
  return wrapped;
}

function openDataKey(root: KeyObject, row: string, wrapped: Buffer): DataKey {
  const plaintext = unwrap(root, row, wrapped);
  if (plaintext === undefined || plaintext.length !== dataKeyBytes + countBytes) {
    throw new SealBroken(row, "its bytes or its place were changed");
  }
  const reserved = plaintext.readUIntBE(dataKeyBytes, countBytes);
  const key = createSecretKey(plaintext.subarray(0, dataKeyBytes));
  plaintext.fill(0);
  // The process that reserved these seals may have made them all.
  return { id: idOf(row), key, seals: reserved, reserved };
}

/** Format (1 byte), nonce (12), ciphertext, tag (16), bound to the row. */
function wrap(root: KeyObject, row: string, plaintext: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", root, nonce);
  cipher.setAAD(Buffer.from(row));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(wrapFormat), nonce, ciphertext, cipher.getAuthTag()]);
}

function unwrap(root: KeyObject, row: string, wrapped: Buffer): Buffer | undefined {
  if (wrapped.length < 1 + nonceBytes + tagBytes || wrapped[0] !== wrapFormat) return undefined;
  return decrypt(root, wrapped, 1, row);
}

/** Undefined if it does not authenticate. */
function decrypt(key: KeyObject, sealed: Buffer, nonceAt: number, row: string): Buffer | undefined {
  const bodyAt = nonceAt + nonceBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(nonceAt, bodyAt), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(row));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plaintext = decipher.update(sealed.subarray(bodyAt, sealed.length - tagBytes));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    return undefined;
  }
  return plaintext;
}

const noncePool = Buffer.alloc(noncePoolBytes);
let noncePoolAt = noncePoolBytes;

/** Random, drawn from the system many at a time: a draw of 12 bytes costs as much as the seal itself. */
function nextNonce(): Buffer {
  if (noncePoolAt === noncePoolBytes) {
    randomFillSync(noncePool);
    noncePoolAt = 0;
  }
  const nonce = noncePool.subarray(noncePoolAt, noncePoolAt + nonceBytes);
  noncePoolAt += nonceBytes;
  return nonce;
}
