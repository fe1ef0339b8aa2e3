import { createHash } from "node:crypto";
import type { FunctionCode, LayerVersionContentInput } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { invalid } from "./refusals.ts";
import {
  ArchiveTooLarge,
  BadArchive,
  maxUnzippedBytes,
  maxZippedBytes,
  unzippedSize,
} from "./runtime/archive.ts";
import type { PackageRow } from "./tables.ts";

/** Code as customers give it: in the request, or as an object of S3 that they may read. */

type Given = Pick<
  FunctionCode & LayerVersionContentInput,
  "ZipFile" | "S3Bucket" | "S3Key" | "S3ObjectVersion"
>;

export interface TakenPackage {
  bytes: Buffer;
  sha256: string;
}

/** Reads and checks an archive, without keeping it yet. */
export async function takePackage(given: Given, ctx: Context): Promise<TakenPackage> {
  const bytes = await bytesOf(given, ctx);
  try {
    await unzippedSize(bytes);
  } catch (error) {
    if (error instanceof ArchiveTooLarge)
      throw invalid(`Unzipped size must be smaller than ${maxUnzippedBytes} bytes`);
    if (error instanceof BadArchive)
      throw invalid("Could not unzip uploaded file. Please check your file, then try to upload again.");
    throw error;
  }
  return { bytes, sha256: createHash("sha256").update(bytes).digest("base64") };
}

/** Keeps an archive in the byte store once the transaction commits. */
export function keepPackage({ bytes, sha256 }: TakenPackage, ctx: Context): PackageRow {
  const bodyId = ctx.bytes.keep({ size: bytes.length, digests: {}, trailers: {}, content: bytes });
  return { bodyId, sha256, bytes: bytes.length };
}

async function bytesOf({ ZipFile, S3Bucket, S3Key, S3ObjectVersion }: Given, ctx: Context): Promise<Buffer> {
  if (ZipFile !== undefined) {
    if (S3Bucket !== undefined || S3Key !== undefined)
      throw invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.");
    if (ZipFile.length > maxZippedBytes) {
      const message = `Zipped size must be smaller than ${maxZippedBytes} bytes`;
      throw new AwsError("RequestEntityTooLargeException", message, { status: 413 });
    }
    return Buffer.from(ZipFile);
  }
  if (S3Bucket === undefined || S3Key === undefined)
    throw invalid("Please provide a source for function code.");
  return await objectOf(S3Bucket, S3Key, S3ObjectVersion, ctx);
}

async function objectOf(
  Bucket: string,
  Key: string,
  version: string | undefined,
  ctx: Context,
): Promise<Buffer> {
  try {
    const input = { Bucket, Key, ...(version !== undefined && { VersionId: version }) };
    const as = { ...ctx.caller, calledVia: [...(ctx.caller.calledVia ?? []), "lambda.amazonaws.com"] };
    const { Body } = await ctx.call("s3", "GetObject", input, { as });
    return await collected(Body as Buffer | AsyncIterable<Buffer>);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalid(
      `Error occurred while GetObject. S3 Error Code: ${error.code}. S3 Error Message: ${error.message}`,
    );
  }
}

async function collected(body: Buffer | AsyncIterable<Buffer>): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxUnzippedBytes)
      throw invalid(`Unzipped size must be smaller than ${maxUnzippedBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
