import { createCipheriv, createDecipheriv } from "node:crypto";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { draw } from "../../kit/ids.ts";
import type { EncryptionRow, ItemRow, SealedRow, TableRow } from "./tables.ts";
import type { Item } from "./values.ts";

/**
 * Items of a table with a KMS key are sealed under a data key of it besides. As on AWS, the service asks KMS for the
 * table's key, and remembers it for five minutes: so long a disabled key, or a policy without the service, still opens.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
 */
export interface Vault {
  open(row: ItemRow | SealedRow): Item;
  seal(item: Item, bytes: number): ItemRow | SealedRow;
}

/** For tables without a KMS key: the store's own sealing is all there is. */
export const plainVault: Vault = {
  open(row) {
    if (!("item" in row)) throw new Error("A sealed item lies in a table without a KMS key.");
    return row.item;
  },
  seal: (item, bytes) => ({ item, bytes }),
};

const keyReuseMs = 5 * 60_000;
const maxKeys = 10_000;
const ivBytes = 12;

interface KnownKey {
  key: Buffer;
  untilMs: number;
}

const known = new Map<string, KnownKey>();

function contextOf({ account, name }: Pick<TableRow, "account" | "name">) {
  return { "aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": account };
}

type Owner = Pick<TableRow, "account" | "region" | "name" | "arn">;

/** What the service asks KMS for of its own accord, for the table. */
async function askKms(operation: string, input: Record<string, unknown>, table: Owner, ctx: Context) {
  const as = servicePrincipal("dynamodb.amazonaws.com", {
    sourceArn: table.arn,
    sourceAccount: table.account,
  });
  try {
    return await ctx.call("kms", operation, input, { as, account: table.account, region: table.region });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      "AccessDeniedException",
      `The KMS key of the table ${table.name} cannot be used: ${error.message}`,
    );
  }
}

async function dataKey(table: TableRow, number: number, ctx: Context): Promise<Buffer> {
  const blob = table.encryption?.dataKeys[number];
  if (blob === undefined) throw new Error(`The table lacks its data key ${number}.`);
  const found = known.get(blob);
  const now = ctx.clock.now();
  if (found !== undefined && found.untilMs > now) return found.key;
  known.delete(blob);
  const { Plaintext } = await askKms(
    "Decrypt",
    { CiphertextBlob: Buffer.from(blob, "base64"), EncryptionContext: contextOf(table) },
    table,
    ctx,
  );
  const key = Buffer.from(Plaintext as Uint8Array);
  ctx.afterCommit(() => {
    if (known.size >= maxKeys) known.delete(known.keys().next().value as string);
    known.set(blob, { key, untilMs: now + keyReuseMs });
  });
  return key;
}

export function vaultOf(table: TableRow, ctx: Context): Vault | Promise<Vault> {
  return table.encryption === undefined ? plainVault : sealedVault(table, table.encryption, ctx);
}

async function sealedVault(table: TableRow, encryption: EncryptionRow, ctx: Context): Promise<Vault> {
  const keys = new Map<number, Buffer>();
  for (const number of Object.keys(encryption.dataKeys).map(Number)) {
    keys.set(number, await dataKey(table, number, ctx));
  }
  const aad = Buffer.from(table.store);
  const isOn = encryption.current > 0;
  return {
    open(row) {
      if ("item" in row) return row.item;
      const { key, iv, tag, text } = row.sealed;
      const decipher = createDecipheriv("aes-256-gcm", keys.get(key) as Buffer, Buffer.from(iv, "base64"));
      decipher.setAAD(aad);
      decipher.setAuthTag(Buffer.from(tag, "base64"));
      const opened = Buffer.concat([decipher.update(Buffer.from(text, "base64")), decipher.final()]);
      return JSON.parse(opened.toString()) as Item;
    },
    seal(item, bytes) {
      if (!isOn) return { item, bytes };
      const iv = draw(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", keys.get(encryption.current) as Buffer, iv);
      cipher.setAAD(aad);
      const text = Buffer.concat([cipher.update(JSON.stringify(item), "utf8"), cipher.final()]);
      const sealed = {
        key: encryption.current,
        iv: iv.toString("base64"),
        tag: cipher.getAuthTag().toString("base64"),
        text: text.toString("base64"),
      };
      return { sealed, bytes };
    },
  };
}
