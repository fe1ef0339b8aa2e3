import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { promisify } from "node:util";
import type { Context } from "../../kit/context.ts";
import { mlDsaKeyPair } from "./mlDsa.ts";
import { type KeySpec, specs } from "./specs.ts";
import type { KeyRow, MaterialRow } from "./tables.ts";

/** Key material: made, kept (sealed with its row), and held as key objects while in use. */

const generate = promisify(generateKeyPair);

export interface FreshMaterial {
  secret: Buffer;
  publicKey?: Buffer;
}

/** Random material for a spec. RSA keys take long; they are made off the main thread. */
export async function freshMaterial(spec: KeySpec): Promise<FreshMaterial> {
  const { family, size = 0, curve = "" } = specs[spec];
  if (family === "symmetric" || family === "hmac") return { secret: randomBytes(size) };
  if (family === "ml-dsa") return mlDsaKeyPair(spec);
  const { privateKey, publicKey } =
    family === "rsa"
      ? await generate("rsa", { modulusLength: size, publicExponent: 65_537 })
      : family === "ed25519"
        ? await generate("ed25519")
        : await generate("ec", { namedCurve: curve });
  return {
    secret: privateKey.export({ format: "der", type: "pkcs8" }),
    publicKey: publicKey.export({ format: "der", type: "spki" }),
  };
}

/** Id of material: a hash that says nothing of it, and is the same in all Regions of a key. */
export function materialIdOf(keyId: string, secret: Buffer): string {
  return createHash("sha256").update(keyId).update("\0").update(secret).digest("hex");
}

/** A key with some material added, or replaced. */
export function withMaterial<Key extends KeyRow>(key: Key, material: MaterialRow): Key {
  return { ...key, materials: { ...key.materials, [material.materialId]: material } };
}

/** Fresh material for a key; not yet part of it. */
export async function newMaterial(key: Pick<KeyRow, "keyId" | "spec">, ctx: Context): Promise<MaterialRow> {
  const { secret, publicKey } = await freshMaterial(key.spec);
  return {
    materialId: materialIdOf(key.keyId, secret),
    secret: secret.toString("base64"),
    ...(publicKey && { publicKey: publicKey.toString("base64") }),
    createDate: ctx.clock.now(),
  };
}

/** Some material of a key; undefined if it has expired or was deleted. */
export function materialOf(key: KeyRow, materialId: string, ctx: Context): MaterialRow | undefined {
  const row = key.materials[materialId];
  const expires = row?.imported?.expires;
  return row?.secret === "" || (expires !== undefined && expires <= ctx.clock.now()) ? undefined : row;
}

/** Material that the key uses now. */
export function currentMaterial(key: KeyRow, ctx: Context<"KMSInvalidStateException">): MaterialRow {
  const row = key.currentMaterial === undefined ? undefined : materialOf(key, key.currentMaterial, ctx);
  if (row === undefined) throw ctx.error("KMSInvalidStateException", `${key.arn} is pending import.`);
  return row;
}

/** Key objects by the row that they came from: as long as the row is cached, so are they. */
const secretKeys = new WeakMap<MaterialRow, KeyObject>();
const privateKeys = new WeakMap<MaterialRow, KeyObject>();
const publicKeys = new WeakMap<MaterialRow, KeyObject>();

function cached(cache: WeakMap<MaterialRow, KeyObject>, row: MaterialRow, make: () => KeyObject): KeyObject {
  let key = cache.get(row);
  if (key === undefined) {
    key = make();
    cache.set(row, key);
  }
  return key;
}

export function secretKeyOf(row: MaterialRow): KeyObject {
  return cached(secretKeys, row, () => createSecretKey(Buffer.from(row.secret, "base64")));
}

export function privateKeyOf(row: MaterialRow): KeyObject {
  return cached(privateKeys, row, () =>
    createPrivateKey({ key: Buffer.from(row.secret, "base64"), format: "der", type: "pkcs8" }),
  );
}

export function publicKeyOf(row: MaterialRow): KeyObject {
  return cached(publicKeys, row, () =>
    createPublicKey({ key: Buffer.from(row.publicKey ?? "", "base64"), format: "der", type: "spki" }),
  );
}
