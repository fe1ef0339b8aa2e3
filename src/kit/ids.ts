import { randomFillSync } from "node:crypto";

/** Randomness is drawn in blocks: one call for 32 KiB costs little more than one for 16 bytes. */
const pool = Buffer.alloc(32 * 1024);
let used = pool.length;

/** Random bytes for identifiers and nonces (not for key material, which is drawn fresh). */
export function draw(bytes: number): Buffer {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return Buffer.from(pool.subarray(used - bytes, used));
}

/** Where 16 random bytes stand in the pool, to be used before anything else is drawn. */
function drawInPlace(): number {
  if (used + uuidBytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += uuidBytes;
  return used - uuidBytes;
}

const uuidBytes = 16;

const alphabets = {
  upper32: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
  upper36: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  lower36: "abcdefghijklmnopqrstuvwxyz0123456789",
  mixed62: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  digits: "0123456789",
};

/** A random text over one alphabet, without modulo bias. */
export function randomText(length: number, alphabet: keyof typeof alphabets): string {
  const letters = alphabets[alphabet];
  const limit = 256 - (256 % letters.length);
  let text = "";
  while (text.length < length) {
    for (const byte of draw(length - text.length + 8)) {
      if (byte < limit && text.length < length) text += letters[byte % letters.length];
    }
  }
  return text;
}

/** A random (version 4) UUID. */
export function uuid(): string {
  const at = drawInPlace();
  return formatted(at, 0x40);
}

/**
 * A version 7 UUID: its first 48 bits are the time, so that a request id alone tells where in the record its
 * event lies.
 */
export function timedUuid(nowMs: number): string {
  const at = drawInPlace();
  pool.writeUIntBE(nowMs, at, 6);
  return formatted(at, 0x70);
}

/** The time in a version 7 UUID, ms since the epoch; undefined for any other text. */
export function timeOfUuid(id: string): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : undefined;
}

/** The UUID at a place in the pool. */
function formatted(at: number, version: number): string {
  pool[at + 6] = ((pool[at + 6] ?? 0) & 0x0f) | version;
  pool[at + 8] = ((pool[at + 8] ?? 0) & 0x3f) | 0x80;
  const hex = pool.toString("hex", at, at + uuidBytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** An IAM unique id: AIDA (user), AROA (role), AGPA, ANPA, AKIA, ASIA, … and 17 characters. */
export function uniqueId(prefix: string): string {
  return prefix + randomText(17, "upper32");
}
