import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { throughDynamodb } from "../encryption.ts";
import type { ImportRow } from "../transfer/tables.ts";

/** What could not be imported stands in the account's logs, written as whoever asked for the import. */

const logGroupName = "/aws-dynamodb/imports";

export interface ItemError {
  key: string;
  itemIndex: number;
  messages: string[];
}

/** A refusal of the logs, as the import's failure tells it apart from one of S3. */
export class LogsError extends AwsError {}

async function callLogs(operation: string, input: Record<string, unknown>, row: ImportRow, ctx: Context) {
  const as = throughDynamodb(row.caller);
  try {
    await ctx.call("logs", operation, input, { as, account: ctx.account, region: ctx.region });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new LogsError(error.code, error.message, { status: error.status ?? 400 });
  }
}

async function unlessThere(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof AwsError && error.code === "ResourceAlreadyExistsException")) throw error;
  }
}

/** Sees to it that errors can be logged before any is found. */
export async function openLog(row: ImportRow, ctx: Context): Promise<void> {
  await unlessThere(callLogs("CreateLogGroup", { logGroupName }, row, ctx));
  await callLogs("CreateLogStream", { logGroupName, logStreamName: `${row.id}/error` }, row, ctx);
}

export async function logErrors(row: ImportRow, errors: readonly ItemError[], ctx: Context): Promise<void> {
  if (errors.length === 0) return;
  const timestamp = Math.floor(ctx.clock.now());
  const logEvents = errors.map(({ key, itemIndex, messages }) => ({
    timestamp,
    message: JSON.stringify({
      itemS3Pointer: { bucket: row.source.bucket, key, itemIndex },
      importArn: row.arn,
      errorMessages: messages,
    }),
  }));
  await callLogs("PutLogEvents", { logGroupName, logStreamName: `${row.id}/error`, logEvents }, row, ctx);
}
