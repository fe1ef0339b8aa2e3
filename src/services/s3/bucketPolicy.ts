import type { Context } from "../../kit/context.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { onBucket } from "./access.ts";
import { aclsInForce, isPublicGrant } from "./aclGrants.ts";
import { s3 } from "./contract.ts";
import { fail } from "./errors.ts";
import { findBucket } from "./find.ts";
import { bucketArn } from "./names.ts";
import { policyIsPublic } from "./publicPolicy.ts";
import { type BucketRow, buckets } from "./tables.ts";

const maxPolicyBytes = 20 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html */
export const putBucketPolicy = s3.operation("PutBucketPolicy", {
  access: onBucket("PutBucketPolicy"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    checkDocument(input.Policy, bucket.name);
    if (bucket.publicAccess?.blockPublicPolicy && policyIsPublic(input.Policy)) {
      throw fail("AccessDenied", { message: blockedWords(ctx, bucket) });
    }
    buckets.put(ctx.tx, [bucket.name], { ...bucket, policy: input.Policy });
    return {};
  },
  // AWS's model says 200.
  status: () => 204,
});

function blockedWords({ caller }: Context, { name }: BucketRow): string {
  return `User: ${caller.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(name)}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`;
}

/** The document must be a policy of a resource, and speak of this bucket only. */
function checkDocument(document: string, bucket: string): void {
  if (!document.trimStart().startsWith("{")) throw fail("MalformedPolicy");
  if (Buffer.byteLength(document) > maxPolicyBytes) {
    throw fail("MalformedPolicy", { message: `Policies must be less than ${maxPolicyBytes / 1024} kB.` });
  }
  try {
    parsePolicy(document, "resource");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw fail("MalformedPolicy", { message: error.message });
    throw error;
  }
  const { Statement } = JSON.parse(document) as { Statement: object | object[] };
  for (const { Action, NotAction, Resource, NotResource } of [Statement].flat() as Record<
    string,
    unknown
  >[]) {
    if ([Action ?? NotAction].flat().some((one) => !/^(?:\*|s3:.+)$/i.test(String(one)))) {
      throw fail("MalformedPolicy", { message: "Policy has invalid action" });
    }
    if ([Resource ?? NotResource].flat().some((one) => !concerns(String(one), bucket))) {
      throw fail("MalformedPolicy", { message: "Policy has invalid resource" });
    }
  }
}

/** Whether an ARN, wildcards and all, can be the bucket or something in it. */
function concerns(arn: string, bucket: string): boolean {
  const name = /^arn:aws:s3:::([^/]*)/.exec(arn)?.[1];
  if (arn === "*") return true;
  if (name === undefined) return false;
  const form = name
    .replace(/\$\{[^}]*\}/g, "*")
    .split(/([*?])/)
    .map((part) => (part === "*" ? ".*" : part === "?" ? "." : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")))
    .join("");
  return new RegExp(`^${form}$`).test(bucket);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html */
export const getBucketPolicy = s3.operation("GetBucketPolicy", {
  access: onBucket("GetBucketPolicy"),
  async handle(input, ctx) {
    return { Policy: policyOf(await findBucket(input, ctx)) };
  },
});

function policyOf({ policy, name }: BucketRow): string {
  if (policy === undefined) throw fail("NoSuchBucketPolicy", { members: { BucketName: name } });
  return policy;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html */
export const deleteBucketPolicy = s3.operation("DeleteBucketPolicy", {
  access: onBucket("DeleteBucketPolicy"),
  async handle(input, ctx) {
    const { policy: _, ...bucket } = await findBucket(input, ctx);
    buckets.put(ctx.tx, [bucket.name], bucket);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html */
export const getBucketPolicyStatus = s3.operation("GetBucketPolicyStatus", {
  access: onBucket("GetBucketPolicyStatus"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const byAcl = aclsInForce(bucket) && bucket.grants.some(isPublicGrant);
    if (bucket.policy === undefined && !byAcl) policyOf(bucket);
    const IsPublic = byAcl || (bucket.policy !== undefined && policyIsPublic(bucket.policy));
    return { PolicyStatus: { IsPublic } };
  },
});
