import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { InventoryConfiguration } from "@aws-sdk/client-s3";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { readDocument } from "./documents.ts";
import { nextLines, type Place, schemaOf } from "./inventoryRows.ts";
import { afterDays, dayMs } from "./lifecycleRules.ts";
import { bucketArn } from "./names.ts";
import { type BucketRow, buckets } from "./tables.ts";

/**
 * Lists of a bucket's objects, made at midnight (UTC) by the clock: each day, or on Sundays.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */

const compressed = promisify(gzip);

interface File {
  key: string;
  size: number;
  MD5checksum: string;
}

interface Run {
  bucket: string;
  id: string;
  /** When the run was due. */
  due: number;
  /** Of a run that has begun: what it has written, and where it goes on. */
  files?: File[];
  after?: Place;
}

function isSunday(ms: number): boolean {
  return new Date(ms).getUTCDay() === 0;
}

/** Plans the next run; one that is planned already has the same name and time. */
export function scheduleInventory(bucket: string, configuration: InventoryConfiguration, ctx: Context): void {
  const { Id: id = "", IsEnabled, Schedule, Destination } = configuration;
  if (!IsEnabled || Destination?.S3BucketDestination?.Format !== "CSV") return;
  let due = afterDays(ctx.clock.now(), 0);
  while (Schedule?.Frequency === "Weekly" && !isSunday(due)) due += dayMs;
  ctx.timers.set(timerId(bucket, id), "inventory", due, { bucket, id, due });
}

function timerId(bucket: string, id: string): string {
  return `inventory/${bucket}/${id}`;
}

/** Timer: writes the next file of a list, and its manifest behind the last. */
export async function runInventory(run: Run, ctx: Context): Promise<void> {
  const bucket = await buckets.get(ctx.tx, run.bucket);
  const configuration = await readDocument<InventoryConfiguration>(run.bucket, "inventory", ctx, run.id);
  if (bucket === undefined || configuration === undefined || !configuration.IsEnabled) return;
  const isFirst = run.files === undefined;
  // Planned when the configuration wanted it daily.
  if (isFirst && configuration.Schedule?.Frequency === "Weekly" && !isSunday(run.due)) return;
  if (isFirst) scheduleInventory(bucket.name, configuration, ctx);
  const savepoint = ctx.tx.savepoint();
  try {
    const { lines, last } = await nextLines(bucket, configuration, run.after, ctx);
    const files = [...(run.files ?? []), await writeLines(bucket, configuration, lines, ctx)];
    if (last === undefined) return await writeManifest(bucket, configuration, { ...run, files }, ctx);
    const goesOn = { ...run, files, after: last };
    ctx.timers.set(`${timerId(run.bucket, run.id)}/more`, "inventory", ctx.clock.now(), goesOn);
  } catch (error) {
    // A destination that does not let S3 in gets no list; the refused call stands in the record.
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
  }
}

function folderOf({ name }: BucketRow, { Id, Destination }: InventoryConfiguration): string {
  const { Prefix } = Destination?.S3BucketDestination ?? {};
  return `${Prefix ? `${Prefix}/` : ""}${name}/${Id}`;
}

/** Writes into the destination as S3 itself, in the words that AWS's policy for destinations asks for. */
async function write(
  bucket: BucketRow,
  { Destination }: InventoryConfiguration,
  Key: string,
  body: Buffer,
  ctx: Context,
): Promise<void> {
  const { Bucket = "", Encryption } = Destination?.S3BucketDestination ?? {};
  const kmsKey = Encryption?.SSEKMS?.KeyId;
  const input = {
    Bucket: Bucket.replace(/^arn:aws[\w-]*:s3:::/, ""),
    Key,
    ACL: "bucket-owner-full-control",
    ...(Encryption?.SSES3 && { ServerSideEncryption: "AES256" }),
    ...(kmsKey && { ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKey }),
  };
  const { account, region, name } = bucket;
  const as = servicePrincipal("s3.amazonaws.com", { sourceArn: bucketArn(name), sourceAccount: account });
  await ctx.call("s3", "PutObject", input, { as, account, region, body });
}

function md5(body: Buffer): string {
  return createHash("md5").update(body).digest("hex");
}

async function writeLines(
  bucket: BucketRow,
  configuration: InventoryConfiguration,
  lines: readonly string[],
  ctx: Context,
): Promise<File> {
  const body = await compressed(lines.map((line) => `${line}\n`).join(""));
  const key = `${folderOf(bucket, configuration)}/data/${uuid()}.csv.gz`;
  await write(bucket, configuration, key, body, ctx);
  return { key, size: body.length, MD5checksum: md5(body) };
}

/** The list's manifest, its checksum, and the manifest for Hive. */
async function writeManifest(
  bucket: BucketRow,
  configuration: InventoryConfiguration,
  { due, files = [] }: Run,
  ctx: Context,
): Promise<void> {
  const destinationBucket = configuration.Destination?.S3BucketDestination?.Bucket ?? "";
  const manifest = Buffer.from(
    JSON.stringify({
      sourceBucket: bucket.name,
      destinationBucket,
      version: "2016-11-30",
      creationTimestamp: String(due),
      fileFormat: "CSV",
      fileSchema: schemaOf(configuration),
      files,
    }),
  );
  const folder = folderOf(bucket, configuration);
  const [day, time = ""] = new Date(due).toISOString().slice(0, 16).split("T");
  const clock = time.replace(":", "-");
  const target = destinationBucket.replace(/^arn:aws[\w-]*:s3:::/, "");
  const links = files.map(({ key }) => `s3://${target}/${key}`).join("\n");
  await write(
    bucket,
    configuration,
    `${folder}/hive/dt=${day}-${clock}/symlink.txt`,
    Buffer.from(links),
    ctx,
  );
  await write(bucket, configuration, `${folder}/${day}T${clock}Z/manifest.json`, manifest, ctx);
  // Comes last: whoever waits for it finds all else.
  const checksum = Buffer.from(md5(manifest));
  await write(bucket, configuration, `${folder}/${day}T${clock}Z/manifest.checksum`, checksum, ctx);
}
