import {
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";

const blockBytes = 64;
/** Where messages are put together; nothing of it outlives the call. */
const scratch = Buffer.alloc(4 * 1024);

/**
 * An HMAC-SHA256 key with both pads prepared: two one-shot hashes cost a third of `createHmac`, which builds
 * its object and pads anew on every call.
 */
export class HmacKey {
  readonly #inner: Buffer;
  readonly #outer: Buffer;

  constructor(key: Buffer) {
    const block = Buffer.alloc(blockBytes);
    (key.length > blockBytes ? hash("sha256", key, "buffer") : key).copy(block);
    this.#inner = block.map((byte) => byte ^ 0x36) as Buffer;
    this.#outer = Buffer.concat([block.map((byte) => byte ^ 0x5c), Buffer.alloc(32)]);
  }

  /** Lower-case hexadecimal HMAC of a text. */
  hex(text: string): string {
    // A UTF-16 unit takes three bytes at most.
    const fits = text.length * 3 <= scratch.length - blockBytes;
    const message = fits ? scratch : Buffer.allocUnsafe(blockBytes + Buffer.byteLength(text));
    this.#inner.copy(message);
    const end = blockBytes + message.write(text, blockBytes, "utf8");
    hash("sha256", message.subarray(0, end), "buffer").copy(this.#outer, blockBytes);
    return hash("sha256", this.#outer, "hex");
  }
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** The Signature Version 4 signing key of one day, Region and service. */
export function signingKey(secret: string, day: string, region: string, service: string): HmacKey {
  const dateKey = hmac(`AWS4${secret}`, day);
  return new HmacKey(hmac(hmac(hmac(dateKey, region), service), "aws4_request"));
}

/** Order of P-256, less two: the largest candidate that the derivation accepts. */
const largestCandidate = BigInt("0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC63254F");

/**
 * The Signature Version 4A key pair of an access key: a P-256 key derived from the secret.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-asymmetric.html
 */
export function asymmetricKey(
  accessKeyId: string,
  secret: string,
): { privateKey: KeyObject; publicKey: KeyObject } {
  for (let counter = 1; counter < 255; counter++) {
    const input = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      Buffer.from("AWS4-ECDSA-P256-SHA256\0"),
      Buffer.from(accessKeyId),
      Buffer.from([counter, 0, 0, 1, 0]),
    ]);
    const digest = createHmac("sha256", `AWS4A${secret}`).update(input).digest("hex");
    const candidate = BigInt(`0x${digest}`);
    if (candidate > largestCandidate) continue;
    return keyPair(Buffer.from((candidate + 1n).toString(16).padStart(64, "0"), "hex"));
  }
  throw new Error("No signing key can be derived from this secret.");
}

function keyPair(scalar: Buffer): { privateKey: KeyObject; publicKey: KeyObject } {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  return {
    publicKey: createPublicKey({ key: jwk, format: "jwk" }),
    privateKey: createPrivateKey({ key: { ...jwk, d: scalar.toString("base64url") }, format: "jwk" }),
  };
}

/** Hexadecimal SHA-256 values, side by side. */
const hexBytes = 64;
const [one, other] = [Buffer.alloc(hexBytes), Buffer.alloc(hexBytes)];

/** Compares two texts in time that depends on their lengths only. */
export function equalInConstantTime(a: string, b: string): boolean {
  if (a.length === hexBytes && b.length === hexBytes) {
    // Letters outside of ASCII take several bytes, and then fewer fit.
    return one.write(a) === other.write(b) && timingSafeEqual(one, other);
  }
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

interface CachedKeys {
  secret: string;
  symmetric: Map<string, HmacKey>;
  asymmetric?: { publicKey: KeyObject };
}

/** Derived keys of recent callers. A changed secret never finds the keys of the old one. */
export class KeyCache {
  readonly #entries = new Map<string, CachedKeys>();
  readonly #maxAccessKeys: number;

  constructor(maxAccessKeys = 10_000) {
    this.#maxAccessKeys = maxAccessKeys;
  }

  #entry(accessKeyId: string, secret: string): CachedKeys {
    let entry = this.#entries.get(accessKeyId);
    if (entry === undefined || entry.secret !== secret) {
      if (this.#entries.size >= this.#maxAccessKeys) {
        const oldest = this.#entries.keys().next().value;
        if (oldest !== undefined) this.#entries.delete(oldest);
      }
      entry = { secret, symmetric: new Map() };
      this.#entries.set(accessKeyId, entry);
    }
    return entry;
  }

  /** `scope` is "20261124/us-east-1/kms". */
  symmetric(accessKeyId: string, secret: string, scope: string): HmacKey {
    const { symmetric } = this.#entry(accessKeyId, secret);
    let key = symmetric.get(scope);
    if (key === undefined) {
      const [day = "", region = "", service = ""] = scope.split("/");
      if (symmetric.size >= 64) symmetric.clear();
      key = signingKey(secret, day, region, service);
      symmetric.set(scope, key);
    }
    return key;
  }

  publicKey(accessKeyId: string, secret: string): KeyObject {
    const entry = this.#entry(accessKeyId, secret);
    entry.asymmetric ??= asymmetricKey(accessKeyId, secret);
    return entry.asymmetric.publicKey;
  }
}
