import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, type JWTPayload, SignJWT } from "jose";
import type { Transaction } from "../../storage/store.ts";
import { issuerKeyPairs } from "./tables.ts";

/** The keys of accounts' own token issuers, and what they sign. */

export type Algorithm = "RS256" | "ES384";

const makePair = promisify(generateKeyPair) as (
  type: string,
  options: object,
) => Promise<{ privateKey: KeyObject }>;

/** The issuer's key for an algorithm, made when it is first asked for. */
export async function keyOf(issuer: string, algorithm: Algorithm, tx: Transaction) {
  let row = await issuerKeyPairs.get(tx, issuer, algorithm);
  if (row === undefined) {
    const { privateKey } =
      algorithm === "RS256"
        ? await makePair("rsa", { modulusLength: 2048 })
        : await makePair("ec", { namedCurve: "P-384" });
    row = { privateKey: privateKey.export({ format: "pem", type: "pkcs8" }) as string };
    issuerKeyPairs.put(tx, [issuer, algorithm], row);
  }
  const privateKey = createPrivateKey(row.privateKey);
  const publicJwk = createPublicKey(privateKey).export({ format: "jwk" });
  return { privateKey, publicJwk, kid: await calculateJwkThumbprint(publicJwk) };
}

/** A token of these claims, signed by the issuer. */
export async function signToken(
  issuer: string,
  algorithm: Algorithm,
  tx: Transaction,
  claims: JWTPayload,
): Promise<string> {
  const { privateKey, kid } = await keyOf(issuer, algorithm, tx);
  return await new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, typ: "JWT" }).sign(privateKey);
}
