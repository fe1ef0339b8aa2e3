import type { Caller } from "../../kit/caller.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import { canonicalId } from "./names.ts";
import type { BucketRow, GrantRow, Permission } from "./tables.ts";

/**
 * Access control lists: canned ones, grants in headers, and what a grant allows.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */

const groups = "http://acs.amazonaws.com/groups";
export const allUsers = `${groups}/global/AllUsers`;
export const authenticatedUsers = `${groups}/global/AuthenticatedUsers`;
export const logDelivery = `${groups}/s3/LogDelivery`;
const knownGroups = new Set([allUsers, authenticatedUsers, logDelivery]);

/** Who delivers the access logs of buckets, as a member of the group `LogDelivery`. */
export const deliveryService = "logging.s3.amazonaws.com";

/** Actions that each permission allows, on a bucket and on an object. */
const bucketActions: Record<string, Permission> = {
  ListBucket: "READ",
  ListBucketVersions: "READ",
  ListBucketMultipartUploads: "READ",
  PutObject: "WRITE",
  DeleteObject: "WRITE",
  AbortMultipartUpload: "WRITE",
  ListMultipartUploadParts: "WRITE",
  GetBucketAcl: "READ_ACP",
  PutBucketAcl: "WRITE_ACP",
};
const objectActions: Record<string, Permission> = {
  GetObject: "READ",
  GetObjectVersion: "READ",
  GetObjectAttributes: "READ",
  GetObjectVersionAttributes: "READ",
  GetObjectAcl: "READ_ACP",
  GetObjectVersionAcl: "READ_ACP",
  PutObjectAcl: "WRITE_ACP",
  PutObjectVersionAcl: "WRITE_ACP",
};

/** Whether access control lists count at all in a bucket. */
export function aclsInForce({ ownership }: BucketRow): boolean {
  return ownership !== "BucketOwnerEnforced";
}

/** The grants that speak for this caller and action, as statements of the bucket's policy. */
export function aclStatements(
  bucket: BucketRow,
  grants: readonly GrantRow[],
  { action, resource, as = action }: { action: string; resource: string; as?: string },
  { principal }: Caller,
): object[] {
  if (grants.length === 0 || !aclsInForce(bucket)) return [];
  const permission = bucketActions[as] ?? objectActions[as];
  if (permission === undefined) return [];
  const ignoresPublic = bucket.publicAccess?.ignorePublicAcls ?? false;
  const isAnonymous = principal.kind === "anonymous";
  const holds = grants.some(({ id, uri, permission: given }) => {
    if (given !== permission && given !== "FULL_CONTROL") return false;
    if (uri === logDelivery) return principal.service === deliveryService;
    if (uri !== undefined)
      return !ignoresPublic && (uri === allUsers || (uri === authenticatedUsers && !isAnonymous));
    return principal.account !== "" && id === canonicalId(principal.account);
  });
  if (!holds) return [];
  if (principal.kind === "service")
    return [
      {
        Effect: "Allow",
        Principal: { Service: principal.service },
        Action: `s3:${action}`,
        Resource: resource,
      },
    ];
  // A grant to another account lets the account in; its own policies decide whom of it. A group is everybody.
  const isNamed = grants.some(({ id }) => principal.account !== "" && id === canonicalId(principal.account));
  const Principal = isNamed && !isAnonymous ? { AWS: principal.account } : "*";
  return [{ Effect: "Allow", Principal, Action: `s3:${action}`, Resource: resource }];
}

export interface AclInput {
  ACL?: string | undefined;
  GrantFullControl?: string | undefined;
  GrantRead?: string | undefined;
  GrantReadACP?: string | undefined;
  GrantWrite?: string | undefined;
  GrantWriteACP?: string | undefined;
}

const headerPermissions: [keyof AclInput, Permission][] = [
  ["GrantFullControl", "FULL_CONTROL"],
  ["GrantRead", "READ"],
  ["GrantWrite", "WRITE"],
  ["GrantReadACP", "READ_ACP"],
  ["GrantWriteACP", "WRITE_ACP"],
];

export function hasAcl(input: AclInput): boolean {
  return input.ACL !== undefined || headerPermissions.some(([name]) => input[name] !== undefined);
}

export function ownerGrant(owner: string): GrantRow {
  return { id: canonicalId(owner), permission: "FULL_CONTROL" };
}

/** The grants that a request's headers ask for; undefined if they ask for none. */
export function requestedGrants(input: AclInput, owner: string, bucketOwner: string): GrantRow[] | undefined {
  const asked = headerPermissions.flatMap(([name, permission]) =>
    (input[name] ?? "")
      .split(",")
      .filter((one) => one.trim() !== "")
      .map((one) => granted(one, permission)),
  );
  if (input.ACL === undefined) return asked.length > 0 ? asked : undefined;
  if (asked.length > 0) throw invalidRequest("Specifying both Canned ACLs and Header Grants is not allowed");
  return cannedGrants(input.ACL, owner, bucketOwner);
}

/** `id="…"`, `uri="…"`, `emailAddress="…"` of a header. */
function granted(text: string, permission: Permission): GrantRow {
  const [, kind, value = ""] = /^\s*(id|uri|emailAddress)\s*=\s*"?([^"]*?)"?\s*$/.exec(text) ?? [];
  if (kind === "uri") return checkedGroup(value, permission, "uri");
  if (kind === "id") return checkedId(value, permission, "id");
  if (kind === "emailAddress") throw fail("UnresolvableGrantByEmailAddress");
  const header = `x-amz-grant-${permission.toLowerCase().replace("_", "-")}`;
  throw invalidArgument("Argument format not recognized", header, text.trim());
}

export function checkedGroup(uri: string, permission: Permission, argument: string): GrantRow {
  if (!knownGroups.has(uri)) throw invalidArgument("Invalid group uri", argument, uri);
  return { uri, permission };
}

export function checkedId(id: string, permission: Permission, argument: string): GrantRow {
  if (!/^[0-9a-f]{64}$/.test(id)) throw invalidArgument("Invalid id", argument, id);
  return { id, permission };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl */
export function cannedGrants(acl: string, owner: string, bucketOwner: string): GrantRow[] {
  const own = ownerGrant(owner);
  switch (acl) {
    case "private":
      return [own];
    case "public-read":
      return [own, { uri: allUsers, permission: "READ" }];
    case "public-read-write":
      return [own, { uri: allUsers, permission: "READ" }, { uri: allUsers, permission: "WRITE" }];
    case "authenticated-read":
      return [own, { uri: authenticatedUsers, permission: "READ" }];
    case "bucket-owner-read":
      return bucketOwner === owner ? [own] : [own, { id: canonicalId(bucketOwner), permission: "READ" }];
    case "bucket-owner-full-control":
      return bucketOwner === owner ? [own] : [own, ownerGrant(bucketOwner)];
    case "log-delivery-write":
      return [own, { uri: logDelivery, permission: "WRITE" }, { uri: logDelivery, permission: "READ_ACP" }];
    case "aws-exec-read":
      return [own];
    default:
      throw invalidArgument(" ", "x-amz-acl", acl);
  }
}

export function isPublicGrant({ uri }: GrantRow): boolean {
  return uri === allUsers || uri === authenticatedUsers;
}

/** Refuses what the bucket's settings forbid. */
export function checkGrants(
  bucket: BucketRow,
  input: AclInput,
  grants: readonly GrantRow[] | undefined,
): void {
  if (grants === undefined) return;
  // Without ACLs, only those that say nothing new are taken.
  const saysNothing = input.ACL === "bucket-owner-full-control" || input.ACL === "private";
  if (!aclsInForce(bucket) && !saysNothing) throw fail("AccessControlListNotSupported");
  if (bucket.publicAccess?.blockPublicAcls && grants.some(isPublicGrant)) throw fail("AccessDenied");
}
