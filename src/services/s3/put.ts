import { createHmac } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { draw } from "../../kit/ids.ts";
import type { Access } from "../../kit/service.ts";
import { bucketAccess, objectAccess } from "./access.ts";
import { type AclInput, aclsInForce, checkGrants, hasAcl, ownerGrant, requestedGrants } from "./aclGrants.ts";
import { checkedChecksum, digestsFor, shownChecksum } from "./checksums.ts";
import { checkWrite, type ReadConditions } from "./conditions.ts";
import { s3 } from "./contract.ts";
import {
  type CustomerKeyInput,
  type EncryptionInput,
  encryptionKeys,
  sealingFor,
  shownEncryption,
} from "./encryption.ts";
import { type BucketInput, findBucket } from "./find.ts";
import {
  checkKey,
  checkRedirect,
  type HeadersInput,
  storageClassOf,
  systemHeaders,
  userMetadata,
} from "./headers.ts";
import { shownExpiration } from "./lifecycleRules.ts";
import { type LockInput, lockKeys, lockOf } from "./lockRules.ts";
import { announce } from "./notify.ts";
import type { BucketRow, GrantRow } from "./tables.ts";
import { tagsAsked, tagsOfHeader } from "./tagRules.ts";
import { insert, newest } from "./versions.ts";

export const maxPutBytes = 5 * 2 ** 30;

/** What the requests have in common that make an object. */
export type NewObjectInput = BucketInput & { Key: string; Tagging?: string | undefined } & AclInput &
  HeadersInput &
  EncryptionInput &
  CustomerKeyInput &
  LockInput;

/** What a caller must be allowed to do to make an object, by what the request asks for. */
export async function newObjectAccess(
  input: NewObjectInput & Pick<ReadConditions, "IfMatch" | "IfNoneMatch">,
  ctx: Context,
  context: Record<string, string | undefined> = {},
): Promise<Access[]> {
  const { Bucket, Key } = input;
  const options = {
    creates: true,
    requestTags: tagsAsked(input.Tagging),
    context: () => ({
      ...encryptionKeys(input),
      ...lockKeys(input),
      "s3:x-amz-acl": input.ACL,
      "s3:x-amz-grant-full-control": input.GrantFullControl,
      "s3:x-amz-grant-read": input.GrantRead,
      "s3:x-amz-grant-read-acp": input.GrantReadACP,
      "s3:x-amz-grant-write-acp": input.GrantWriteACP,
      "s3:x-amz-storage-class": input.StorageClass ?? "STANDARD",
      "s3:x-amz-website-redirect-location": input.WebsiteRedirectLocation,
      "s3:if-match": input.IfMatch,
      "s3:if-none-match": input.IfNoneMatch,
      "s3:ObjectCreationOperation": "true",
      ...context,
    }),
  };
  const actions = ["PutObject"];
  // What gives the bucket's owner control is no grant to others: policies of log deliveries allow PutObject alone.
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/ensure-object-ownership.html
  if (hasAcl(input) && input.ACL !== "bucket-owner-full-control") actions.push("PutObjectAcl");
  if (input.Tagging !== undefined) actions.push("PutObjectTagging");
  if (input.ObjectLockMode !== undefined) actions.push("PutObjectRetention");
  if (input.ObjectLockLegalHoldStatus !== undefined) actions.push("PutObjectLegalHold");
  return await Promise.all(actions.map((action) => objectAccess(action, Bucket, Key, ctx, options)));
}

/** Whose a new object is: the bucket's owner, unless lists of the writers' are in force. */
export function ownerOf(bucket: BucketRow, input: AclInput, ctx: Context): string {
  const writer = ctx.caller.principal.account || bucket.account;
  const isBucketOwners =
    !aclsInForce(bucket) ||
    (bucket.ownership === "BucketOwnerPreferred" && input.ACL === "bucket-owner-full-control");
  return isBucketOwners ? bucket.account : writer;
}

export interface NewObjectFacts {
  owner: string;
  grants?: GrantRow[];
  tags?: Record<string, string>;
}

export function factsOf(bucket: BucketRow, input: NewObjectInput, ctx: Context): NewObjectFacts {
  const owner = ownerOf(bucket, input, ctx);
  const grants = requestedGrants(input, owner, bucket.account);
  checkGrants(bucket, input, grants);
  const tags = tagsOfHeader(input.Tagging);
  return {
    owner,
    ...(aclsInForce(bucket) && { grants: grants ?? [ownerGrant(owner)] }),
    ...(tags && Object.keys(tags).length > 0 && { tags }),
  };
}

/** What the request says of a new object, apart from its bytes. */
export function describedBy(bucket: BucketRow, input: NewObjectInput, ctx: Context) {
  checkKey(input.Key);
  checkRedirect(input.WebsiteRedirectLocation);
  const metadata = userMetadata(input);
  return {
    ...factsOf(bucket, input, ctx),
    storageClass: storageClassOf(input),
    headers: systemHeaders(input),
    ...(metadata && { metadata }),
    ...lockOf(input, bucket, ctx.clock.now()),
  };
}

/** Stores an object of up to 5 GiB. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const putObject = s3.operation("PutObject", {
  access: (input, ctx) => newObjectAccess(input, ctx),
  body: { digests: digestsFor, maxBytes: maxPutBytes },
  async handle(input, ctx) {
    const { Key } = input;
    const bucket = await findBucket(input, ctx);
    const described = describedBy(bucket, input, ctx);
    const { asked: _, ...checksum } = checkedChecksum(input, ctx.body);
    const before = await newest(bucket, Key, ctx);
    checkWrite(input, Key, before);
    const sealing = await sealingFor(input, bucket, Key, ctx);
    const etag = etagOf(ctx.body.digests.md5, sealing.under);
    const row = await insert(
      bucket,
      Key,
      {
        ...described,
        size: ctx.body.size,
        etag,
        body: ctx.bytes.keep(ctx.body, sealing.under),
        checksum,
        encryption: sealing.row,
      },
      before,
      ctx,
    );
    announce(bucket, "ObjectCreated:Put", Key, row, ctx);
    return {
      ETag: `"${etag}"`,
      ...(bucket.versioning === "Enabled" && { VersionId: row.versionId }),
      ...shownChecksum(checksum),
      ...shownEncryption(sealing.row, input),
      ...(await shownExpiration(bucket, Key, row, ctx)),
    };
  },
  record: { data: true },
});

/** The MD5 of the bytes; under a key of its own, what only the key makes of it. */
export function etagOf(md5: Buffer | undefined, under: Uint8Array | undefined): string {
  const digest = md5 ?? draw(16);
  if (under === undefined) return digest.toString("hex");
  return createHmac("sha256", under).update(digest).digest("hex").slice(0, 32);
}

/** 404 only to those who may list the bucket; to others, what is not there is refused. */
export async function maySeeAbsence(bucket: string, key: string, ctx: Context): Promise<void> {
  await ctx.authorize(await bucketAccess("ListBucket", bucket, ctx, { context: { "s3:prefix": key } }));
}
