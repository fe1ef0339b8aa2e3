import type { Context } from "../../kit/context.ts";
import { newMaterial } from "./material.ts";
import type { KeySpec, KeyUsage } from "./specs.ts";
import { type KeyRow, keys } from "./tables.ts";

/** Making keys and their material. */

export const keyType = "AWS::KMS::Key";

export function keyArn(account: string, region: string, keyId: string): string {
  return `arn:aws:kms:${region}:${account}:key/${keyId}`;
}

export function putKey(key: KeyRow, ctx: Context): void {
  keys.put(ctx.tx, [key.account, key.region, key.keyId], key);
}

export interface NewKey {
  keyId: string;
  spec: KeySpec;
  usage: KeyUsage;
  origin: KeyRow["origin"];
  description: string;
  tags: Record<string, string>;
  policy: string;
  multiRegion: boolean;
  manager?: KeyRow["manager"];
  /** Left out, the caller's. */
  account?: string;
  aliases?: string[];
}

export async function newKey(facts: NewKey, ctx: Context): Promise<KeyRow> {
  const { region } = ctx;
  const { multiRegion, account = ctx.account, ...rest } = facts;
  const material = facts.origin === "AWS_KMS" ? await newMaterial(facts, ctx) : undefined;
  const key: KeyRow = {
    ...rest,
    arn: keyArn(account, region, facts.keyId),
    account,
    region,
    createDate: ctx.clock.now(),
    manager: facts.manager ?? "CUSTOMER",
    state: facts.origin === "EXTERNAL" ? "PendingImport" : "Enabled",
    aliases: facts.aliases ?? [],
    grantCount: 0,
    materials: material === undefined ? {} : { [material.materialId]: material },
    ...(material && { currentMaterial: material.materialId }),
    ...(multiRegion && { multiRegion: { primaryRegion: region, replicaRegions: [] } }),
  };
  putKey(key, ctx);
  return key;
}
