import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { DeliveryScope } from "../../../kit/service.ts";
import { abandon } from "../deleteTable.ts";
import { retireGrants } from "../encryption.ts";
import { type TableRow, tables } from "../tables.ts";
import { callS3, failureOf } from "../transfer/s3.ts";
import { type ImportRow, importJobs, importObjects } from "../transfer/tables.ts";
import { goOn, type ImportJob, objectKey } from "./job.ts";
import { LogsError, openLog } from "./log.ts";
import { type ObjectRead, putObjectItems } from "./putItems.ts";

/** An import, step by step: its objects are listed, then read one after the other; the table is there at the end. */

const listedAtATime = 1_000;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Validation.html */
const maxObjects = 50_000;

async function list(row: ImportRow, job: ImportJob, ctx: Context): Promise<void> {
  if (job.token === undefined) await openLog(row, ctx);
  const { bucket, owner, prefix } = row.source;
  const page = await callS3(
    "ListObjectsV2",
    {
      Bucket: bucket,
      ExpectedBucketOwner: owner,
      MaxKeys: listedAtATime,
      ...(prefix !== undefined && { Prefix: prefix }),
      ...(job.token !== undefined && { ContinuationToken: job.token }),
    },
    row.caller,
    ctx,
  );
  const found = (page.Contents ?? []) as { Key: string; Size: number; ETag: string }[];
  let number = job.object ?? 0;
  for (const { Key: key, Size: size, ETag: etag } of found) {
    importObjects.put(ctx.tx, [ctx.account, ctx.region, row.id, objectKey(number)], { key, size, etag });
    number += 1;
  }
  if (number > maxObjects) {
    throw new AwsError("LimitExceeded", `More than ${maxObjects} objects have the prefix.`, { status: 400 });
  }
  const token = page.NextContinuationToken as string | undefined;
  goOn(
    token === undefined
      ? { id: row.id, stage: "read", object: 0 }
      : { id: row.id, stage: "list", token, object: number },
    ctx,
  );
}

/** The table, as long as it is the one that was made for the import. */
async function tableOf({ table }: ImportRow, ctx: Context): Promise<TableRow | undefined> {
  const found = await tables.get(ctx.tx, ctx.account, ctx.region, table.name);
  return found?.store === table.store ? found : undefined;
}

async function running(id: string, ctx: Context): Promise<ImportRow | undefined> {
  const row = await importJobs.get(ctx.tx, ctx.account, ctx.region, id);
  return row?.status === "IN_PROGRESS" ? row : undefined;
}

async function finish(row: ImportRow, ctx: Context): Promise<void> {
  const table = await tableOf(row, ctx);
  if (table !== undefined)
    tables.put(ctx.tx, [table.account, table.region, table.name], { ...table, status: "ACTIVE" });
  for (const { key } of await importObjects.list(ctx.tx, [ctx.account, ctx.region, row.id]))
    importObjects.delete(ctx.tx, ...key);
  const { reading: _, ...rest } = row;
  const ended = Math.floor(ctx.clock.now());
  importJobs.put(
    ctx.tx,
    [ctx.account, ctx.region, row.id],
    row.failure === undefined && row.errors > 0
      ? { ...rest, ended, status: "FAILED", failure: notAllItems }
      : { ...rest, ended, status: row.failure === undefined ? "COMPLETED" : "FAILED" },
  );
}

const notAllItems = {
  code: "ItemValidationError",
  message:
    "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.",
};

/** Nothing was read yet: the table is not made. What was imported stays. */
async function fail(row: ImportRow, job: ImportJob, error: AwsError, ctx: Context): Promise<void> {
  const service = error instanceof LogsError ? "logs" : "s3";
  const failed: ImportRow = { ...row, failure: failureOf(error, service, ctx) };
  const table = job.stage === "list" ? await tableOf(row, ctx) : undefined;
  if (table !== undefined) {
    tables.delete(ctx.tx, table.account, table.region, table.name);
    await retireGrants(table, ctx);
    abandon(table, [table.store], ctx);
  }
  await finish(failed, ctx);
}

type Read = ObjectRead | AwsError | undefined;

export const importTable = {
  /** An object's items are put by transactions of their own, a few at a time. */
  async send(job: ImportJob, scope: DeliveryScope): Promise<Read> {
    if (job.stage !== "read") return undefined;
    try {
      return await putObjectItems(job.id, job.object ?? 0, scope);
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  },

  async settle(job: ImportJob, ctx: Context, read: Read): Promise<void> {
    const row = await running(job.id, ctx);
    if (row === undefined) return;
    const savepoint = ctx.tx.savepoint();
    try {
      if (read instanceof AwsError) throw read;
      if (job.stage === "list") await list(row, job, ctx);
      else if (read === "interrupted") goOn(job, ctx);
      else if (read === "read") goOn({ id: job.id, stage: "read", object: (job.object ?? 0) + 1 }, ctx);
      else await finish(row, ctx);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      ctx.tx.rollback(savepoint);
      await fail(row, job, error, ctx);
    }
  },
};
