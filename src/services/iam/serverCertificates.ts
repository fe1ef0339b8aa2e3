import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { type ServerCertificateRow, serverCertificates } from "./credentialTables.ts";
import { overQuota } from "./quotas.ts";
import { paged, seconds } from "./shared.ts";
import { listedTags, shownTags, taggedResource, tagKeys, withoutTags, withTags } from "./tags.ts";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html */

const maxPerAccount = 20;

function arnOf(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:server-certificate${path}${name}`;
}

async function accessTo(action: string, name: string, ctx: Context): Promise<Access> {
  const row = await serverCertificates.get(ctx.tx, ctx.account, name);
  return {
    action: `iam:${action}`,
    resource: row?.arn ?? arnOf(ctx.account, "/", name),
    ...(row && taggedResource(row.tags)),
  };
}

const onCertificate =
  (action: string) =>
  ({ ServerCertificateName }: { ServerCertificateName: string }, ctx: Context) =>
    accessTo(action, ServerCertificateName, ctx);

async function find(name: string, ctx: Context<"NoSuchEntityException">): Promise<ServerCertificateRow> {
  const row = await serverCertificates.get(ctx.tx, ctx.account, name);
  if (row === undefined) {
    throw ctx.error("NoSuchEntityException", `The Server Certificate with name ${name} cannot be found.`);
  }
  return row;
}

function save(row: ServerCertificateRow, ctx: Context): void {
  serverCertificates.put(ctx.tx, [ctx.account, row.name], row);
}

function metadata({ name, id, path, arn, uploadDate, expiration }: ServerCertificateRow) {
  return {
    Path: path,
    ServerCertificateName: name,
    ServerCertificateId: id,
    Arn: arn,
    UploadDate: seconds(uploadDate),
    Expiration: seconds(expiration),
  };
}

type UploadErrors = "MalformedCertificateException" | "KeyPairMismatchException";

/** The certificate, if it is one and the private key is its own. */
function checked(body: string, privateKey: string, ctx: Context<UploadErrors>): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(body);
  } catch {
    throw ctx.error(
      "MalformedCertificateException",
      "Unable to parse certificate. Please ensure the certificate is in PEM format.",
    );
  }
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    throw ctx.error(
      "MalformedCertificateException",
      "Unable to parse key; your private key may be password protected or not in PEM format.",
    );
  }
  if (!matches)
    throw ctx.error(
      "KeyPairMismatchException",
      "The private key does not match the certificate's public key.",
    );
  return certificate;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadServerCertificate.html */
export const uploadServerCertificate = iam.operation("UploadServerCertificate", {
  access: ({ ServerCertificateName, Path = "/", Tags }, ctx) => ({
    action: "iam:UploadServerCertificate",
    resource: arnOf(ctx.account, Path, ServerCertificateName),
    requestTags: Tags,
  }),
  async handle(
    { ServerCertificateName, Path = "/", CertificateBody, CertificateChain, PrivateKey, Tags = [] },
    ctx,
  ) {
    const certificate = checked(CertificateBody, PrivateKey, ctx);
    const all = await serverCertificates.list(ctx.tx, [ctx.account]);
    if (all.some(({ row }) => row.name.toLowerCase() === ServerCertificateName.toLowerCase())) {
      throw ctx.error(
        "EntityAlreadyExistsException",
        `The Server Certificate with name ${ServerCertificateName} already exists.`,
      );
    }
    if (all.length >= maxPerAccount) throw overQuota("ServerCertificatesPerAccount", maxPerAccount, ctx);
    const row: ServerCertificateRow = {
      name: ServerCertificateName,
      id: uniqueId("ASCA"),
      path: Path,
      arn: arnOf(ctx.account, Path, ServerCertificateName),
      body: CertificateBody,
      ...(CertificateChain !== undefined && { chain: CertificateChain }),
      privateKey: PrivateKey,
      uploadDate: ctx.clock.now(),
      expiration: Date.parse(certificate.validTo),
      tags: withTags({}, Tags, "exact", ctx),
    };
    save(row, ctx);
    return { ServerCertificateMetadata: metadata(row), Tags: shownTags(row.tags) };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServerCertificate.html */
export const getServerCertificate = iam.operation("GetServerCertificate", {
  access: onCertificate("GetServerCertificate"),
  async handle({ ServerCertificateName }, ctx) {
    const row = await find(ServerCertificateName, ctx);
    return {
      ServerCertificate: {
        ServerCertificateMetadata: metadata(row),
        CertificateBody: row.body,
        ...(row.chain !== undefined && { CertificateChain: row.chain }),
        Tags: shownTags(row.tags),
      },
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificates.html */
export const listServerCertificates = iam.operation("ListServerCertificates", {
  access: () => ({ action: "iam:ListServerCertificates", resource: "*" }),
  async handle({ PathPrefix = "/", ...page }, ctx) {
    const { items, truncation } = await paged(
      page,
      ctx,
      (where) =>
        pageOf(serverCertificates, ctx.tx, [ctx.account], {
          ...where,
          where: ({ path }) => path.startsWith(PathPrefix),
        }),
      metadata,
    );
    return { ServerCertificateMetadataList: items, ...truncation };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateServerCertificate.html */
export const updateServerCertificate = iam.operation("UpdateServerCertificate", {
  access: async ({ ServerCertificateName, NewPath, NewServerCertificateName }, ctx) => {
    const access = await accessTo("UpdateServerCertificate", ServerCertificateName, ctx);
    const renamed = arnOf(ctx.account, NewPath ?? "/", NewServerCertificateName ?? ServerCertificateName);
    return NewPath === undefined && NewServerCertificateName === undefined
      ? access
      : [access, { ...access, resource: renamed }];
  },
  async handle({ ServerCertificateName, NewPath, NewServerCertificateName }, ctx) {
    const row = await find(ServerCertificateName, ctx);
    const name = NewServerCertificateName ?? row.name;
    const path = NewPath ?? row.path;
    if (name !== row.name && (await serverCertificates.get(ctx.tx, ctx.account, name)) !== undefined) {
      throw ctx.error(
        "EntityAlreadyExistsException",
        `The Server Certificate with name ${name} already exists.`,
      );
    }
    serverCertificates.delete(ctx.tx, ctx.account, row.name);
    save({ ...row, name, path, arn: arnOf(ctx.account, path, name) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServerCertificate.html */
export const deleteServerCertificate = iam.operation("DeleteServerCertificate", {
  access: onCertificate("DeleteServerCertificate"),
  async handle({ ServerCertificateName }, ctx) {
    const { name } = await find(ServerCertificateName, ctx);
    serverCertificates.delete(ctx.tx, ctx.account, name);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagServerCertificate.html */
export const tagServerCertificate = iam.operation("TagServerCertificate", {
  access: async ({ ServerCertificateName, Tags }, ctx) => ({
    ...(await accessTo("TagServerCertificate", ServerCertificateName, ctx)),
    requestTags: Tags,
  }),
  async handle({ ServerCertificateName, Tags }, ctx) {
    const row = await find(ServerCertificateName, ctx);
    save({ ...row, tags: withTags(row.tags, Tags, "exact", ctx) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagServerCertificate.html */
export const untagServerCertificate = iam.operation("UntagServerCertificate", {
  access: async ({ ServerCertificateName, TagKeys }, ctx) => ({
    ...(await accessTo("UntagServerCertificate", ServerCertificateName, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ ServerCertificateName, TagKeys }, ctx) {
    const row = await find(ServerCertificateName, ctx);
    save({ ...row, tags: withoutTags(row.tags, TagKeys, "exact") }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificateTags.html */
export const listServerCertificateTags = iam.operation("ListServerCertificateTags", {
  access: onCertificate("ListServerCertificateTags"),
  async handle({ ServerCertificateName, ...page }, ctx) {
    return listedTags((await find(ServerCertificateName, ctx)).tags, page, ctx);
  },
});
