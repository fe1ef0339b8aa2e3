import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { promisify } from "node:util";
import type { Context } from "../../../kit/context.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { type SigningKeysRow, signingKeys } from "../tables.ts";

/** Keys of a pool that sign its tokens, and what is signed with them. */

export type TokenUse = "id" | "access";

interface SigningKey {
  kid: string;
  /** Of every token under it, encoded: what AWS's has, and no more. */
  header: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export type SigningKeys = Record<TokenUse, SigningKey>;

const modulusBits = 2048;
const kidBytes = 32;
const makePair = promisify(generateKeyPair) as (
  type: "rsa",
  options: { modulusLength: number },
) => Promise<{ privateKey: KeyObject }>;

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const opened = new WeakMap<SigningKeysRow, SigningKeys>();

function open(row: SigningKeysRow): SigningKeys {
  let keys = opened.get(row);
  if (keys === undefined) {
    const one = ({ kid, privateKey: pem }: SigningKeysRow["id"]) => {
      const privateKey = createPrivateKey(pem);
      const header = encoded({ kid, alg: "RS256" });
      return { kid, header, privateKey, publicKey: createPublicKey(privateKey) };
    };
    keys = { id: one(row.id), access: one(row.access) };
    opened.set(row, keys);
  }
  return keys;
}

async function made(): Promise<SigningKeysRow["id"]> {
  const { privateKey } = await makePair("rsa", { modulusLength: modulusBits });
  return {
    kid: randomBytes(kidBytes).toString("base64"),
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }) as string,
  };
}

/** The keys of a pool that has signed something, or published them. */
export async function knownSigningKeys(
  pool: PoolRow,
  { tx }: Pick<Context, "tx">,
): Promise<SigningKeys | undefined> {
  const row = await signingKeys.get(tx, ...keyOf(pool));
  return row && open(row);
}

/** The keys of a pool; made when they are first asked for. */
export async function signingKeysOf(pool: PoolRow, ctx: Pick<Context, "tx">): Promise<SigningKeys> {
  const known = await knownSigningKeys(pool, ctx);
  if (known !== undefined) return known;
  const [id, access] = await Promise.all([made(), made()]);
  const row = { id, access };
  signingKeys.put(ctx.tx, keyOf(pool), row);
  return open(row);
}

const signOffThread = promisify(sign) as (
  algorithm: string,
  data: Uint8Array,
  key: KeyObject,
) => Promise<Buffer>;

/** A JWT, signed off the main thread. */
export async function signed(
  keys: SigningKeys,
  use: TokenUse,
  claims: Record<string, unknown>,
): Promise<string> {
  const { header, privateKey } = keys[use];
  const text = `${header}.${encoded(claims)}`;
  const signature = await signOffThread("sha256", Buffer.from(text), privateKey);
  return `${text}.${signature.toString("base64url")}`;
}

/**
 * Whether a token has this header and a signature under this key. Nothing that the token says of itself is read: not its
 * algorithm, not its key. On the main thread: it takes some 20 µs, less than going to another.
 */
export function isSigned(token: string, { header, publicKey }: Pick<SigningKey, "header" | "publicKey">) {
  const [given, payload, text = "", ...more] = token.split(".");
  if (given !== header || payload === undefined || more.length > 0) return false;
  const signature = Buffer.from(text, "base64url");
  if (signature.toString("base64url") !== text) return false;
  return verify("sha256", Buffer.from(`${header}.${payload}`), publicKey, signature);
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html */
export function jwksOf(keys: SigningKeys): object {
  const one = ({ kid, publicKey }: SigningKey) => {
    const { kty, n, e } = publicKey.export({ format: "jwk" });
    return { alg: "RS256", e, kid, kty, n, use: "sig" };
  };
  return { keys: [one(keys.id), one(keys.access)] };
}

export function issuerOf({ region, poolId }: Pick<PoolRow, "region" | "poolId">): string {
  return `https://cognito-idp.${region}.amazonaws.com/${poolId}`;
}
