import type { AccessControlPolicy, Grant } from "@aws-sdk/client-s3";
import { onBucket } from "./access.ts";
import {
  type AclInput,
  aclsInForce,
  checkedGroup,
  checkedId,
  checkGrants,
  ownerGrant,
  requestedGrants,
} from "./aclGrants.ts";
import { s3 } from "./contract.ts";
import { fail } from "./errors.ts";
import { findBucket } from "./find.ts";
import { readableVersion, versionAccess } from "./get.ts";
import { canonicalId } from "./names.ts";
import { announce } from "./notify.ts";
import { changeReplicated } from "./replicationRules.ts";
import { type BucketRow, buckets, type GrantRow, type Permission } from "./tables.ts";
import { replace } from "./versions.ts";

const permissions = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"];

function shownGrants(grants: readonly GrantRow[]): Grant[] {
  return grants.map(({ id, uri, permission }) => ({
    Grantee: uri === undefined ? { ID: id, Type: "CanonicalUser" } : { URI: uri, Type: "Group" },
    Permission: permission,
  }));
}

/** The list in a request: its body's, or what its headers ask for. */
function grantsOf(
  input: AclInput & { AccessControlPolicy?: AccessControlPolicy | undefined },
  bucket: BucketRow,
  owner: string,
): GrantRow[] {
  const fromHeaders = requestedGrants(input, owner, bucket.account);
  const policy = input.AccessControlPolicy;
  if (fromHeaders !== undefined) {
    if (policy?.Grants !== undefined) {
      throw fail("UnexpectedContent");
    }
    checkGrants(bucket, input, fromHeaders);
    return fromHeaders;
  }
  if (policy?.Owner?.ID === undefined) throw policy === undefined ? missingAcl() : fail("MalformedACLError");
  checkedId(policy.Owner.ID, "FULL_CONTROL", "CanonicalUser/ID");
  if (policy.Owner.ID !== canonicalId(owner)) throw fail("AccessDenied");
  const grants = (policy.Grants ?? []).map(grantRow);
  const isOwnersOnly =
    grants.length === 1 && grants[0]?.id === canonicalId(owner) && grants[0].permission === "FULL_CONTROL";
  checkGrants(bucket, isOwnersOnly ? { ACL: "private" } : {}, grants);
  return grants;
}

function missingAcl() {
  return fail("MissingSecurityHeader", { members: { MissingHeaderName: "x-amz-acl" } });
}

function grantRow({ Grantee, Permission }: Grant): GrantRow {
  if (Grantee === undefined || Permission === undefined || !permissions.includes(Permission))
    throw fail("MalformedACLError");
  const permission = Permission as Permission;
  if (Grantee.URI !== undefined) return checkedGroup(Grantee.URI, permission, "Group/URI");
  if (Grantee.EmailAddress !== undefined) throw fail("UnresolvableGrantByEmailAddress");
  if (Grantee.ID === undefined) throw fail("MalformedACLError");
  return checkedId(Grantee.ID, permission, "CanonicalUser/ID");
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html */
export const getBucketAcl = s3.operation("GetBucketAcl", {
  access: onBucket("GetBucketAcl"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const grants = aclsInForce(bucket) ? bucket.grants : [ownerGrant(bucket.account)];
    return { Owner: { ID: canonicalId(bucket.account) }, Grants: shownGrants(grants) };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html */
export const putBucketAcl = s3.operation("PutBucketAcl", {
  access: onBucket("PutBucketAcl", ({ ACL }: { Bucket: string; ACL?: string }) => ({
    context: { "s3:x-amz-acl": ACL },
  })),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const grants = grantsOf(input, bucket, bucket.account);
    buckets.put(ctx.tx, [bucket.name], { ...bucket, grants });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html */
export const getObjectAcl = s3.operation("GetObjectAcl", {
  access: (input, ctx) => versionAccess("GetObjectAcl", input, ctx),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const row = await readableVersion(bucket, input, ctx);
    const owner = aclsInForce(bucket) ? row.owner : bucket.account;
    const grants = aclsInForce(bucket) ? (row.grants ?? [ownerGrant(owner)]) : [ownerGrant(owner)];
    return { Owner: { ID: canonicalId(owner) }, Grants: shownGrants(grants) };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html */
export const putObjectAcl = s3.operation("PutObjectAcl", {
  access: (input, ctx) => versionAccess("PutObjectAcl", input, ctx),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const row = await readableVersion(bucket, input, ctx, "PUT");
    const grants = grantsOf(input, bucket, row.owner);
    const sent = await changeReplicated(bucket, input.Key, { ...row, grants }, "OBJECT_PUT_ACL", ctx);
    await replace(bucket, input.Key, sent, ctx);
    announce(bucket, "ObjectAcl:Put", input.Key, row, ctx);
    return {};
  },
  record: { data: true },
});
