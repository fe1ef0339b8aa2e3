import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { DeliveryScope } from "../../../kit/service.ts";
import { abandon } from "../deleteTable.ts";
import { tables } from "../tables.ts";
import { failureOf } from "../transfer/s3.ts";
import { type ExportRow, exportJobs } from "../transfer/tables.ts";
import { gatherChanges, lookAtChanged } from "./changes.ts";
import { compressed, putData, putManifests, putStarted } from "./files.ts";
import { type ExportJob, goOn } from "./job.ts";
import { type Page, pageToWrite } from "./pages.ts";
import { copyItems, takeBack } from "./snapshot.ts";

/**
 * An export, step by step: what it is to tell is gathered in a store of its own, where no write changes it any more;
 * from there it is written into S3, a file at a time.
 */

type Stage = (row: ExportRow, job: ExportJob, ctx: Context) => Promise<void>;

const stages: Readonly<Record<Exclude<ExportJob["stage"], "write">, Stage>> = {
  async start(row, { id }, ctx) {
    await putStarted(row, ctx);
    goOn({ id, stage: row.changes === undefined ? "copy" : "gather" }, ctx);
  },
  copy: copyItems,
  takeBack,
  gather: gatherChanges,
  look: lookAtChanged,
  gatherMore: gatherChanges,
  async finish(row, _, ctx) {
    const done: ExportRow = { ...row, status: "COMPLETED", ended: Math.floor(ctx.clock.now()) };
    await putManifests(done, ctx);
    end(done, ctx);
  },
};

function end(row: ExportRow, ctx: Context): void {
  exportJobs.put(ctx.tx, [ctx.account, ctx.region, row.id], row);
  abandon(row.table, [row.store], ctx);
}

interface Prepared extends Page {
  body: Buffer;
}

async function write(row: ExportRow, job: ExportJob, prepared: Prepared, ctx: Context): Promise<void> {
  const { body, lines, bytes, last } = prepared;
  if (lines.length > 0 || row.files === 0) await putData(row, body, lines.length, ctx);
  exportJobs.put(ctx.tx, [ctx.account, ctx.region, row.id], {
    ...row,
    items: row.items + lines.length,
    bytes: row.bytes + bytes,
    files: row.files + 1,
  });
  const { id } = job;
  goOn(last === undefined ? { id, stage: "finish" } : { id, stage: "write", after: last }, ctx);
}

/** The export as it stands, with the table as it now is. */
async function current(id: string, ctx: Context): Promise<ExportRow | undefined> {
  const row = await exportJobs.get(ctx.tx, ctx.account, ctx.region, id);
  if (row?.status !== "IN_PROGRESS") return undefined;
  const { account, region, name, store } = row.table;
  const table = await tables.get(ctx.tx, account, region, name);
  return table?.store === store ? { ...row, table } : row;
}

export const exportTable = {
  /** What is written into S3 is read, opened and compressed outside of the transaction that writes it. */
  async send(job: ExportJob, scope: DeliveryScope): Promise<Prepared | AwsError | undefined> {
    if (job.stage !== "write") return undefined;
    try {
      const read = await scope.act(async (ctx) => {
        const row = await current(job.id, ctx);
        return row && { row, page: await pageToWrite(row, job.after, ctx) };
      });
      return read && { ...read.page, body: await compressed(read.page.lines, read.row) };
    } catch (error) {
      // A table's KMS key that cannot be used ends the export.
      if (error instanceof AwsError) return error;
      throw error;
    }
  },

  async settle(job: ExportJob, ctx: Context, prepared: Prepared | AwsError | undefined): Promise<void> {
    const row = await current(job.id, ctx);
    if (row === undefined) return;
    const savepoint = ctx.tx.savepoint();
    try {
      if (prepared instanceof AwsError) throw prepared;
      if (prepared !== undefined) await write(row, job, prepared, ctx);
      else if (job.stage !== "write") await stages[job.stage](row, job, ctx);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      ctx.tx.rollback(savepoint);
      end(
        {
          ...row,
          status: "FAILED",
          ended: Math.floor(ctx.clock.now()),
          failure: failureOf(error, "s3", ctx),
        },
        ctx,
      );
    }
  },
};
