/** Order and ranges of keys: strings by their UTF-8 bytes, which is also the order of their code points. */

/** Longer keys are refused. */
export const maxKeyBytes = 8192;

/** Negative, zero or positive, as a comes before, is, or comes after b in the order of UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** JavaScript orders by UTF-16 units, in which surrogates (code points above U+FFFF) come before U+E000. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

export function inRange(key: string, from: string, to: string): boolean {
  return compareKeys(key, from) >= 0 && compareKeys(key, to) < 0;
}

/** The first key after `key`. */
export function keyAfter(key: string): string {
  return `${key}\u0000`;
}

/**
 * Refuses keys that have no UTF-8 form of their own: two different strings with lone surrogates would name
 * one row.
 */
export function checkKey(key: string): void {
  // Node 20 has it; the library of TypeScript's ES2023 does not.
  if (!(key as string & { isWellFormed(): boolean }).isWellFormed())
    throw new TypeError("A key holds half of a surrogate pair.");
  if (key.length * 3 > maxKeyBytes && Buffer.byteLength(key) > maxKeyBytes) {
    throw new RangeError(`A key is longer than ${maxKeyBytes} bytes.`);
  }
}
