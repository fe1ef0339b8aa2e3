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
  const bytes = draw(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatted(bytes);
}

/**
 * A version 7 UUID: its first 48 bits are the time, so that a request id alone tells where in the record its
 * event lies.
 */
export function timedUuid(nowMs: number): string {
  const bytes = draw(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatted(bytes);
}

/** The time in a version 7 UUID, ms since the epoch; undefined for any other text. */
export function timeOfUuid(id: string): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : undefined;
}

function formatted(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** An IAM unique id: AIDA (user), AROA (role), AGPA, ANPA, AKIA, ASIA, … and 17 characters. */
export function uniqueId(prefix: string): string {
  return prefix + randomText(17, "upper32");
}
