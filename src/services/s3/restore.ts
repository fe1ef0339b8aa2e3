import type { Context } from "../../kit/context.ts";
import { isArchived, restoreState, retrievalTime } from "./archive.ts";
import { s3 } from "./contract.ts";
import { fail, invalidArgument } from "./errors.ts";
import { findBucket } from "./find.ts";
import { readableVersion, versionAccess } from "./get.ts";
import { afterDays } from "./lifecycleRules.ts";
import { announce } from "./notify.ts";
import { buckets, type ObjectRow } from "./tables.ts";
import { findVersion, replace } from "./versions.ts";

/** Copies of archived objects, for some days. */

interface Step {
  bucket: string;
  key: string;
  versionId: string;
  /** The time for which this step was planned: another request may have changed it. */
  untilMs: number;
}

/** Objects whose copy was there already, and stays longer: AWS answers 200 instead of 202. */
const prolonged = new WeakSet<object>();

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html */
export const restoreObject = s3.operation("RestoreObject", {
  access: (input, ctx) => versionAccess("RestoreObject", input, ctx),
  async handle(input, ctx) {
    const { Key, RestoreRequest: request } = input;
    if (request === undefined) throw fail("MalformedXML");
    if (request.Type === "SELECT" || request.SelectParameters || request.OutputLocation)
      throw fail("MethodNotAllowed");
    const bucket = await findBucket(input, ctx);
    const row = await readableVersion(bucket, input, ctx);
    const now = ctx.clock.now();
    const state = checkedState(row, now);
    const { Days } = request;
    if (Days === undefined) throw fail("MalformedXML");
    if (!Number.isInteger(Days) || Days < 1)
      throw invalidArgument("Days must be a positive integer", "Days", Days);
    const tier = request.GlacierJobParameters?.Tier ?? request.Tier ?? "Standard";
    const readyAt = state === "restored" ? (row.restore?.readyAt ?? now) : now + retrievalTime(row, tier);
    const untilMs = afterDays(Math.max(now, readyAt), Days);
    const restored: ObjectRow = { ...row, restore: { readyAt, untilMs } };
    await replace(bucket, Key, restored, ctx);
    const step = { bucket: bucket.name, key: Key, versionId: row.versionId, untilMs } satisfies Step;
    const id = `restore/${bucket.name}/${row.order}/${Key}`;
    if (state === "none") {
      announce(bucket, "ObjectRestore:Post", Key, restored, ctx);
      ctx.timers.set(`${id}/done`, "restored", readyAt, step);
    }
    ctx.timers.set(`${id}/over/${untilMs}`, "restoreOver", untilMs, step);
    const output = {};
    if (state === "restored") prolonged.add(output);
    return output;
  },
  status: (output) => (prolonged.has(output) ? 200 : 202),
  record: { data: true },
});

function checkedState(row: ObjectRow, now: number) {
  if (!isArchived(row)) {
    throw fail("InvalidObjectState", {
      message: "Restore is not allowed for the object's current storage class",
      members: { StorageClass: row.storageClass },
    });
  }
  const state = restoreState(row, now);
  if (state === "ongoing") throw fail("RestoreAlreadyInProgress");
  return state;
}

async function versionOf({ bucket: name, key, versionId }: Step, ctx: Context) {
  const bucket = await buckets.get(ctx.tx, name);
  const row = bucket && (await findVersion(bucket, key, versionId, ctx));
  return bucket && row?.restore ? { bucket, row, restore: row.restore } : undefined;
}

/** The copy can be read. */
export async function restored(step: Step, ctx: Context): Promise<void> {
  const found = await versionOf(step, ctx);
  if (found !== undefined) announce(found.bucket, "ObjectRestore:Completed", step.key, found.row, ctx);
}

/** The time of a copy is over, unless it was prolonged. */
export async function restoreOver(step: Step, ctx: Context): Promise<void> {
  const found = await versionOf(step, ctx);
  if (found === undefined || found.restore.untilMs !== step.untilMs) return;
  const { restore: _, ...row } = found.row;
  await replace(found.bucket, step.key, row, ctx);
  announce(found.bucket, "ObjectRestore:Delete", step.key, row, ctx);
}
