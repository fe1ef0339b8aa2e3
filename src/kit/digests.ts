import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32c } from "../storage/crc32c.ts";
import { Crc64Nvme } from "./crc64nvme.ts";

/** Digests of bodies, computed as the bytes pass. */

export type DigestName = "md5" | "sha1" | "sha256" | "sha512" | "crc32" | "crc32c" | "crc64nvme";

export interface RunningDigest {
  update(bytes: Buffer): void;
  digest(): Buffer;
}

export function newDigest(name: DigestName): RunningDigest {
  switch (name) {
    case "crc32":
      return new Crc32((bytes, before) => crc32(bytes, before));
    case "crc32c":
      return new Crc32((bytes, before) => crc32c(bytes, 0, bytes.length, before));
    case "crc64nvme":
      return new Crc64Nvme();
    default:
      return createHash(name);
  }
}

class Crc32 implements RunningDigest {
  readonly #step: (bytes: Buffer, before: number) => number;
  #crc = 0;

  constructor(step: (bytes: Buffer, before: number) => number) {
    this.#step = step;
  }

  update(bytes: Buffer): void {
    this.#crc = this.#step(bytes, this.#crc);
  }

  digest(): Buffer {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(this.#crc);
    return digest;
  }
}

/** The polynomials, reflected, by name; and how many bits they have. */
const polynomials = {
  crc32: { reflected: 0xedb88320n, bits: 32n },
  crc32c: { reflected: 0x82f63b78n, bits: 32n },
  crc64nvme: { reflected: 0x9a6c9329ac4bc9b5n, bits: 64n },
};

export type CrcName = keyof typeof polynomials;

export function isCrc(name: DigestName): name is CrcName {
  return name in polynomials;
}

/** The CRC of parts put together, from the CRC and length of each: nothing is read again. */
export function combinedCrc(name: CrcName, parts: readonly { crc: Buffer; size: number }[]): Buffer {
  const { bits } = polynomials[name];
  const shifts = new Map<number, bigint>();
  let crc = 0n;
  for (const part of parts) {
    let shift = shifts.get(part.size);
    if (shift === undefined) {
      shift = power(name, part.size);
      shifts.set(part.size, shift);
    }
    crc = times(name, crc, shift) ^ BigInt(`0x${part.crc.toString("hex")}`);
  }
  return Buffer.from(crc.toString(16).padStart(Number(bits / 4n), "0"), "hex");
}

/** x to the power of 8 * `bytes`, modulo the polynomial. */
function power(name: CrcName, bytes: number): bigint {
  const one = 1n << (polynomials[name].bits - 1n);
  let result = one;
  let square = one >> 8n;
  for (let rest = BigInt(bytes); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = times(name, result, square);
    square = times(name, square, square);
  }
  return result;
}

/** Product of two polynomials whose highest bit is the lowest power, as reflected CRCs have them. */
function times(name: CrcName, a: bigint, b: bigint): bigint {
  const { reflected, bits } = polynomials[name];
  let product = 0n;
  let shifted = b;
  for (let bit = bits - 1n; bit >= 0n; bit -= 1n) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ reflected : shifted >> 1n;
  }
  return product;
}
