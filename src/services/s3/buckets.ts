import type { CreateBucketRequest } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { onBucket } from "./access.ts";
import { cannedGrants, hasAcl, isPublicGrant, requestedGrants } from "./aclGrants.ts";
import { s3 } from "./contract.ts";
import { fail, invalidArgument } from "./errors.ts";
import { findBucket, locate } from "./find.ts";
import { bucketArn, canonicalId, isBucketName } from "./names.ts";
import { isRegion } from "./regions.ts";
import {
  type BucketRow,
  buckets,
  configurations,
  type Ownership,
  objects,
  older,
  owned,
  uploads,
} from "./tables.ts";
import { tagsOfNewBucket } from "./tagRules.ts";
import { dropUpload } from "./uploads.ts";

const maxBucketsPerPage = 10_000;
const ownerships = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];
/** The Region of a new bucket: the endpoint's own, which the request must name everywhere but in us-east-1. */
function checkedRegion(constraint: string | undefined, region: string): string {
  if (region === "us-east-1") {
    if (constraint === undefined) return region;
    if (constraint === "us-east-1")
      throw fail("InvalidLocationConstraint", { members: { LocationConstraint: constraint } });
    // The one endpoint that makes buckets for all Regions.
    if (constraint !== "EU" && !isRegion(constraint))
      throw fail("InvalidLocationConstraint", { members: { LocationConstraint: constraint } });
    return constraint === "EU" ? "eu-west-1" : constraint;
  }
  const named = constraint === "EU" ? "eu-west-1" : constraint;
  if (named === region) return region;
  throw fail("IllegalLocationConstraintException", {
    message: `The ${constraint ?? "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  });
}

function checkedOwnership(ownership: string | undefined): Ownership {
  if (ownership === undefined) return "BucketOwnerEnforced";
  if (!ownerships.includes(ownership)) {
    throw invalidArgument(`Invalid x-amz-object-ownership header: ${ownership}`, "x-amz-object-ownership");
  }
  return ownership as Ownership;
}

/**
 * Since 2023 new buckets are closed to the public, and without access control lists.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
export const createBucket = s3.operation("CreateBucket", {
  async access(input, ctx): Promise<Access[]> {
    const { Bucket, CreateBucketConfiguration: configuration } = input;
    const actions = ["CreateBucket"];
    if (input.ACL !== undefined && input.ACL !== "private") actions.push("PutBucketAcl");
    if (input.ObjectLockEnabledForBucket)
      actions.push("PutBucketObjectLockConfiguration", "PutBucketVersioning");
    if (input.ObjectOwnership !== undefined) actions.push("PutBucketOwnershipControls");
    if (configuration?.Tags !== undefined) actions.push("TagResource");
    return actions.map((action) => ({
      action: `s3:${action}`,
      resource: bucketArn(Bucket),
      // It is made in the caller's account, whoever has one of that name.
      resourceAccount: ctx.account,
      resourceType: "AWS::S3::Bucket",
      requestTags: configuration?.Tags,
      context: {
        "s3:LocationConstraint": configuration?.LocationConstraint,
        "s3:x-amz-acl": input.ACL,
        "s3:x-amz-object-ownership": input.ObjectOwnership,
      },
    }));
  },
  async handle(input, ctx) {
    const { Bucket, CreateBucketConfiguration: configuration } = input;
    if (ctx.caller.principal.account === "") throw fail("AccessDenied");
    if (!isBucketName(Bucket)) throw fail("InvalidBucketName", { members: { BucketName: Bucket } });
    const region = checkedRegion(configuration?.LocationConstraint, ctx.region);
    const known = await locate(Bucket, ctx);
    if (known !== undefined) return createdBefore(known, input, ctx);
    const ownership = checkedOwnership(input.ObjectOwnership);
    const isEnforced = ownership === "BucketOwnerEnforced";
    if (isEnforced && hasAcl(input) && input.ACL !== "private")
      throw fail("InvalidBucketAclWithObjectOwnership");
    const grants =
      requestedGrants(input, ctx.account, ctx.account) ?? cannedGrants("private", ctx.account, ctx.account);
    // A new bucket is closed to the public before anybody can say otherwise.
    if (grants.some(isPublicGrant)) {
      throw fail("InvalidBucketAclWithObjectOwnership", {
        message: "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
      });
    }
    const tags = configuration?.Tags && tagsOfNewBucket(configuration.Tags);
    const row: BucketRow = {
      name: Bucket,
      account: ctx.account,
      region,
      ...(configuration?.LocationConstraint === "EU" && { location: "EU" as const }),
      createDate: ctx.clock.now(),
      ownership,
      grants,
      encryption: { algorithm: "AES256", bucketKey: false },
      publicAccess: {
        blockPublicAcls: true,
        ignorePublicAcls: true,
        blockPublicPolicy: true,
        restrictPublicBuckets: true,
      },
      ...(input.ObjectLockEnabledForBucket && { lock: {}, versioning: "Enabled" as const }),
      ...(tags && { tags }),
    };
    buckets.put(ctx.tx, [Bucket], row);
    owned.put(ctx.tx, [ctx.account, Bucket], { region, createDate: row.createDate });
    return created(row, ctx);
  },
});

function created({ name, region }: BucketRow, ctx: Context) {
  const Location =
    ctx.region === "us-east-1" && region === "us-east-1" ? `/${name}` : `http://${name}.s3.amazonaws.com/`;
  return { Location, BucketArn: bucketArn(name) };
}

/** In us-east-1, to make one's own bucket again is no error, if it changes nothing. */
function createdBefore(known: BucketRow, input: CreateBucketRequest, ctx: Context) {
  const { ACL, CreateBucketConfiguration } = input;
  const isOther =
    (ACL !== undefined && ACL !== "private") || (CreateBucketConfiguration?.Tags ?? []).length > 0;
  const members = { BucketName: known.name };
  if (known.account !== ctx.account) throw fail("BucketAlreadyExists", { members });
  if (ctx.region !== "us-east-1" || known.region !== "us-east-1" || isOther)
    throw fail("BucketAlreadyOwnedByYou", { members });
  return created(known, ctx);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export const headBucket = s3.operation("HeadBucket", {
  access: onBucket("ListBucket"),
  async handle(input, ctx) {
    const { region, name } = await findBucket(input, ctx);
    return { BucketRegion: region, BucketArn: bucketArn(name), AccessPointAlias: false };
  },
});

/** us-east-1 has no name here, as it had none in 2006. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export const getBucketLocation = s3.operation("GetBucketLocation", {
  access: onBucket("GetBucketLocation"),
  async handle(input, ctx) {
    const { region, location = region } = await findBucket(input, ctx);
    return { LocationConstraint: (location === "us-east-1" ? "" : location) as never };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export const listBuckets = s3.operation("ListBuckets", {
  access: ({ Prefix }) => ({
    action: "s3:ListAllMyBuckets",
    resource: "*",
    context: { "s3:prefix": Prefix },
  }),
  async handle({ MaxBuckets, ContinuationToken, Prefix = "", BucketRegion }, ctx) {
    if (BucketRegion !== undefined && !isRegion(BucketRegion)) {
      throw invalidArgument(`Argument value ${BucketRegion} is not a valid AWS Region`, "bucket-region");
    }
    const limit = MaxBuckets ?? maxBucketsPerPage;
    let after = !ContinuationToken ? undefined : tokenPosition(ContinuationToken);
    const shown: { name: string; region: string; createDate: number }[] = [];
    for (;;) {
      const page = await owned.list(ctx.tx, [ctx.account], {
        startsWith: Prefix,
        limit: limit + 1,
        ...(after && { after }),
      });
      for (const { key, row } of page) {
        if (BucketRegion === undefined || BucketRegion === row.region) shown.push({ name: key[1], ...row });
        after = [key[1]];
      }
      if (page.length <= limit || shown.length > limit) break;
    }
    const isTruncated = shown.length > limit;
    const items = shown.slice(0, limit);
    return {
      Buckets: items.map(({ name, region, createDate }) => ({
        Name: name,
        CreationDate: new Date(createDate),
        ...((MaxBuckets !== undefined || BucketRegion !== undefined || Prefix !== "") && {
          BucketRegion: region,
        }),
        BucketArn: bucketArn(name),
      })),
      Owner: { ID: canonicalId(ctx.account) },
      ...(Prefix !== "" && { Prefix }),
      ...(isTruncated && { ContinuationToken: markerOf([items.at(-1)?.name ?? ""]) }),
    };
  },
});

function tokenPosition(token: string): string[] {
  try {
    return positionOf(token);
  } catch (error) {
    if (error instanceof BadMarker)
      throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
    throw error;
  }
}

/** A bucket goes only when it is empty. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export const deleteBucket = s3.operation("DeleteBucket", {
  access: onBucket("DeleteBucket"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const { name } = bucket;
    for (const one of [objects, older]) {
      const there = await one.list(ctx.tx, [name], { limit: 1 });
      if (there.length === 0) continue;
      const message =
        bucket.versioning === undefined
          ? "The bucket you tried to delete is not empty"
          : "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
      throw fail("BucketNotEmpty", { message, members: { BucketName: name } });
    }
    for (const { key, row } of await uploads.list(ctx.tx, [name])) await dropUpload(name, key[1], row, ctx);
    buckets.delete(ctx.tx, name);
    owned.delete(ctx.tx, bucket.account, name);
    for (const { key } of await configurations.list(ctx.tx, [name])) configurations.delete(ctx.tx, ...key);
    return {};
  },
});
