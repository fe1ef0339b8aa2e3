import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { checkNotArchived } from "./archive.ts";
import { checkSource } from "./conditions.ts";
import { customerKey, keyTo } from "./encryption.ts";
import { invalidArgument, invalidRequest } from "./errors.ts";
import { findBucket } from "./find.ts";
import { readableVersion, versionAccess } from "./get.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";

/** What a copy is made of: `bucket/key`, `/bucket/key?versionId=…`, or an object's ARN. */

export interface CopyInput {
  CopySource: string;
  CopySourceIfMatch?: string | undefined;
  CopySourceIfNoneMatch?: string | undefined;
  CopySourceIfModifiedSince?: Date | undefined;
  CopySourceIfUnmodifiedSince?: Date | undefined;
  CopySourceSSECustomerAlgorithm?: string | undefined;
  CopySourceSSECustomerKey?: string | undefined;
  CopySourceSSECustomerKeyMD5?: string | undefined;
  ExpectedSourceBucketOwner?: string | undefined;
}

interface SourceName {
  Bucket: string;
  Key: string;
  VersionId?: string;
}

function parseSource(source: string): SourceName {
  const [path = "", ...queries] = source.split("?versionId=");
  let decoded: string;
  try {
    decoded = decodeURIComponent(path.replaceAll("+", "%20"));
  } catch {
    throw invalidArgument("Invalid copy source encoding", "x-amz-copy-source", source);
  }
  const plain = decoded.replace(/^arn:aws:s3:::/, "").replace(/^\//, "");
  const slash = plain.indexOf("/");
  if (slash <= 0 || slash === plain.length - 1) {
    throw invalidArgument("Invalid copy source object key", "x-amz-copy-source", "x-amz-copy-source");
  }
  const VersionId = queries.join("?versionId=");
  return {
    Bucket: plain.slice(0, slash),
    Key: plain.slice(slash + 1),
    ...(VersionId !== "" && { VersionId }),
  };
}

/** Access to the source of a copy. */
export async function sourceAccess({ CopySource }: CopyInput, ctx: Context): Promise<Access> {
  return await versionAccess("GetObject", parseSource(CopySource), ctx);
}

export interface Source {
  bucket: BucketRow;
  key: string;
  row: ObjectRow;
  under: Buffer | undefined;
  versionId?: string;
}

/** The version to copy, its conditions checked, and the key that opens it. */
export async function findSource(input: CopyInput, ctx: Context): Promise<Source> {
  const named = parseSource(input.CopySource);
  const bucket = await findBucket({ ...named, ExpectedBucketOwner: input.ExpectedSourceBucketOwner }, ctx);
  const row = await readableVersion(bucket, named, ctx).catch((error: unknown) => {
    // By version id, a delete marker is no source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    if ((error as { code?: string }).code === "MethodNotAllowed") {
      throw invalidRequest(
        "The source of a copy request may not specifically refer to a delete marker by version id.",
      );
    }
    throw error;
  });
  checkSource(
    {
      IfMatch: input.CopySourceIfMatch,
      IfNoneMatch: input.CopySourceIfNoneMatch,
      IfModifiedSince: input.CopySourceIfModifiedSince,
      IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
    row,
    ctx.clock.now(),
  );
  checkNotArchived(row, ctx.clock.now());
  const customer = customerKey({
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  });
  const under = await keyTo(row.encryption, customer, ctx);
  return {
    bucket,
    key: named.Key,
    row,
    under,
    ...(row.versionId !== "null" && { versionId: row.versionId }),
  };
}
