import { X509Certificate } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import type { SamlFacts } from "../../kit/ports.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { type SamlProviderRow, samlProviders } from "./providerTables.ts";
import { overQuota } from "./quotas.ts";
import { lastPart, seconds } from "./shared.ts";
import { listedTags, shownTags, taggedResource, tagKeys, withoutTags, withTags } from "./tags.ts";

/** SAML providers. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html */

const maxPerAccount = 100;
const yearMs = 365 * 86_400_000;
/** AWS shows providers as valid for a hundred years. */
const validYears = 100;

function arnOf(account: string, name: string): string {
  return `arn:aws:iam::${account}:saml-provider/${name}`;
}

async function accessTo(action: string, arn: string, ctx: Context): Promise<Access> {
  const row = await samlProviders.get(ctx.tx, ctx.account, lastPart(arn));
  return { action: `iam:${action}`, resource: arn, ...(row && taggedResource(row.tags)) };
}

const onProvider =
  (action: string) =>
  ({ SAMLProviderArn }: { SAMLProviderArn: string }, ctx: Context) =>
    accessTo(action, SAMLProviderArn, ctx);

async function find(arn: string, ctx: Context<"NoSuchEntityException">): Promise<SamlProviderRow> {
  const row = await samlProviders.get(ctx.tx, ctx.account, lastPart(arn));
  if (row?.arn !== arn) throw ctx.error("NoSuchEntityException", `Manifest not found for arn ${arn}`);
  return row;
}

function save(row: SamlProviderRow, ctx: Context): void {
  samlProviders.put(ctx.tx, [ctx.account, row.name], row);
}

/**
 * What a metadata document says: the entity that it names, and its certificates. Undefined for what is no such
 * document, and for one with a document type: no entities expand.
 */
export function samlFacts(metadata: string): SamlFacts | undefined {
  if (/<!DOCTYPE|<!ENTITY/i.test(metadata)) return undefined;
  const entityId = /<(?:\w+:)?EntityDescriptor\b[^>]*\bentityID="([^"]+)"/.exec(metadata)?.[1];
  const certificates = [...metadata.matchAll(/<(?:\w+:)?X509Certificate>([^<]*)</g)].map((match) =>
    (match[1] ?? "").replace(/\s/g, ""),
  );
  const isWhole = entityId !== undefined && certificates.length > 0 && certificates.every(isReadable);
  return isWhole ? { entityId, certificates } : undefined;
}

function isReadable(certificate: string): boolean {
  try {
    return new X509Certificate(Buffer.from(certificate, "base64")).publicKey !== undefined;
  } catch {
    return false;
  }
}

function checkMetadata(metadata: string, ctx: Context<"InvalidInputException">): void {
  if (samlFacts(metadata) === undefined) throw ctx.error("InvalidInputException", "Could not parse metadata");
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html */
export const createSAMLProvider = iam.operation("CreateSAMLProvider", {
  access: ({ Name, Tags }, ctx) => ({
    action: "iam:CreateSAMLProvider",
    resource: arnOf(ctx.account, Name),
    requestTags: Tags,
  }),
  async handle({ Name, SAMLMetadataDocument, Tags = [], AddPrivateKey, AssertionEncryptionMode }, ctx) {
    refuseEncryption(AddPrivateKey ?? AssertionEncryptionMode, ctx);
    checkMetadata(SAMLMetadataDocument, ctx);
    if ((await samlProviders.get(ctx.tx, ctx.account, Name)) !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", `SAML Provider already exists for ${Name}`);
    }
    if ((await samlProviders.list(ctx.tx, [ctx.account])).length >= maxPerAccount) {
      throw overQuota("SAMLProvidersPerAccount", maxPerAccount, ctx);
    }
    const now = ctx.clock.now();
    const row: SamlProviderRow = {
      arn: arnOf(ctx.account, Name),
      name: Name,
      id: uuid(),
      metadata: SAMLMetadataDocument,
      createDate: now,
      validUntil: now + validYears * yearMs,
      tags: withTags({}, Tags, "exact", ctx),
    };
    save(row, ctx);
    return { SAMLProviderArn: row.arn, Tags: shownTags(row.tags) };
  },
});

/** Encrypted assertions are not taken, so a key for them would be a promise that is not kept. */
function refuseEncryption(asked: string | undefined, ctx: Context<"InvalidInputException">): void {
  if (asked !== undefined) {
    throw ctx.error("InvalidInputException", "Encrypted SAML assertions are not supported.");
  }
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSAMLProvider.html */
export const getSAMLProvider = iam.operation("GetSAMLProvider", {
  access: onProvider("GetSAMLProvider"),
  async handle({ SAMLProviderArn }, ctx) {
    const { id, metadata, createDate, validUntil, tags } = await find(SAMLProviderArn, ctx);
    return {
      SAMLProviderUUID: id,
      SAMLMetadataDocument: metadata,
      CreateDate: seconds(createDate),
      ValidUntil: seconds(validUntil),
      Tags: shownTags(tags),
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviders.html */
export const listSAMLProviders = iam.operation("ListSAMLProviders", {
  access: () => ({ action: "iam:ListSAMLProviders", resource: "*" }),
  async handle(_input, ctx) {
    const rows = await samlProviders.list(ctx.tx, [ctx.account]);
    return {
      SAMLProviderList: rows.map(({ row }) => ({
        Arn: row.arn,
        ValidUntil: seconds(row.validUntil),
        CreateDate: seconds(row.createDate),
      })),
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSAMLProvider.html */
export const updateSAMLProvider = iam.operation("UpdateSAMLProvider", {
  access: onProvider("UpdateSAMLProvider"),
  async handle(
    { SAMLProviderArn, SAMLMetadataDocument, AddPrivateKey, AssertionEncryptionMode, RemovePrivateKey },
    ctx,
  ) {
    const row = await find(SAMLProviderArn, ctx);
    refuseEncryption(AddPrivateKey ?? AssertionEncryptionMode ?? RemovePrivateKey, ctx);
    if (SAMLMetadataDocument !== undefined) {
      checkMetadata(SAMLMetadataDocument, ctx);
      save({ ...row, metadata: SAMLMetadataDocument }, ctx);
    }
    return { SAMLProviderArn: row.arn };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSAMLProvider.html */
export const deleteSAMLProvider = iam.operation("DeleteSAMLProvider", {
  access: onProvider("DeleteSAMLProvider"),
  async handle({ SAMLProviderArn }, ctx) {
    const { name } = await find(SAMLProviderArn, ctx);
    samlProviders.delete(ctx.tx, ctx.account, name);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagSAMLProvider.html */
export const tagSAMLProvider = iam.operation("TagSAMLProvider", {
  access: async ({ SAMLProviderArn, Tags }, ctx) => ({
    ...(await accessTo("TagSAMLProvider", SAMLProviderArn, ctx)),
    requestTags: Tags,
  }),
  async handle({ SAMLProviderArn, Tags }, ctx) {
    const row = await find(SAMLProviderArn, ctx);
    save({ ...row, tags: withTags(row.tags, Tags, "exact", ctx) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagSAMLProvider.html */
export const untagSAMLProvider = iam.operation("UntagSAMLProvider", {
  access: async ({ SAMLProviderArn, TagKeys }, ctx) => ({
    ...(await accessTo("UntagSAMLProvider", SAMLProviderArn, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ SAMLProviderArn, TagKeys }, ctx) {
    const row = await find(SAMLProviderArn, ctx);
    save({ ...row, tags: withoutTags(row.tags, TagKeys, "exact") }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviderTags.html */
export const listSAMLProviderTags = iam.operation("ListSAMLProviderTags", {
  access: onProvider("ListSAMLProviderTags"),
  async handle({ SAMLProviderArn, ...page }, ctx) {
    return listedTags((await find(SAMLProviderArn, ctx)).tags, page, ctx);
  },
});
