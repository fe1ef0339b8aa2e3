import { createHmac, timingSafeEqual } from "node:crypto";

/** Time-based one-time passwords: SHA-1, six digits, steps of 30 seconds. https://www.rfc-editor.org/rfc/rfc6238 */

const stepMs = 30_000;
const digits = 6;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function stepAt(ms: number): number {
  return Math.floor(ms / stepMs);
}

/** https://www.rfc-editor.org/rfc/rfc4226#section-5.3 */
export function codeAt(secret: Uint8Array, step: number, length = digits): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", secret).update(counter).digest();
  const at = (digest.at(-1) ?? 0) & 0x0f;
  const number = digest.readUInt32BE(at) & 0x7fff_ffff;
  return String(number % 10 ** length).padStart(length, "0");
}

export function isCode(secret: Uint8Array, step: number, code: string): boolean {
  const expected = Buffer.from(codeAt(secret, step));
  const given = Buffer.from(code);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Base32 without padding. https://www.rfc-editor.org/rfc/rfc4648#section-6 */
export function toBase32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = "";
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      text += alphabet[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text;
}

export function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text.replace(/=+$/, "").toUpperCase()) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) throw new RangeError("Not Base32.");
    value = (value << 5) | digit;
    bits += 5;
    if (bits >= 8) {
      bytes.push((value >>> (bits - 8)) & 0xff);
      bits -= 8;
    }
    value &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}
