import { createDiffieHellman } from "node:crypto";

/** Arithmetic of SRP-6a in one group. https://www.rfc-editor.org/rfc/rfc5054 */

function bigint(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

export class SrpGroup {
  readonly modulus: Buffer;
  readonly #N: bigint;
  readonly #generator: Buffer;
  /** OpenSSL's own exponentiation: a secret is set and used in one turn, so that one object serves all. */
  readonly #openssl: ReturnType<typeof createDiffieHellman>;

  constructor(modulus: Buffer, generator: Buffer) {
    this.modulus = modulus;
    this.#N = bigint(modulus);
    this.#generator = generator;
    this.#openssl = createDiffieHellman(modulus, generator);
  }

  #power(base: Buffer, exponent: Buffer): Buffer {
    this.#openssl.setPrivateKey(exponent);
    return this.#openssl.computeSecret(base);
  }

  /** As long as the modulus. */
  #fixed(number: bigint): Buffer {
    return Buffer.from(number.toString(16).padStart(2 * this.modulus.length, "0"), "hex");
  }

  /** v = g^x */
  verifier(x: Buffer): Buffer {
    return this.#power(this.#generator, x);
  }

  /** A number that a client sent in hex, below the modulus; undefined for what no honest client sends. */
  clientPublic(hex: string): Buffer | undefined {
    // One byte of sign may stand before the number.
    if (hex.length > 2 * this.modulus.length + 2 || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    const number = BigInt(`0x${hex}`);
    // A multiple of the modulus (0 among them) would make the secret 0, whatever the password is.
    if (number % this.#N === 0n || number >= this.#N) return undefined;
    return this.#fixed(number);
  }

  /** B = k v + g^b */
  serverPublic(k: bigint, verifier: Buffer, b: Buffer): Buffer {
    return this.#fixed((k * bigint(verifier) + bigint(this.verifier(b))) % this.#N);
  }

  /** S = (A v^u)^b; undefined for a base whose powers are few, which no honest client brings about. */
  serverSecret(A: Buffer, verifier: Buffer, u: Buffer, b: Buffer): Buffer | undefined {
    const product = (bigint(A) * bigint(this.#power(verifier, u))) % this.#N;
    if (product <= 1n || product >= this.#N - 1n) return undefined;
    return this.#power(this.#fixed(product), b);
  }
}
