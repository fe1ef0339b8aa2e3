import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, type JWK } from "jose";
import type { Transaction } from "../../../storage/store.ts";
import { keys } from "../tables.ts";

/** Keys of identity pools: one issuer signs for all of them, as on AWS. */

const makePair = promisify(generateKeyPair) as (
  type: "rsa",
  options: { modulusLength: number },
) => Promise<{ privateKey: KeyObject }>;

export interface TokenKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  jwk: JWK;
  kid: string;
}

/** Keys as they were read, by their PEM: reading one costs more than a signature is checked in. */
const opened = new Map<string, TokenKey>();
const maxOpened = 10;

/** The key that signs tokens, made when it is first asked for. */
export async function tokenKey(tx: Transaction): Promise<TokenKey> {
  let row = await keys.get(tx, "token");
  if (row === undefined) {
    const { privateKey } = await makePair("rsa", { modulusLength: 2048 });
    row = { key: privateKey.export({ format: "pem", type: "pkcs8" }) as string };
    keys.put(tx, ["token"], row);
  }
  const known = opened.get(row.key);
  if (known !== undefined) return known;
  const privateKey = createPrivateKey(row.key);
  const publicKey = createPublicKey(privateKey);
  const jwk = publicKey.export({ format: "jwk" }) as JWK;
  const made = { privateKey, publicKey, jwk, kid: await calculateJwkThumbprint(jwk) };
  if (opened.size >= maxOpened) opened.clear();
  opened.set(row.key, made);
  return made;
}

/** What a login is known by: tells nothing without the key. */
export async function loginHash(
  poolId: string,
  provider: string,
  subject: string,
  tx: Transaction,
): Promise<string> {
  let row = await keys.get(tx, "login");
  if (row === undefined) {
    row = { key: randomBytes(32).toString("base64") };
    keys.put(tx, ["login"], row);
  }
  return createHmac("sha256", Buffer.from(row.key, "base64"))
    .update(JSON.stringify([poolId, provider, subject]))
    .digest("base64url");
}
