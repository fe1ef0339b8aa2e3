import type { InventoryConfiguration, InventoryOptionalField } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { aclsInForce, ownerGrant } from "./aclGrants.ts";
import { uriEncoded } from "./encodeKey.ts";
import { walk } from "./listing.ts";
import { type Listed, versionsFrom } from "./listVersions.ts";
import { shownHold } from "./lockRules.ts";
import { canonicalId } from "./names.ts";
import { shownReplication } from "./replicationRules.ts";
import { type BucketRow, type ObjectRow, objects } from "./tables.ts";

/**
 * The lines of an inventory. https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
 */

const rowsPerFile = 2_000;

const encryptions = {
  AES256: "SSE-S3",
  "aws:kms": "SSE-KMS",
  "aws:kms:dsse": "DSSE-KMS",
  customer: "SSE-C",
} as const;

type Field = (bucket: BucketRow, row: ObjectRow) => string | undefined;

/** In AWS's order, whatever that of the configuration. */
const optionalFields: [name: InventoryOptionalField, value: Field][] = [
  ["Size", (_, row) => String(row.size)],
  ["LastModifiedDate", (_, row) => new Date(row.lastModified).toISOString()],
  ["ETag", (_, row) => row.etag],
  ["StorageClass", (_, row) => row.storageClass],
  ["IsMultipartUploaded", (_, row) => String(row.manifest !== undefined)],
  ["ReplicationStatus", (_, row) => shownReplication(row).ReplicationStatus],
  ["EncryptionStatus", (_, { encryption }) => encryptions[encryption.type]],
  ["ObjectLockRetainUntilDate", (_, { retention }) => retention && new Date(retention.untilMs).toISOString()],
  ["ObjectLockMode", (_, { retention }) => retention?.mode],
  [
    "ObjectLockLegalHoldStatus",
    (_, { legalHold }) => (legalHold === undefined ? undefined : shownHold(legalHold)),
  ],
  [
    "IntelligentTieringAccessTier",
    (_, { storageClass }) => (storageClass === "INTELLIGENT_TIERING" ? "FREQUENT" : undefined),
  ],
  ["BucketKeyStatus", (_, { encryption }) => (encryption.bucketKey ? "ENABLED" : "DISABLED")],
  ["ChecksumAlgorithm", (_, { checksum }) => checksum?.name.toUpperCase()],
  ["ObjectAccessControlList", grantsOf],
  ["ObjectOwner", (_, row) => canonicalId(row.owner)],
];

/** Of a delete marker there is nothing else to tell. */
const fieldsOfMarkers: ReadonlySet<string> = new Set([
  "LastModifiedDate",
  "ReplicationStatus",
  "ObjectOwner",
]);

function grantsOf(bucket: BucketRow, row: ObjectRow): string {
  const own = ownerGrant(aclsInForce(bucket) ? row.owner : bucket.account);
  const grants = (aclsInForce(bucket) && row.grants ? row.grants : [own]).map(({ id, uri, permission }) => ({
    ...(uri === undefined ? { canonicalId: id, type: "CanonicalUser" } : { uri, type: "Group" }),
    permission,
  }));
  const list = { version: "2022-11-10", status: "AVAILABLE", grants };
  return Buffer.from(JSON.stringify(list)).toString("base64");
}

function chosenFields({ OptionalFields = [] }: InventoryConfiguration) {
  return optionalFields.filter(([name]) => OptionalFields.includes(name));
}

export function schemaOf(configuration: InventoryConfiguration): string {
  const ofVersions = isOfVersions(configuration) ? ["VersionId", "IsLatest", "IsDeleteMarker"] : [];
  const chosen = chosenFields(configuration).map(([name]) => name);
  return ["Bucket", "Key", ...ofVersions, ...chosen].join(", ");
}

function isOfVersions({ IncludedObjectVersions }: InventoryConfiguration): boolean {
  return IncludedObjectVersions === "All";
}

/** Where the last file ended. */
export interface Place {
  key: string;
  rest?: string;
}

/** The lines of the next file, and where the one after it begins. */
export async function nextLines(
  bucket: BucketRow,
  configuration: InventoryConfiguration,
  after: Place | undefined,
  ctx: Context,
): Promise<{ lines: string[]; last: Place | undefined }> {
  const all = isOfVersions(configuration);
  const prefix = configuration.Filter?.Prefix ?? "";
  const page = await walk<Listed>(
    { prefix, delimiter: "", limit: rowsPerFile, ...(after && { marker: after }) },
    async (from) => {
      if (all) return await versionsFrom(bucket.name, prefix, from, ctx);
      const { limit, position } = from;
      const options = { startsWith: prefix, limit, ...position };
      const rows = await ctx.peek((tx) => objects.list(tx, [bucket.name], options));
      return rows.map(({ key: [, key], row }) => ({ key, row: { version: row, isLatest: true } }));
    },
  );
  const chosen = chosenFields(configuration);
  const lines = page.items.map(({ key, row: { version, isLatest } }) => {
    const { deleteMarker = false } = version;
    const versionId = version.versionId === "null" ? "" : version.versionId;
    const ofVersions = all ? [versionId, String(isLatest), String(deleteMarker)] : [];
    const further = chosen.map(([name, value]) =>
      deleteMarker && !fieldsOfMarkers.has(name) ? undefined : value(bucket, version),
    );
    return [bucket.name, uriEncoded(key), ...ofVersions, ...further].map(quoted).join(",");
  });
  return { lines, last: page.isTruncated ? page.last : undefined };
}

function quoted(value = ""): string {
  return `"${value.replaceAll('"', '""')}"`;
}
