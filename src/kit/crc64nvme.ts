import { crc64Module, slices } from "./crc64wasm.ts";

/** CRC-64/NVME, sixteen bytes a step, in WebAssembly: numbers of 64 bits are slow in JavaScript. */

const polynomial = 0x9a6c9329ac4bc9b5n;
const ones = 0xffffffffffffffffn;
/** Bytes that are handed over at a time. */
const windowBytes = 64 * 1024;
const pageBytes = 64 * 1024;

/** As much of it as is used; the types of Node lack it. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
};

interface Engine {
  window: Uint8Array;
  /** The CRC after the bytes from the window's start to `end`, an address. */
  step(before: bigint, end: number): bigint;
}

let engine: Engine | undefined;

function newEngine(): Engine {
  const memory = new WebAssembly.Memory({ initial: 1 + windowBytes / pageBytes });
  const tables = new BigUint64Array(memory.buffer, 0, 256 * slices);
  for (let n = 0; n < 256; n += 1) {
    let crc = BigInt(n);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    tables[n] = crc;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] as bigint;
    tables[at] = (before >> 8n) ^ (tables[Number(before & 0xffn)] as bigint);
  }
  const module = new WebAssembly.Module(crc64Module);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { crc } = exports as { crc: (before: bigint, from: number, end: number) => bigint };
  const from = pageBytes;
  return {
    window: new Uint8Array(memory.buffer, from, windowBytes),
    step: (before, end) => crc(before, from, from + end),
  };
}

/** The CRC of bytes as they pass. */
export class Crc64Nvme {
  #crc = ones;

  update(bytes: Buffer): void {
    engine ??= newEngine();
    for (let at = 0; at < bytes.length; at += windowBytes) {
      const piece = bytes.subarray(at, at + windowBytes);
      engine.window.set(piece);
      this.#crc = engine.step(this.#crc, piece.length);
    }
  }

  digest(): Buffer {
    const digest = Buffer.alloc(8);
    digest.writeBigUInt64BE(BigInt.asUintN(64, this.#crc) ^ ones);
    return digest;
  }
}
