/** Whole numbers from 0 to 2^53, seven bits in a byte, the lowest first; all bytes of a number but its last have the highest bit. */

const maxBytes = 8;

export function encodeVarints(numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(numbers.length * maxBytes);
  let at = 0;
  for (let number of numbers) {
    // Bit operations know 32 bits only.
    for (; number >= 2 ** 31; number = Math.floor(number / 128)) bytes[at++] = (number % 128) | 0x80;
    for (; number >= 0x80; number >>>= 7) bytes[at++] = (number & 0x7f) | 0x80;
    bytes[at++] = number;
  }
  return bytes.subarray(0, at);
}

/** Reads numbers one after the other. */
export class Varints {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  next(): number {
    let number = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      number += (byte & 0x7f) * scale;
      if (byte < 0x80) return number;
    }
  }
}
