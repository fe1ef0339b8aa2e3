import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { groupArn } from "./access.ts";
import { ownerOf } from "./encryption.ts";
import { activeExport, type ExportRow, exportTasks } from "./exportTables.ts";
import { expiredBefore } from "./limits.ts";
import { readerOf } from "./protection/masker.ts";
import type { LineKey } from "./store/chunk.ts";
import { type FoundLine, scanLines } from "./store/scan.ts";
import { type GroupRow, groups, type StreamRow, streams } from "./tables.ts";

/** An export under way: step by step, each of which writes a bounded part in a transaction of its own. */

/** Of one file, before compression. */
const maxFileCharacters = 16 * 2 ** 20;
/** Streams that one step looks through. */
const maxStreamsPerStep = 100;

const compress = promisify(gzip);

/** What the outbox holds for `runExport`. */
interface Step {
  taskId: string;
  /** The stream that the step begins with; left out, the first. */
  stream?: string;
  /** Where in it, and the number of its next file. */
  after?: LineKey;
  file?: number;
}

export function isOver({ status }: ExportRow): boolean {
  return status === "COMPLETED" || status === "FAILED" || status === "CANCELLED";
}

/** Calls S3 as CloudWatch Logs itself, for the group: the bucket's policy decides. */
export async function askS3(
  operation: "GetBucketAcl" | "PutObject",
  { destination: Bucket, logGroupName }: ExportRow,
  { body, ...input }: { Key?: string; body?: Buffer },
  ctx: Context,
): Promise<void> {
  const { account, region } = ctx;
  const source = { sourceArn: groupArn(ctx, logGroupName), sourceAccount: account };
  const as = servicePrincipal(`logs.${region}.amazonaws.com`, source);
  const acl = operation === "PutObject" && { ACL: "bucket-owner-full-control" };
  await ctx.call(
    "s3",
    operation,
    { Bucket, ...input, ...acl },
    { as, account, region, ...(body && { body }) },
  );
}

/** Delivery: one step of a task. */
export async function runExport(step: Step, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const row = await exportTasks.get(tx, account, region, step.taskId);
  if (row === undefined || isOver(row)) return;
  if (row.status === "PENDING_CANCEL") return end(row, "CANCELLED", undefined, ctx);
  const savepoint = tx.savepoint();
  try {
    const next = await write(row, step, ctx);
    if (next === undefined) return end(row, "COMPLETED", "Completed successfully", ctx);
    exportTasks.put(tx, [account, region, row.taskId], { ...row, status: "RUNNING" });
    ctx.outbox.put("runExport", { ...next }, { hops: ctx.hops - 1 });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    tx.rollback(savepoint);
    end(row, "FAILED", error.message, ctx);
  }
}

function end(row: ExportRow, status: ExportRow["status"], message: string | undefined, ctx: Context): void {
  const completionTime = ctx.clock.now();
  const over = { ...row, status, completionTime, ...(message !== undefined && { message }) };
  exportTasks.put(ctx.tx, [ctx.account, ctx.region, row.taskId], over);
  activeExport.delete(ctx.tx, ctx.account, ctx.region);
}

/** Writes the next files; where the step after it begins, if there is one. */
async function write(row: ExportRow, step: Step, ctx: Context): Promise<Step | undefined> {
  const { tx, account, region } = ctx;
  const group = await groups.get(tx, account, region, row.logGroupName);
  if (group?.groupId !== row.groupId) {
    throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
  }
  const options = {
    limit: maxStreamsPerStep + 1,
    startsWith: row.logStreamNamePrefix ?? "",
    within: { from: step.stream === undefined ? undefined : { part: step.stream, inclusive: true } },
  };
  // Those who write meanwhile do not make the step run again.
  const found = await ctx.peek((reads) => streams.list(reads, [account, region, group.groupId], options));
  let { after, file = 0 } = step;
  for (const { row: stream } of found.slice(0, maxStreamsPerStep)) {
    const { text, upTo } = await nextPart(
      row,
      group,
      stream,
      stream.name === step.stream ? after : undefined,
      ctx,
    );
    if (text !== "") await putFile(row, stream, file, text, ctx);
    if (upTo !== undefined) return { taskId: row.taskId, stream: stream.name, after: upTo, file: file + 1 };
    file = 0;
    after = undefined;
  }
  const beyond = found[maxStreamsPerStep];
  return beyond && { taskId: row.taskId, stream: beyond.row.name };
}

/** "2026-11-25T10:00:00.000Z message", a line each; and up to where, if there are more. */
async function nextPart(
  { from, to }: ExportRow,
  group: GroupRow,
  stream: StreamRow,
  after: LineKey | undefined,
  ctx: Context,
): Promise<{ text: string; upTo?: LineKey }> {
  const reader = await readerOf(group, {}, ctx);
  const scan = {
    from: Math.max(from, expiredBefore(group, ctx), after?.time ?? 0),
    to,
    reverse: false,
    source: { ...ownerOf(group), groupId: group.groupId, groupName: group.name, streams: [stream] },
    after,
    open: (value: Uint8Array, at: string) => reader.open(value, at),
  };
  let text = "";
  for await (const { lines } of scanLines(scan, ctx)) {
    for (const one of lines) {
      text += lineOf(one);
      if (text.length > maxFileCharacters) return { text, upTo: one.chunk.key(one.line) };
    }
  }
  return { text };
}

function lineOf({ chunk, line }: FoundLine): string {
  return `${new Date(chunk.time(line)).toISOString()} ${chunk.message(line)}\n`;
}

/** "exportedlogs/task/stream/000000.gz"; a "/" of a stream's name would make folders of its own. */
async function putFile(row: ExportRow, stream: StreamRow, file: number, text: string, ctx: Context) {
  const name = `${String(file).padStart(6, "0")}.gz`;
  const Key = [row.destinationPrefix, row.taskId, stream.name.replaceAll("/", "-"), name].join("/");
  await askS3("PutObject", row, { Key, body: await compress(text) }, ctx);
}
