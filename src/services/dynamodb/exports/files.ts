import { hash } from "node:crypto";
import { promisify } from "node:util";
import { gzip as gzipWithCallback } from "node:zlib";
import type { Context } from "../../../kit/context.ts";
import { randomText } from "../../../kit/ids.ts";
import { ionStruct } from "../transfer/ion.ts";
import { callS3 } from "../transfer/s3.ts";
import { type ExportRow, exportFiles } from "../transfer/tables.ts";
import type { Item } from "../values.ts";

/**
 * The objects that an export is made of.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
 */

const gzip = promisify(gzipWithCallback);

/** What a line of a data file tells: members that are items, by their names. */
export type Line = Readonly<Record<string, Item>>;

function rootOf({ prefix }: ExportRow): string {
  if (prefix === undefined || prefix === "") return "AWSDynamoDB";
  return `${prefix.endsWith("/") ? prefix.slice(0, -1) : prefix}/AWSDynamoDB`;
}

export function manifestKey(row: ExportRow, name: "summary" | "files"): string {
  return `${rootOf(row)}/${row.id}/manifest-${name}.json`;
}

/** Incremental exports share a folder for their data, so that they can be read as one. */
function dataKey(row: ExportRow): string {
  const folder = row.changes === undefined ? `${rootOf(row)}/${row.id}` : rootOf(row);
  return `${folder}/data/${randomText(26, "lower36")}.${row.format === "ION" ? "ion" : "json"}.gz`;
}

async function put(row: ExportRow, Key: string, body: Buffer, ctx: Context): Promise<string> {
  const { algorithm, keyId } = row.encryption;
  const answer = await callS3(
    "PutObject",
    {
      Bucket: row.bucket,
      Key,
      ...(row.bucketOwner !== undefined && { ExpectedBucketOwner: row.bucketOwner }),
      ServerSideEncryption: algorithm === "KMS" ? "aws:kms" : "AES256",
      ...(keyId !== undefined && { SSEKMSKeyId: keyId }),
    },
    row.caller,
    ctx,
    body,
  );
  return String(answer.ETag).replaceAll('"', "");
}

/** Shows that the bucket can be written to. */
export async function putStarted(row: ExportRow, ctx: Context): Promise<void> {
  await put(row, `${rootOf(row)}/${row.id}/_started`, Buffer.alloc(0), ctx);
}

export async function compressed(lines: readonly Line[], { format }: ExportRow): Promise<Buffer> {
  const texts = lines.map((line) =>
    format === "ION" ? `$ion_1_0 ${ionLine(line)}\n` : `${JSON.stringify(line)}\n`,
  );
  return await gzip(texts.join(""));
}

function ionLine(line: Line): string {
  return `{${Object.entries(line)
    .map(([name, item]) => `${name}:${ionStruct(item)}`)
    .join(",")}}`;
}

/** Puts one data file, and notes it for the manifest. */
export async function putData(row: ExportRow, body: Buffer, count: number, ctx: Context): Promise<void> {
  const key = dataKey(row);
  const etag = await put(row, key, body, ctx);
  exportFiles.put(ctx.tx, [ctx.account, ctx.region, row.id, String(row.files).padStart(8, "0")], {
    itemCount: count,
    md5Checksum: hash("md5", body, "base64"),
    etag,
    dataFileS3Key: key,
  });
}

function summaryOf(row: ExportRow) {
  const { changes, table, encryption } = row;
  return {
    version: changes === undefined ? "2020-06-30" : "2023-08-01",
    exportArn: row.arn,
    startTime: new Date(row.started).toISOString(),
    endTime: new Date(row.ended as number).toISOString(),
    tableArn: table.arn,
    tableId: table.id,
    ...(row.at !== undefined && { exportTime: new Date(row.at).toISOString() }),
    ...(changes && {
      exportFromTime: new Date(changes.from).toISOString(),
      exportToTime: new Date(changes.to).toISOString(),
    }),
    s3Bucket: row.bucket,
    s3Prefix: row.prefix ?? null,
    s3SseAlgorithm: encryption.algorithm,
    s3SseKmsKeyId: encryption.keyId ?? null,
    manifestFilesS3Key: manifestKey(row, "files"),
    billedSizeBytes: row.bytes,
    itemCount: row.items,
    outputFormat: row.format,
    ...(changes && {
      outputView: changes.view === "NEW_IMAGE" ? "NEW_IMAGE" : "NEW_AND_OLD_IMAGES",
      exportType: "INCREMENTAL_EXPORT",
    }),
  };
}

/** Puts the manifests, each with its checksum beside it. */
export async function putManifests(row: ExportRow, ctx: Context): Promise<void> {
  const scope = [ctx.account, ctx.region, row.id] as const;
  const files = await exportFiles.list(ctx.tx, scope);
  const manifests = {
    files: files.map((file) => `${JSON.stringify(file.row)}\n`).join(""),
    summary: JSON.stringify(summaryOf(row)),
  };
  for (const [name, text] of Object.entries(manifests)) {
    const key = manifestKey(row, name as "files" | "summary");
    await put(row, key, Buffer.from(text), ctx);
    await put(row, key.replace(/json$/, "md5"), Buffer.from(hash("md5", text, "base64")), ctx);
  }
  for (const { key } of files) exportFiles.delete(ctx.tx, ...key);
}
