import type { AnomalyDetector } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { existingGroup, groupAccess, namedGroup, requestTags } from "./access.ts";
import { type AnomalyDetectorRow, anomalyDetectors } from "./anomalyTables.ts";
import { logs } from "./contract.ts";
import { logsPage } from "./pages.ts";
import { patternOf } from "./patterns/index.ts";
import { checkTags } from "./tags.ts";

/**
 * Anomaly detectors are kept; nothing learns from the lines, so they find nothing.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/LogsAnomalyDetection.html
 */

const defaultVisibilityDays = 21;

const arnForm = /^arn:aws:logs:[a-z0-9-]+:\d{12}:anomaly-detector:(.+)$/;

async function find(arn: string, ctx: Context): Promise<AnomalyDetectorRow | undefined> {
  const row = await anomalyDetectors.get(ctx.tx, ctx.account, ctx.region, arnForm.exec(arn)?.[1] ?? "");
  return row?.arn === arn ? row : undefined;
}

function arnOf(id: string, { account, region }: Context): string {
  return `arn:aws:logs:${region}:${account}:anomaly-detector:${id}`;
}

async function access(action: string, arn: string, ctx: Context): Promise<Access> {
  const row = await find(arn, ctx);
  return {
    action: `logs:${action}`,
    resource: arnForm.test(arn) ? arn : arnOf(arn, ctx),
    ...(row && { resourceTags: row.tags }),
  };
}

async function existing(arn: string, ctx: Context<"ResourceNotFoundException">): Promise<AnomalyDetectorRow> {
  const row = await find(arn, ctx);
  if (row === undefined) {
    throw ctx.error("ResourceNotFoundException", "The specified anomaly detector does not exist.");
  }
  return row;
}

function shown(row: AnomalyDetectorRow): Omit<AnomalyDetector, "anomalyDetectorArn"> {
  const { detectorName, logGroupArnList, evaluationFrequency, filterPattern, kmsKeyId } = row;
  return {
    detectorName,
    logGroupArnList,
    evaluationFrequency,
    ...(filterPattern !== undefined && { filterPattern }),
    anomalyDetectorStatus: row.enabled ? "TRAINING" : "PAUSED",
    ...(kmsKeyId !== undefined && { kmsKeyId }),
    creationTimeStamp: row.creationTime,
    lastModifiedTimeStamp: row.lastModifiedTime,
    anomalyVisibilityTime: row.anomalyVisibilityTime,
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogAnomalyDetector.html */
export const createLogAnomalyDetector = logs.operation("CreateLogAnomalyDetector", {
  access: ({ logGroupArnList, tags }, ctx) =>
    Promise.all(
      (logGroupArnList.length === 0 ? [""] : logGroupArnList).map((arn) =>
        groupAccess("CreateLogAnomalyDetector", namedGroup(arn, ctx), ctx, {
          requestTags: requestTags(tags),
        }),
      ),
    ),
  async handle({ logGroupArnList, detectorName, filterPattern, kmsKeyId, tags, ...input }, ctx) {
    const [arn, ...more] = logGroupArnList;
    if (arn === undefined || more.length > 0) {
      throw ctx.error("InvalidParameterException", "Exactly one log group must be specified.");
    }
    const group = await existingGroup(namedGroup(arn, ctx), ctx);
    if (filterPattern !== undefined) await patternOf(filterPattern, ctx);
    const id = uuid();
    const now = ctx.clock.now();
    anomalyDetectors.put(ctx.tx, [ctx.account, ctx.region, id], {
      id,
      arn: arnOf(id, ctx as Context),
      detectorName: detectorName ?? group.name,
      logGroupArnList: [group.arn],
      evaluationFrequency: input.evaluationFrequency ?? "FIFTEEN_MIN",
      ...(filterPattern !== undefined && { filterPattern }),
      ...(kmsKeyId !== undefined && { kmsKeyId }),
      anomalyVisibilityTime: input.anomalyVisibilityTime ?? defaultVisibilityDays,
      enabled: true,
      creationTime: now,
      lastModifiedTime: now,
      tags: checkTags(tags ?? {}, {}, ctx as Context),
    });
    return { anomalyDetectorArn: arnOf(id, ctx as Context) };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogAnomalyDetector.html */
export const getLogAnomalyDetector = logs.operation("GetLogAnomalyDetector", {
  access: ({ anomalyDetectorArn: arn }, ctx) => access("GetLogAnomalyDetector", arn, ctx),
  async handle({ anomalyDetectorArn: arn }, ctx) {
    return shown(await existing(arn, ctx));
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UpdateLogAnomalyDetector.html */
export const updateLogAnomalyDetector = logs.operation("UpdateLogAnomalyDetector", {
  access: ({ anomalyDetectorArn: arn }, ctx) => access("UpdateLogAnomalyDetector", arn, ctx),
  async handle({ anomalyDetectorArn: arn, enabled, evaluationFrequency, filterPattern, ...rest }, ctx) {
    const row = await existing(arn, ctx);
    if (filterPattern !== undefined) await patternOf(filterPattern, ctx);
    anomalyDetectors.put(ctx.tx, [ctx.account, ctx.region, row.id], {
      ...row,
      enabled,
      ...(evaluationFrequency && { evaluationFrequency }),
      ...(filterPattern !== undefined && { filterPattern }),
      anomalyVisibilityTime: rest.anomalyVisibilityTime ?? row.anomalyVisibilityTime,
      lastModifiedTime: ctx.clock.now(),
    });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogAnomalyDetector.html */
export const deleteLogAnomalyDetector = logs.operation("DeleteLogAnomalyDetector", {
  access: ({ anomalyDetectorArn: arn }, ctx) => access("DeleteLogAnomalyDetector", arn, ctx),
  async handle({ anomalyDetectorArn: arn }, ctx) {
    const { id } = await existing(arn, ctx);
    anomalyDetectors.delete(ctx.tx, ctx.account, ctx.region, id);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListLogAnomalyDetectors.html */
export const listLogAnomalyDetectors = logs.operation("ListLogAnomalyDetectors", {
  access: () => ({ action: "logs:ListLogAnomalyDetectors", resource: "*" }),
  async handle({ filterLogGroupArn, limit = 50, nextToken: marker }, ctx) {
    const named = filterLogGroupArn === undefined ? undefined : namedGroup(filterLogGroupArn, ctx);
    const where = ({ logGroupArnList }: AnomalyDetectorRow) =>
      filterLogGroupArn === undefined || logGroupArnList.includes(named?.arn ?? "");
    const { items, end } = await logsPage(ctx, () =>
      pageOf(anomalyDetectors, ctx.tx, [ctx.account, ctx.region], { limit, marker, where }),
    );
    return {
      anomalyDetectors: items.map((row) => ({ anomalyDetectorArn: row.arn, ...shown(row) })),
      ...end,
    };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListAnomalies.html */
export const listAnomalies = logs.operation("ListAnomalies", {
  access: ({ anomalyDetectorArn: arn }, ctx) =>
    arn === undefined ? { action: "logs:ListAnomalies", resource: "*" } : access("ListAnomalies", arn, ctx),
  async handle({ anomalyDetectorArn: arn }, ctx) {
    if (arn !== undefined) await existing(arn, ctx);
    return { anomalies: [] };
  },
});
