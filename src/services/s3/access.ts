import type { Caller } from "../../kit/caller.ts";
import type { Context, RequestSignature } from "../../kit/context.ts";
import type { Access, ConditionValues } from "../../kit/service.ts";
import { aclStatements } from "./aclGrants.ts";
import { type BucketInput, checkRegion, locate, noSuchBucket } from "./find.ts";
import { bucketArn, objectArn } from "./names.ts";
import { policyIsPublic } from "./publicPolicy.ts";
import type { BucketRow, GrantRow, ObjectRow } from "./tables.ts";

/**
 * Access to buckets and objects: identity policies, the bucket's policy, and access control lists where they are
 * in force, which read as statements of the bucket's policy.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */

export interface AccessOptions {
  context?: Access["context"];
  requestTags?: Record<string, string> | undefined;
  /** The object that is there, where one is looked at: its tags and its access control list count. */
  object?: ObjectRow | undefined;
  /** Makes an object: whom the bucket's list lets write may also say what the object is to be. */
  creates?: boolean;
}

/** Who asks, and how. */
type Asking = Pick<Context, "caller" | "request">;

export async function bucketAccess(
  action: string,
  name: string,
  ctx: Context,
  options: AccessOptions = {},
): Promise<Access> {
  const bucket = await bucketForAccess(name, ctx);
  return {
    ...declared(action, bucketArn(name), bucket, bucket?.grants, ctx, options),
    resourceType: "AWS::S3::Bucket",
    resourceTags: bucket?.tags,
  };
}

export async function objectAccess(
  action: string,
  name: string,
  key: string,
  ctx: Context,
  options: AccessOptions = {},
): Promise<Access> {
  const bucket = await bucketForAccess(name, ctx);
  const grants = options.creates || writesIntoBucket.has(action) ? bucket?.grants : options.object?.grants;
  return {
    ...declared(action, objectArn(name, key), bucket, grants, ctx, options),
    resourceType: "AWS::S3::Object",
  };
}

/** Access of another identity than the caller, to a bucket or an object in it, in whatever Region. */
export function accessAs(
  action: string,
  bucket: BucketRow,
  key: string | undefined,
  as: Caller,
  { request }: Context,
  options: AccessOptions,
): Access {
  const isObject = key !== undefined;
  const resource = isObject ? objectArn(bucket.name, key) : bucketArn(bucket.name);
  const grants = isObject ? options.object?.grants : bucket.grants;
  return {
    ...declared(action, resource, bucket, grants, { caller: as, request }, isObject ? options : {}),
    resourceType: isObject ? "AWS::S3::Object" : "AWS::S3::Bucket",
    as,
  };
}

/** What a bucket's own access control list decides of its objects. */
const writesIntoBucket = new Set([
  "PutObject",
  "DeleteObject",
  "AbortMultipartUpload",
  "ListMultipartUploadParts",
]);

async function bucketForAccess(name: string, ctx: Context): Promise<BucketRow | undefined> {
  const bucket = await locate(name, ctx);
  if (bucket === undefined) {
    // Whoever has no policies of its own can be told no more than that.
    const { kind } = ctx.caller.principal;
    if (kind === "anonymous" || kind === "service") throw noSuchBucket(name);
    return undefined;
  }
  checkRegion(bucket, ctx);
  return bucket;
}

function declared(
  action: string,
  resource: string,
  bucket: BucketRow | undefined,
  grants: readonly GrantRow[] | undefined,
  ctx: Asking,
  options: AccessOptions,
): Access {
  const statements =
    bucket === undefined
      ? []
      : aclStatements(
          bucket,
          grants ?? [],
          { action, resource, ...(options.creates && { as: "PutObject" }) },
          ctx.caller,
        );
  return {
    action: `s3:${action}`,
    resource,
    ...(bucket && { resourceAccount: bucket.account }),
    resourcePolicy: bucket && policyInForce(bucket, statements, ctx),
    context: () => ({
      ...signatureKeys(ctx),
      "s3:ResourceAccount": bucket?.account,
      ...existingTags(options.object),
      ...requestTagKeys(options.requestTags),
      ...(typeof options.context === "function" ? options.context() : options.context),
    }),
  };
}

function policyInForce(
  bucket: BucketRow,
  statements: readonly object[],
  ctx: Asking,
): Access["resourcePolicy"] {
  const policy = policyFor(bucket, ctx);
  if (policy === undefined && statements.length === 0) return undefined;
  return { name: bucketArn(bucket.name), kind: "resource", document: withStatements(policy, statements) };
}

/** A public policy lets nobody else in where RestrictPublicBuckets is on: only the account itself, and services. */
function policyFor({ policy, publicAccess, account }: BucketRow, { caller }: Asking): string | undefined {
  if (policy === undefined || !publicAccess?.restrictPublicBuckets) return policy;
  const { principal } = caller;
  const isOwn = principal.account === account || principal.kind === "service";
  return isOwn || !policyIsPublic(policy) ? policy : undefined;
}

function withStatements(policy: string | undefined, statements: readonly object[]): string {
  if (statements.length === 0) return policy ?? "";
  const { Statement, ...rest } =
    policy === undefined
      ? { Version: "2012-10-17", Statement: [] }
      : (JSON.parse(policy) as { Statement: object | object[] });
  return JSON.stringify({ ...rest, Statement: [Statement, statements].flat() });
}

const authTypes = { header: "REST-HEADER", query: "REST-QUERY-STRING", form: "POST" } as const;

/**
 * How the request was signed. A service that acts for its caller signs in headers, whatever its caller did.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
 */
function signatureKeys({ caller, request }: Asking): ConditionValues {
  const tls = { "s3:TlsVersion": request.tls?.version.replace(/^TLSv/, "") };
  if (caller.principal.kind === "anonymous") return tls;
  const isOwn = caller.principal.kind !== "service" && !caller.calledVia?.length;
  const { place, algorithm, ageMs } = (isOwn && request.signature) || byServices;
  // Who signs in the query says nothing of the body.
  const unsaid = place === "query" ? "UNSIGNED-PAYLOAD" : undefined;
  return {
    ...tls,
    "s3:authType": authTypes[place],
    "s3:signatureversion": algorithm,
    "s3:signatureAge": ageMs === undefined ? undefined : String(Math.round(ageMs)),
    "s3:x-amz-content-sha256": isOwn ? (request.contentSha256 ?? unsaid) : undefined,
  };
}

const byServices: RequestSignature = { place: "header", algorithm: "AWS4-HMAC-SHA256" };

function existingTags(object: ObjectRow | undefined): ConditionValues {
  const tags = Object.entries(object?.tags ?? {});
  return Object.fromEntries(tags.map(([key, value]) => [`s3:ExistingObjectTag/${key}`, value]));
}

function requestTagKeys(tags: Record<string, string> | undefined): ConditionValues {
  if (tags === undefined) return {};
  const entries = Object.entries(tags).map(([key, value]) => [`s3:RequestObjectTag/${key}`, value]);
  return { ...Object.fromEntries(entries), "s3:RequestObjectTagKeys": Object.keys(tags) };
}

/** Declares access to the bucket that the input names. */
export function onBucket<Input extends BucketInput>(
  action: string,
  options: (input: Input) => AccessOptions = () => ({}),
) {
  return (input: Input, ctx: Context) => bucketAccess(action, input.Bucket, ctx, options(input));
}
