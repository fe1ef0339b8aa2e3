import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { type SshKeyRow, sshKeys } from "./credentialTables.ts";
import { overQuota } from "./quotas.ts";
import { onUser, paged, seconds } from "./shared.ts";
import type { UserRow } from "./tables.ts";
import { findUser, userAccess } from "./users.ts";

const maxKeysPerUser = 5;

/** The parts of an SSH wire encoding, each behind its length. https://www.rfc-editor.org/rfc/rfc4253#section-6.6 */
function parts(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    found.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

/** An RSA key in SSH form ("ssh-rsa AAAA…") or PEM; undefined for anything else. */
function readKey(body: string): KeyObject | undefined {
  try {
    const [, encoded] = /^ssh-rsa ([A-Za-z0-9+/=]+)/.exec(body.trim()) ?? [];
    if (encoded === undefined) {
      const key = createPublicKey(body);
      return key.asymmetricKeyType === "rsa" ? key : undefined;
    }
    const [, e, n] = parts(Buffer.from(encoded, "base64"));
    if (e === undefined || n === undefined) return undefined;
    const unsigned = n[0] === 0 ? n.subarray(1) : n;
    return createPublicKey({
      format: "jwk",
      key: { kty: "RSA", e: e.toString("base64url"), n: unsigned.toString("base64url") },
    });
  } catch {
    return undefined;
  }
}

/** MD5 of the public key in SPKI DER, in pairs with colons, as AWS shows it. */
function fingerprintOf(key: KeyObject): string {
  const digest = createHash("md5")
    .update(key.export({ format: "der", type: "spki" }))
    .digest("hex");
  return digest.match(/../g)?.join(":") ?? "";
}

function sshForm(key: KeyObject): string {
  const { e = "", n = "" } = key.export({ format: "jwk" });
  const modulus = Buffer.from(n, "base64url");
  const all = [
    Buffer.from("ssh-rsa"),
    Buffer.from(e, "base64url"),
    (modulus[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), modulus]) : modulus,
  ].map((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return Buffer.concat([length, part]);
  });
  return `ssh-rsa ${Buffer.concat(all).toString("base64")}`;
}

async function findKey(user: UserRow, id: string, ctx: Context<"NoSuchEntityException">): Promise<SshKeyRow> {
  const row = await sshKeys.get(ctx.tx, ctx.account, user.userId, id);
  if (row === undefined)
    throw ctx.error("NoSuchEntityException", `The Public Key with id ${id} cannot be found.`);
  return row;
}

function describe(
  user: UserRow,
  { id, fingerprint, status, uploadDate }: SshKeyRow,
  SSHPublicKeyBody: string,
) {
  return {
    UserName: user.userName,
    SSHPublicKeyId: id,
    Fingerprint: fingerprint,
    SSHPublicKeyBody,
    Status: status,
    UploadDate: seconds(uploadDate),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSSHPublicKey.html */
export const uploadSSHPublicKey = iam.operation("UploadSSHPublicKey", {
  access: ({ UserName }, ctx) => userAccess("UploadSSHPublicKey", UserName, ctx),
  async handle({ UserName, SSHPublicKeyBody }, ctx) {
    const user = await findUser(UserName, ctx);
    const key = readKey(SSHPublicKeyBody);
    if (key === undefined || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
      throw ctx.error(
        "InvalidPublicKeyException",
        "The public key is invalid: an RSA key of at least 2048 bits is required.",
      );
    }
    const fingerprint = fingerprintOf(key);
    const held = await sshKeys.list(ctx.tx, [ctx.account, user.userId]);
    if (held.some(({ row }) => row.fingerprint === fingerprint)) {
      throw ctx.error(
        "DuplicateSSHPublicKeyException",
        "The SSH public key is already associated with the user.",
      );
    }
    if (held.length >= maxKeysPerUser) throw overQuota("SSHPublicKeysPerUser", maxKeysPerUser, ctx);
    const row: SshKeyRow = {
      id: uniqueId("APKA").slice(0, 21),
      body: SSHPublicKeyBody,
      pem: key.export({ format: "pem", type: "spki" }).toString(),
      fingerprint,
      status: "Active",
      uploadDate: ctx.clock.now(),
    };
    sshKeys.put(ctx.tx, [ctx.account, user.userId, row.id], row);
    return { SSHPublicKey: describe(user, row, SSHPublicKeyBody) };
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSSHPublicKey.html */
export const getSSHPublicKey = iam.operation("GetSSHPublicKey", {
  access: ({ UserName }, ctx) => userAccess("GetSSHPublicKey", UserName, ctx),
  async handle({ UserName, SSHPublicKeyId, Encoding }, ctx) {
    const user = await findUser(UserName, ctx);
    const row = await findKey(user, SSHPublicKeyId, ctx);
    return {
      SSHPublicKey: describe(user, row, Encoding === "PEM" ? row.pem : sshForm(createPublicKey(row.pem))),
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSSHPublicKeys.html */
export const listSSHPublicKeys = iam.operation("ListSSHPublicKeys", {
  access: ({ UserName }, ctx) => userAccess("ListSSHPublicKeys", UserName, ctx),
  async handle({ UserName, ...page }, ctx) {
    const user = await findUser(UserName ?? ctx.caller.userName ?? "", ctx);
    const { items, truncation } = await paged(
      page,
      ctx,
      (where) => pageOf(sshKeys, ctx.tx, [ctx.account, user.userId], where),
      ({ id, status, uploadDate }) => ({
        UserName: user.userName,
        SSHPublicKeyId: id,
        Status: status,
        UploadDate: seconds(uploadDate),
      }),
    );
    return { SSHPublicKeys: items, ...truncation };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSSHPublicKey.html */
export const updateSSHPublicKey = iam.operation("UpdateSSHPublicKey", {
  access: ({ UserName }, ctx) => userAccess("UpdateSSHPublicKey", UserName, ctx),
  async handle({ UserName, SSHPublicKeyId, Status }, ctx) {
    const user = await findUser(UserName, ctx);
    const row = await findKey(user, SSHPublicKeyId, ctx);
    sshKeys.put(ctx.tx, [ctx.account, user.userId, row.id], { ...row, status: Status });
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSSHPublicKey.html */
export const deleteSSHPublicKey = iam.operation("DeleteSSHPublicKey", {
  access: ({ UserName }, ctx) => userAccess("DeleteSSHPublicKey", UserName, ctx),
  async handle({ UserName, SSHPublicKeyId }, ctx) {
    const user = await findUser(UserName, ctx);
    const { id } = await findKey(user, SSHPublicKeyId, ctx);
    sshKeys.delete(ctx.tx, ctx.account, user.userId, id);
    return {};
  },
  record: { resources: onUser },
});
