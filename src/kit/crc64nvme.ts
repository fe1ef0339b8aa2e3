// biome-ignore-all lint/style/noNonNullAssertion: every index is masked to its table or bounded by the loop.
/** CRC-64/NVME, eight bytes a step, in halves of 32 bits: numbers of 64 bits would be slow. */

const polynomial = 0x9a6c9329ac4bc9b5n;
const slices = 8;
const low = new Uint32Array(256 * slices);
const high = new Uint32Array(256 * slices);
fillTables();

function fillTables(): void {
  const first: bigint[] = [];
  for (let n = 0; n < 256; n += 1) {
    let crc = BigInt(n);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    first.push(crc);
  }
  for (let n = 0; n < 256; n += 1) {
    let crc = first[n] as bigint;
    for (let slice = 0; slice < slices; slice += 1) {
      low[slice * 256 + n] = Number(crc & 0xffffffffn);
      high[slice * 256 + n] = Number(crc >> 32n);
      crc = (crc >> 8n) ^ (first[Number(crc & 0xffn)] as bigint);
    }
  }
}

/** The CRC of bytes as they pass. */
export class Crc64Nvme {
  #low = -1;
  #high = -1;

  update(bytes: Buffer): void {
    let a = this.#low;
    let b = this.#high;
    let at = 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + slices <= bytes.length; at += slices) {
      const x = a ^ view.getInt32(at, true);
      const y = b ^ view.getInt32(at + 4, true);
      const i0 = 0x700 | (x & 0xff);
      const i1 = 0x600 | ((x >>> 8) & 0xff);
      const i2 = 0x500 | ((x >>> 16) & 0xff);
      const i3 = 0x400 | (x >>> 24);
      const i4 = 0x300 | (y & 0xff);
      const i5 = 0x200 | ((y >>> 8) & 0xff);
      const i6 = 0x100 | ((y >>> 16) & 0xff);
      const i7 = y >>> 24;
      a = low[i0]! ^ low[i1]! ^ low[i2]! ^ low[i3]! ^ low[i4]! ^ low[i5]! ^ low[i6]! ^ low[i7]!;
      b = high[i0]! ^ high[i1]! ^ high[i2]! ^ high[i3]! ^ high[i4]! ^ high[i5]! ^ high[i6]! ^ high[i7]!;
    }
    for (; at < bytes.length; at += 1) {
      const n = (a ^ bytes[at]!) & 0xff;
      a = ((a >>> 8) | (b << 24)) ^ low[n]!;
      b = (b >>> 8) ^ high[n]!;
    }
    this.#low = a;
    this.#high = b;
  }

  digest(): Buffer {
    const digest = Buffer.alloc(8);
    digest.writeUInt32BE(~this.#high >>> 0, 0);
    digest.writeUInt32BE(~this.#low >>> 0, 4);
    return digest;
  }
}
