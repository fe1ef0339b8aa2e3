import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { Verifier } from "../users/userRow.ts";
import { SrpGroup } from "./srpGroup.ts";

/**
 * Secure Remote Password, version 6a, as Cognito has it: the server proves a password that it does not know.
 * https://www.rfc-editor.org/rfc/rfc5054 (group of 3,072 bits), https://www.rfc-editor.org/rfc/rfc2945
 */

const modulus = Buffer.from(
  [
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C",
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
  ].join(""),
  "hex",
);
const generator = Buffer.of(2);
export const groupBytes = modulus.length;
const group = new SrpGroup(modulus, generator);
const secretBytes = 32;
const saltBytes = 16;

/** A number as the bytes of Java's BigInteger: a zero goes before a first bit that is set. All of Cognito hashes them so. */
function padded(hex: string): Buffer {
  const even = hex.length % 2 === 1 ? `0${hex}` : hex;
  const bytes = Buffer.from(even, "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

/** The digits of a number without zeros before them. */
function hexOf(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^0+(?=.)/, "");
}

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** k = H(N | g) */
const k = BigInt(`0x${sha256(padded(hexOf(modulus)), generator).toString("hex")}`);

/** x = H(salt | H(pool user ":" password)) */
function privateValue(salt: string, poolName: string, username: string, password: string): Buffer {
  const identity = createHash("sha256").update(`${poolName}${username}:${password}`).digest();
  return sha256(padded(salt), identity);
}

function verifierOf(salt: string, poolName: string, username: string, password: string): Buffer {
  return group.verifier(privateValue(salt, poolName, username, password));
}

export function makeVerifier(poolName: string, username: string, password: string): Verifier {
  const salt = hexOf(randomBytes(saltBytes));
  return { salt, verifier: verifierOf(salt, poolName, username, password).toString("base64") };
}

export function matches(known: Verifier, poolName: string, username: string, password: string): boolean {
  const wanted = Buffer.from(known.verifier, "base64");
  const given = verifierOf(known.salt, poolName, username, password);
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

/** What the server keeps between the two messages of the client. */
export interface SrpState {
  /** Base64url: A, b, u. */
  a: string;
  b: string;
  u: string;
}

export interface SrpStart {
  /** B, in hex. */
  publicHex: string;
  state: SrpState;
}

export function clientPublic(hex: string): Buffer | undefined {
  return group.clientPublic(hex);
}

export function startSrp(a: Buffer, verifier: Buffer): SrpStart {
  for (;;) {
    const b = randomBytes(secretBytes);
    const publicHex = hexOf(group.serverPublic(k, verifier, b));
    const u = sha256(padded(hexOf(a)), padded(publicHex));
    if (publicHex !== "0" && u.some((byte) => byte !== 0)) {
      const state = { a: a.toString("base64url"), b: b.toString("base64url"), u: u.toString("base64url") };
      return { publicHex, state };
    }
  }
}

const label = Buffer.from("Caldera Derived Key");
const keyBytes = 16;

/** K = HKDF of S, salted with u. */
export function sharedKey({ a, b, u }: SrpState, verifier: Buffer): Buffer {
  const [A, secret, scramble] = [a, b, u].map((text) => Buffer.from(text, "base64url")) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const S = group.serverSecret(A, verifier, scramble, secret);
  // Nobody gets there who does not know the verifier; it proves nothing, and no key is known for it.
  if (S === undefined) return randomBytes(keyBytes);
  const key = hkdfSync("sha256", padded(hexOf(S)), padded(hexOf(scramble)), label, keyBytes);
  return Buffer.from(key);
}

/** The client's proof: HMAC of what both know, under the key. */
export function isProof(key: Buffer, parts: readonly (string | Uint8Array)[], signature: string): boolean {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  const wanted = mac.digest();
  const given = Buffer.from(signature, "base64");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
