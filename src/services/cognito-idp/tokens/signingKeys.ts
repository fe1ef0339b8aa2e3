import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { promisify } from "node:util";
import type { Context } from "../../../kit/context.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { type SigningKeysRow, signingKeys } from "../tables.ts";

/** Keys of a pool that sign its tokens, and what is signed with them. */

export type TokenUse = "id" | "access";

interface SigningKey {
  kid: string;
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

const opened = new WeakMap<SigningKeysRow, SigningKeys>();

function open(row: SigningKeysRow): SigningKeys {
  let keys = opened.get(row);
  if (keys === undefined) {
    const one = ({ kid, privateKey: pem }: SigningKeysRow["id"]) => {
      const privateKey = createPrivateKey(pem);
      return { kid, privateKey, publicKey: createPublicKey(privateKey) };
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

/** A JWT, signed off the main thread. Its header has what AWS's has, and no more. */
export async function signed(
  keys: SigningKeys,
  use: TokenUse,
  claims: Record<string, unknown>,
): Promise<string> {
  const { kid, privateKey } = keys[use];
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ kid, alg: "RS256" })}.${part(claims)}`;
  const signature = await signOffThread("sha256", Buffer.from(text), privateKey);
  return `${text}.${signature.toString("base64url")}`;
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
