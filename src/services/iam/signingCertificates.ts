import { X509Certificate } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { type SigningCertificateRow, signingCertificates } from "./credentialTables.ts";
import { overQuota } from "./quotas.ts";
import { onUser, paged, seconds } from "./shared.ts";
import type { UserRow } from "./tables.ts";
import { findUser, userAccess } from "./users.ts";

/** X.509 certificates of users, for SOAP requests of old and for EC2's tools. */

const maxCertificatesPerUser = 2;

/** The user that a request names, or the caller itself. */
function ownerOf(UserName: string | undefined, ctx: Context<"NoSuchEntityException">): Promise<UserRow> {
  return findUser(UserName ?? ctx.caller.userName ?? "", ctx);
}

function describe(user: UserRow, { id, body, status, uploadDate }: SigningCertificateRow) {
  return {
    UserName: user.userName,
    CertificateId: id,
    CertificateBody: body,
    Status: status,
    UploadDate: seconds(uploadDate),
  };
}

async function find(
  user: UserRow,
  id: string,
  ctx: Context<"NoSuchEntityException">,
): Promise<SigningCertificateRow> {
  const row = await signingCertificates.get(ctx.tx, ctx.account, user.userId, id);
  if (row === undefined)
    throw ctx.error("NoSuchEntityException", `The Certificate with id ${id} cannot be found.`);
  return row;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSigningCertificate.html */
export const uploadSigningCertificate = iam.operation("UploadSigningCertificate", {
  access: ({ UserName }, ctx) => userAccess("UploadSigningCertificate", UserName, ctx),
  async handle({ UserName, CertificateBody }, ctx) {
    const user = await ownerOf(UserName, ctx);
    let fingerprint: string;
    try {
      fingerprint = new X509Certificate(CertificateBody).fingerprint256;
    } catch {
      throw ctx.error(
        "MalformedCertificateException",
        "Certificate body is invalid. Please use a valid PEM-encoded certificate.",
      );
    }
    const held = await signingCertificates.list(ctx.tx, [ctx.account, user.userId]);
    if (held.some(({ row }) => new X509Certificate(row.body).fingerprint256 === fingerprint)) {
      throw ctx.error(
        "DuplicateCertificateException",
        "The certificate is already associated with the user.",
      );
    }
    if (held.length >= maxCertificatesPerUser)
      throw overQuota("CertificatesPerUser", maxCertificatesPerUser, ctx);
    const row: SigningCertificateRow = {
      id: randomText(32, "upper32"),
      body: CertificateBody,
      status: "Active",
      uploadDate: ctx.clock.now(),
    };
    signingCertificates.put(ctx.tx, [ctx.account, user.userId, row.id], row);
    return { Certificate: describe(user, row) };
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSigningCertificates.html */
export const listSigningCertificates = iam.operation("ListSigningCertificates", {
  access: ({ UserName }, ctx) => userAccess("ListSigningCertificates", UserName, ctx),
  async handle({ UserName, ...page }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const { items, truncation } = await paged(
      page,
      ctx,
      (where) => pageOf(signingCertificates, ctx.tx, [ctx.account, user.userId], where),
      (row) => describe(user, row),
    );
    return { Certificates: items, ...truncation };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSigningCertificate.html */
export const updateSigningCertificate = iam.operation("UpdateSigningCertificate", {
  access: ({ UserName }, ctx) => userAccess("UpdateSigningCertificate", UserName, ctx),
  async handle({ UserName, CertificateId, Status }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const row = await find(user, CertificateId, ctx);
    signingCertificates.put(ctx.tx, [ctx.account, user.userId, row.id], { ...row, status: Status });
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSigningCertificate.html */
export const deleteSigningCertificate = iam.operation("DeleteSigningCertificate", {
  access: ({ UserName }, ctx) => userAccess("DeleteSigningCertificate", UserName, ctx),
  async handle({ UserName, CertificateId }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const { id } = await find(user, CertificateId, ctx);
    signingCertificates.delete(ctx.tx, ctx.account, user.userId, id);
    return {};
  },
  record: { resources: onUser },
});
