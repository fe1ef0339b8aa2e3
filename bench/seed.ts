import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { uuid } from "../src/kit/ids.ts";
import { accessKeys, counts, roles, userKeys, users } from "../src/services/iam/tables.ts";
import { keyArn } from "../src/services/kms/make.ts";
import { defaultPolicy } from "../src/services/kms/policyDocument.ts";
import { keys } from "../src/services/kms/tables.ts";
import { type ObjectRow, objects } from "../src/services/s3/tables.ts";
import { LevelStore } from "../src/storage/level.ts";
import type { Store, Transaction } from "../src/storage/store.ts";

/** State that stands before a measurement, written straight into the store. */

export interface Account {
  account: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

/** IAM allows 5,000 users in an account; a measurement that makes more spreads them. */
export const usersPerAccount = 5000;

const batchRows = 5_000;

export async function inBatches(
  store: Store,
  count: number,
  put: (tx: Transaction, i: number) => void,
): Promise<void> {
  for (let from = 0; from < count; from += batchRows) {
    await store.transact(async (tx) => {
      for (let i = from; i < Math.min(from + batchRows, count); i += 1) put(tx, i);
    });
  }
}

/** Opens the store of a data directory that no process holds, with the key that the process will use. */
export async function withStore<T>(directory: string, body: (store: Store) => Promise<T>): Promise<T> {
  const before = process.env.XDG_CONFIG_HOME;
  process.env.XDG_CONFIG_HOME = join(directory, "config");
  const store = await LevelStore.open({ dir: directory });
  try {
    return await body(store);
  } finally {
    await store.close();
    process.env.XDG_CONFIG_HOME = before;
  }
}

/**
 * Ends the merging of tables that seeding has left to do. Rows that came over months were merged as they came;
 * without this, a measurement would share the machine with the merging of a million rows.
 */
export async function settle(directory: string): Promise<void> {
  const level = new ClassicLevel<Buffer, Buffer>(join(directory, "state"), {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    compression: false,
  });
  await level.compactRange(Buffer.alloc(0), Buffer.of(0xff));
  await level.close();
}

export async function seedAccounts(store: Store, count: number): Promise<Account[]> {
  const accounts = Array.from({ length: count }, (_, i) => {
    const number = String(i).padStart(5, "0");
    return {
      account: `1111${number}222`,
      credentials: {
        accessKeyId: `AKIASEEDEDACCOUNT${number.slice(2)}`,
        secretAccessKey: `seeded/${number}${"x".repeat(28)}`,
      },
    };
  });
  await inBatches(store, count, (tx, i) => {
    const { account, credentials } = accounts[i] as Account;
    accessKeys.put(tx, [credentials.accessKeyId], {
      ...credentials,
      account,
      status: "Active",
      createDate: 0,
    });
    userKeys.put(tx, [account, "", credentials.accessKeyId], { createDate: 0 });
  });
  return accounts;
}

/** `perAccount` users in each account. */
export async function seedUsers(store: Store, accounts: Account[], perAccount: number): Promise<void> {
  await inBatches(store, accounts.length * perAccount, (tx, i) => {
    const { account } = accounts[i % accounts.length] as Account;
    const userName = `seeded-${i}`;
    users.put(tx, [account, userName], {
      userName,
      userId: `AIDASEEDED${String(i).padStart(11, "0")}`,
      path: "/",
      arn: `arn:aws:iam::${account}:user/${userName}`,
      createDate: 0,
      tags: {},
      groups: [],
      attached: [],
      inline: {},
    });
    if (i < accounts.length) counts.put(tx, [account, "users"], { count: perAccount });
  });
}

/** Roles of one account that trust it. */
export async function seedRoles(store: Store, { account }: Account, count: number): Promise<void> {
  await inBatches(store, count, (tx, i) => {
    const roleName = `seeded-${i}`;
    roles.put(tx, [account, roleName], {
      roleName,
      roleId: `AROASEEDED${String(i).padStart(11, "0")}`,
      path: "/",
      arn: `arn:aws:iam::${account}:role/${roleName}`,
      createDate: 0,
      maxSessionDuration: 3600,
      trustPolicy: JSON.stringify({
        Version: "2012-10-17",
        Statement: { Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" },
      }),
      tags: {},
      attached: [],
      inline: {},
    });
  });
}

/** Symmetric keys of one account in us-east-1; their ids. */
export async function seedKeys(store: Store, account: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuid());
  const policy = defaultPolicy(account);
  await inBatches(store, count, (tx, i) => {
    const keyId = ids[i] as string;
    const materialId = randomBytes(32).toString("hex");
    keys.put(tx, [account, "us-east-1", keyId], {
      keyId,
      arn: keyArn(account, "us-east-1", keyId),
      account,
      region: "us-east-1",
      createDate: 0,
      description: "",
      usage: "ENCRYPT_DECRYPT",
      spec: "SYMMETRIC_DEFAULT",
      origin: "AWS_KMS",
      manager: "CUSTOMER",
      state: "Enabled",
      policy,
      tags: {},
      materials: {
        [materialId]: { materialId, secret: randomBytes(32).toString("base64"), createDate: 0 },
      },
      currentMaterial: materialId,
      aliases: [],
      grantCount: 0,
    });
  });
  return ids;
}

/** Objects of a bucket that stands: their rows, without bytes, under keys in order. */
export async function seedObjects(store: Store, bucket: string, count: number): Promise<void> {
  const row: ObjectRow = {
    order: "7000000000000000",
    versionId: "null",
    lastModified: 0,
    owner: "000000000000",
    size: 0,
    etag: "d41d8cd98f00b204e9800998ecf8427e",
    storageClass: "STANDARD",
    headers: { contentType: "text/plain" },
    checksum: { name: "crc64nvme", value: "AAAAAAAAAAA=", type: "FULL_OBJECT" },
    encryption: { type: "AES256" },
  };
  await inBatches(store, count, (tx, i) =>
    objects.put(tx, [bucket, `seeded/${String(i).padStart(8, "0")}`], row),
  );
}
