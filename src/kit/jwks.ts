import type { JSONWebKeySet, JWK } from "jose";

/** Keys of token issuers. An issuer is a stranger: it may publish what nobody should believe. */

/** Signatures that a token of a stranger may have: asymmetric ones only, so that no published key is a secret. */
export const tokenAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
];

/** The keys of a set that are sound; too short ones jose refuses itself. Undefined where it is no set. */
export function soundKeys({ keys }: Record<string, unknown>): JSONWebKeySet | undefined {
  if (!Array.isArray(keys)) return undefined;
  return { keys: (keys as JWK[]).filter((key) => key?.kty !== "RSA" || isSound(key)) };
}

function isSound({ n, e }: JWK): boolean {
  if (typeof n !== "string" || typeof e !== "string") return false;
  const exponent = numberOf(e);
  // An exponent of 1 makes every padded text its own signature; an even one is none.
  return exponent >= 3n && exponent % 2n === 1n && !isOfRoca(numberOf(n));
}

function numberOf(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, "base64url").toString("hex") || "0"}`);
}

/** https://crocs.fi.muni.cz/public/papers/rsa_ccs17, table 2: the primes whose product the generator works with. */
const rocaPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** What powers of 65,537 leave, divided by a prime. */
function powersOf65537(prime: number): Set<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power);
  return powers;
}

let fingerprint: [bigint, Set<number>][] | undefined;

/** A modulus of the generator of CVE-2017-15361, whose factors can be found: a power of 65,537 by every prime. */
function isOfRoca(modulus: bigint): boolean {
  fingerprint ??= rocaPrimes.map((prime) => [BigInt(prime), powersOf65537(prime)]);
  return fingerprint.every(([prime, powers]) => powers.has(Number(modulus % prime)));
}
