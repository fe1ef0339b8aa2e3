// biome-ignore-all lint/style/noNonNullAssertion: every index is masked to its table or bounded by the loop.
/** CRC-32C (Castagnoli), as LevelDB's files carry it; eight bytes a step. Node has only the other polynomial. */

const polynomial = 0x82f63b78;
const slices = 8;
const table = makeTable();

function makeTable(): Uint32Array {
  const made = new Uint32Array(256 * slices);
  for (let n = 0; n < 256; n += 1) {
    let crc = n;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[n] = crc >>> 0;
  }
  for (let slice = 1; slice < slices; slice += 1) {
    for (let n = 0; n < 256; n += 1) {
      const before = made[(slice - 1) * 256 + n] as number;
      made[slice * 256 + n] = (before >>> 8) ^ (made[before & 0xff] as number);
    }
  }
  return made;
}

/** CRC of bytes [from, to) of `bytes`; `before` is the CRC of what came before them. */
export function crc32c(bytes: Buffer, from = 0, to = bytes.length, before = 0): number {
  let crc = ~before;
  let at = from;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const t = table as unknown as number[];
  for (; at + slices <= to; at += slices) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      t[0x700 | (low & 0xff)]! ^
      t[0x600 | ((low >>> 8) & 0xff)]! ^
      t[0x500 | ((low >>> 16) & 0xff)]! ^
      t[0x400 | (low >>> 24)]! ^
      t[0x300 | (high & 0xff)]! ^
      t[0x200 | ((high >>> 8) & 0xff)]! ^
      t[0x100 | ((high >>> 16) & 0xff)]! ^
      t[high >>> 24]!;
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

/** As LevelDB stores it: rotated and offset, since a CRC of bytes that hold their own CRC is weak. */
export function maskedCrc32c(bytes: Buffer, from: number, to: number): number {
  const crc = crc32c(bytes, from, to);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
