import type { ExportTask } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { existingGroup, groupAccess, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { askS3, isOver } from "./exportRun.ts";
import { activeExport, type ExportRow, exportTasks } from "./exportTables.ts";
import { logsPage } from "./pages.ts";

/**
 * Lines of a group, written to a bucket as files of text.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
 */

const defaultPrefix = "exportedlogs";
/** A task stays pending for so long, in which it can be cancelled before it has written anything. */
const pendingMs = 1_000;

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateExportTask.html */
export const createExportTask = logs.operation("CreateExportTask", {
  access: ({ logGroupName }, ctx) => groupAccess("CreateExportTask", namedGroup(logGroupName, ctx), ctx),
  async handle({ taskName, logGroupName, logStreamNamePrefix, from, to, ...rest }, ctx) {
    if (from >= to) {
      throw ctx.error("InvalidParameterException", "The 'from' time must be before the 'to' time.");
    }
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    if (group.class !== "STANDARD") {
      throw ctx.error("InvalidParameterException", "Export tasks need a log group of the Standard class.");
    }
    if ((await activeExport.get(ctx.tx, ctx.account, ctx.region)) !== undefined) {
      throw ctx.error("LimitExceededException", "Resource limit exceeded.");
    }
    const row: ExportRow = {
      taskId: uuid(),
      ...(taskName !== undefined && { taskName }),
      logGroupName,
      groupId: group.groupId,
      ...(logStreamNamePrefix !== undefined && { logStreamNamePrefix }),
      from,
      to,
      destination: rest.destination,
      destinationPrefix: rest.destinationPrefix ?? defaultPrefix,
      status: "PENDING",
      creationTime: ctx.clock.now(),
    };
    await tryBucket(row, ctx as Context);
    exportTasks.put(ctx.tx, [ctx.account, ctx.region, row.taskId], row);
    activeExport.put(ctx.tx, [ctx.account, ctx.region], { taskId: row.taskId });
    ctx.outbox.put("runExport", { taskId: row.taskId }, { delayMs: pendingMs });
    return { taskId: row.taskId };
  },
});

const failedCalls = {
  GetBucketAcl: "GetBucketAcl",
  PutObject: "PutObject",
} as const;

/** The bucket takes what is written, or the task is not begun: AWS leaves the file of its trial there. */
async function tryBucket(row: ExportRow, ctx: Context): Promise<void> {
  let asked: keyof typeof failedCalls = "GetBucketAcl";
  try {
    await askS3("GetBucketAcl", row, {}, ctx);
    asked = "PutObject";
    const Key = `${row.destinationPrefix}/aws-logs-write-test`;
    await askS3("PutObject", row, { Key, body: Buffer.from("Permission Check Successful") }, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === "NoSuchBucket") {
      throw ctx.error(
        "InvalidParameterException",
        "The given bucket does not exist. Please make sure the bucket is valid.",
      );
    }
    throw ctx.error(
      "InvalidParameterException",
      `${failedCalls[asked]} call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.`,
    );
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CancelExportTask.html */
export const cancelExportTask = logs.operation("CancelExportTask", {
  access: () => ({ action: "logs:CancelExportTask", resource: "*" }),
  async handle({ taskId }, ctx) {
    const row = await exportTasks.get(ctx.tx, ctx.account, ctx.region, taskId);
    if (row === undefined) {
      throw ctx.error("ResourceNotFoundException", "The specified export task does not exist.");
    }
    if (isOver(row) || row.status === "PENDING_CANCEL") {
      throw ctx.error("InvalidOperationException", "The specified export task has already finished.");
    }
    exportTasks.put(ctx.tx, [ctx.account, ctx.region, taskId], { ...row, status: "PENDING_CANCEL" });
    ctx.outbox.put("runExport", { taskId });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeExportTasks.html */
export const describeExportTasks = logs.operation("DescribeExportTasks", {
  access: () => ({ action: "logs:DescribeExportTasks", resource: "*" }),
  async handle({ taskId, statusCode, limit = 50, nextToken: marker }, ctx) {
    const where = ({ status }: ExportRow) => statusCode === undefined || status === statusCode;
    if (taskId !== undefined) {
      const row = await exportTasks.get(ctx.tx, ctx.account, ctx.region, taskId);
      return { exportTasks: row !== undefined && where(row) ? [shown(row)] : [] };
    }
    const { items, end } = await logsPage(ctx, () =>
      pageOf(exportTasks, ctx.tx, [ctx.account, ctx.region], { limit, marker, where }),
    );
    return { exportTasks: items.map(shown), ...end };
  },
});

function shown(row: ExportRow): ExportTask {
  const { taskId, taskName, logGroupName, from, to, destination, destinationPrefix } = row;
  const { status, message, creationTime, completionTime } = row;
  return {
    taskId,
    ...(taskName !== undefined && { taskName }),
    logGroupName,
    from,
    to,
    destination,
    destinationPrefix,
    status: { code: status, ...(message !== undefined && { message }) },
    executionInfo: { creationTime, ...(completionTime !== undefined && { completionTime }) },
  };
}
