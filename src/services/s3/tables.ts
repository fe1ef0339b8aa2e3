import type { NotificationConfiguration, StorageClass } from "@aws-sdk/client-s3";
import type { CrcName, DigestName } from "../../kit/digests.ts";
import { table } from "../../kit/table.ts";

/**
 * S3's tables. The names of buckets are one namespace of all accounts, so rows stand under the bucket; whose it is,
 * its row says, and `owned` lists the buckets of each account.
 */

export type Ownership = "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter";

export interface PublicAccess {
  blockPublicAcls: boolean;
  ignorePublicAcls: boolean;
  blockPublicPolicy: boolean;
  restrictPublicBuckets: boolean;
}

export type Permission = "FULL_CONTROL" | "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP";

/** A grant of an access control list: to an account by its canonical id, or to a group by its URI. */
export interface GrantRow {
  id?: string;
  uri?: string;
  permission: Permission;
}

/** How the objects of a bucket are encrypted unless their request says otherwise. */
export interface DefaultEncryption {
  algorithm: "AES256" | "aws:kms" | "aws:kms:dsse";
  kmsKeyId?: string;
  bucketKey: boolean;
  blocked?: string[];
  /** Somebody chose it: it is not merely what every bucket has. */
  chosen?: true;
}

export interface LockDefault {
  mode: "GOVERNANCE" | "COMPLIANCE";
  days?: number;
  years?: number;
}

export interface BucketRow {
  name: string;
  account: string;
  region: string;
  /** What the bucket was made with in place of its Region's name, and still says. */
  location?: "EU";
  /** ms since the epoch, as all times in rows. */
  createDate: number;
  versioning?: "Enabled" | "Suspended";
  mfaDelete?: "Enabled" | "Disabled";
  policy?: string;
  publicAccess?: PublicAccess;
  ownership?: Ownership;
  grants: GrantRow[];
  encryption: DefaultEncryption;
  lock?: { default?: LockDefault };
  payer?: "Requester";
  tags?: Record<string, string>;
  /** Read with every write, so it stands here. */
  notifications?: NotificationConfiguration;
  /** Where a record of each request goes, and when the next of them are delivered. */
  accessLogs?: { bucket: string; prefix: string; partitionedBy?: "EventTime" | "DeliveryTime"; due: number };
  /** It has rules of replication: writes read them. */
  replicates?: true;
  /** When the next look at what its lifecycle rules want is due. */
  lifecycleDue?: number;
}

export const buckets = table<BucketRow, [bucket: string]>("s3", "buckets");
export const owned = table<{ region: string; createDate: number }, [account: string, bucket: string]>(
  "s3",
  "owned",
);

export type ChecksumName = CrcName | Extract<DigestName, "sha1" | "sha256">;

export interface Checksum {
  name: ChecksumName;
  /** In base64; of a composite one with "-" and the number of parts. */
  value: string;
  type: "FULL_OBJECT" | "COMPOSITE";
}

/** How an object is encrypted. A customer's own key is not kept. */
export interface EncryptionRow {
  type: "AES256" | "aws:kms" | "aws:kms:dsse" | "customer";
  kmsKeyArn?: string;
  bucketKey?: true;
  /** The data key of the object, encrypted by KMS, in base64; and the context that it was encrypted with. */
  dataKey?: string;
  context?: Record<string, string>;
  /** By which a customer's key is known again: a salted MAC, as AWS keeps. */
  known?: { salt: string; mac: string };
}

export interface Retention {
  mode: "GOVERNANCE" | "COMPLIANCE";
  untilMs: number;
}

/** Headers that S3 keeps with an object and gives back. */
export interface SystemHeaders {
  contentType?: string;
  cacheControl?: string;
  contentDisposition?: string;
  contentEncoding?: string;
  contentLanguage?: string;
  expires?: string;
  websiteRedirect?: string;
}

/** A version of an object, or a marker that it was deleted. */
export interface ObjectRow {
  /** Its place among the versions of its key: the newest has the smallest. */
  order: string;
  /** "null" for what was written without versioning. */
  versionId: string;
  deleteMarker?: true;
  lastModified: number;
  owner: string;
  size: number;
  /** Without quotes. */
  etag: string;
  /** Its bytes; of an object in parts, they stand in its manifest. */
  body?: string;
  manifest?: string;
  partCount?: number;
  /** The multipart upload that it came from. */
  uploadId?: string;
  storageClass: StorageClass;
  headers: SystemHeaders;
  metadata?: Record<string, string>;
  checksum?: Checksum;
  encryption: EncryptionRow;
  tags?: Record<string, string>;
  grants?: GrantRow[];
  retention?: Retention;
  /** Absent where it was never set. */
  legalHold?: boolean;
  /** How far it came to each destination; or that it came by replication itself. */
  replication?: "REPLICA" | Record<string, "PENDING" | "COMPLETED" | "FAILED">;
  /** Of an archived object: when a copy can be read, and until when. */
  restore?: { readyAt: number; untilMs: number };
}

/** The newest version of each key, unless that is a delete marker: what listings show. */
export const objects = table<ObjectRow, [bucket: string, key: string]>("s3", "objects");
/** All other versions, and delete markers. */
export const older = table<ObjectRow, [bucket: string, key: string, order: string]>("s3", "older");
/** Where among the older versions of a key the one with the id "null" stands. */
export const nulls = table<{ order: string }, [bucket: string, key: string]>("s3", "nulls");

export interface PartRow {
  number: number;
  size: number;
  etag: string;
  body: string;
  lastModified: number;
  checksum?: string;
  encryption: EncryptionRow;
}

/** Parts of the objects that were uploaded in parts. */
export const manifests = table<{ parts: PartRow[] }, [bucket: string, manifest: string]>("s3", "manifests");

export interface UploadRow {
  uploadId: string;
  initiated: number;
  /** Who began it. */
  initiator: { id: string; name: string };
  owner: string;
  storageClass: StorageClass;
  headers: SystemHeaders;
  metadata?: Record<string, string>;
  tags?: Record<string, string>;
  grants?: GrantRow[];
  retention?: Retention;
  /** Absent where it was never set. */
  legalHold?: boolean;
  encryption: EncryptionRow;
  checksum?: { name: ChecksumName; type: Checksum["type"] };
  /** Order of the version that was the newest when the upload began. */
  over?: string;
}

export const uploads = table<UploadRow, [bucket: string, key: string, uploadId: string]>("s3", "uploads");
export const parts = table<PartRow, [bucket: string, uploadId: string, number: string]>("s3", "parts");

/** Configurations that are kept as they were put: CORS, lifecycle, website, logging, inventory … */
export const configurations = table<
  { document: Record<string, unknown> },
  [bucket: string, kind: string, id: string]
>("s3", "configurations");

/** Records of requests that wait to be delivered, in the order of the requests. */
export const accessRecords = table<{ atMs: number; line: string }, [bucket: string, order: string]>(
  "s3",
  "access-records",
);
