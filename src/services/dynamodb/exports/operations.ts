import type { Context } from "../../../kit/context.ts";
import { randomText } from "../../../kit/ids.ts";
import { keyedPageOf, markerOf } from "../../../kit/paging.ts";
import { parseArn } from "../../../kit/targets.ts";
import { accessTo } from "../access.ts";
import { dynamodb } from "../contract.ts";
import { locate } from "../find.ts";
import { type ExportRow, exportJobs } from "../transfer/tables.ts";
import { digestOf, idOfPage, jobOfToken, newJobId, pageToken, rememberToken } from "../transfer/tokens.ts";
import { validation } from "../words.ts";
import { checkShape, type ExportInput, exportedTable, spanOf } from "./checks.ts";
import { manifestKey } from "./files.ts";

/** Tables written into S3. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.HowItWorks.html */

function shown(row: ExportRow) {
  const { changes, encryption, failure, status } = row;
  return {
    ExportArn: row.arn,
    ExportStatus: status,
    StartTime: new Date(row.started),
    ...(row.ended !== undefined && { EndTime: new Date(row.ended) }),
    ...(status === "COMPLETED" && {
      ExportManifest: manifestKey(row, "summary"),
      BilledSizeBytes: row.bytes,
      ItemCount: row.items,
    }),
    TableArn: row.table.arn,
    TableId: row.table.id,
    ...(row.at !== undefined && { ExportTime: new Date(row.at) }),
    ...(row.clientToken !== undefined && { ClientToken: row.clientToken }),
    S3Bucket: row.bucket,
    ...(row.bucketOwner !== undefined && { S3BucketOwner: row.bucketOwner }),
    ...(row.prefix !== undefined && { S3Prefix: row.prefix }),
    S3SseAlgorithm: encryption.algorithm,
    ...(encryption.keyId !== undefined && { S3SseKmsKeyId: encryption.keyId }),
    ...(failure && { FailureCode: failure.code, FailureMessage: failure.message }),
    ExportFormat: row.format,
    // Of a full export AWS does not say the type.
    ...(changes && {
      ExportType: "INCREMENTAL_EXPORT" as const,
      IncrementalExportSpecification: {
        ExportFromTime: new Date(changes.from),
        ExportToTime: new Date(changes.to),
        ExportViewType: changes.view,
      },
    }),
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html */
export const exportTableToPointInTime = dynamodb.operation("ExportTableToPointInTime", {
  access: async ({ TableArn }, ctx) =>
    accessTo("ExportTableToPointInTime", await locate(TableArn, ctx as Context)),
  async handle(input, ctx) {
    const { ClientToken, ...asked } = input;
    checkShape(asked as ExportInput);
    const digest = digestOf(asked);
    const known = await jobOfToken("export", ClientToken, digest, ctx as Context);
    if (known === "conflict") {
      throw ctx.error(
        "ExportConflictException",
        "Export conflict: Duplicate request detected with conflicting parameters",
      );
    }
    if (known !== undefined) return { ExportDescription: shown(await existing(known, ctx as Context)) };
    const table = await exportedTable(input.TableArn, ctx as Context);
    const started = Math.floor(ctx.clock.now());
    const id = newJobId(started);
    const row: ExportRow = {
      arn: `${table.arn}/export/${id}`,
      id,
      status: "IN_PROGRESS",
      table,
      started,
      ...spanOf(asked as ExportInput, table, started),
      format: input.ExportFormat ?? "DYNAMODB_JSON",
      ...(ClientToken !== undefined && { clientToken: ClientToken }),
      bucket: input.S3Bucket,
      ...(input.S3BucketOwner !== undefined && { bucketOwner: input.S3BucketOwner }),
      ...(input.S3Prefix !== undefined && { prefix: input.S3Prefix }),
      encryption: {
        algorithm: input.S3SseAlgorithm ?? "AES256",
        ...(input.S3SseKmsKeyId !== undefined && { keyId: input.S3SseKmsKeyId }),
      },
      store: randomText(12, "lower36"),
      items: 0,
      bytes: 0,
      files: 0,
      caller: ctx.caller,
    };
    const { account, region } = ctx;
    exportJobs.put(ctx.tx, [account, region, id], row);
    rememberToken("export", ClientToken, { digest, id }, ctx as Context);
    ctx.outbox.put("exportTable", { id, stage: "start" }, { account, region, group: `export/${id}` });
    return { ExportDescription: shown(row) };
  },
});

/** The account, Region and id that an export's ARN names. */
function exportName(arn: string) {
  const parsed = parseArn(arn);
  const id = /^table\/[^/]+\/export\/([^/]+)$/.exec(parsed?.resource ?? "")?.[1];
  return parsed?.service === "dynamodb" && id !== undefined ? { ...parsed, id } : undefined;
}

async function existing(id: string, ctx: Context): Promise<ExportRow> {
  const row = await exportJobs.get(ctx.tx, ctx.account, ctx.region, id);
  if (row === undefined) throw new Error("A client token names an export that is not there.");
  return row;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeExport.html */
export const describeExport = dynamodb.operation("DescribeExport", {
  access: ({ ExportArn }, ctx) => ({
    action: "dynamodb:DescribeExport",
    resource:
      exportName(ExportArn) === undefined
        ? `arn:aws:dynamodb:${ctx.region}:${ctx.account}:table/*/export/*`
        : ExportArn,
  }),
  async handle({ ExportArn }, ctx) {
    const name = exportName(ExportArn);
    if (name === undefined) throw validation("Invalid Export ARN");
    if (name.region !== ctx.region)
      throw ctx.error("ExportNotFoundException", "Export not found: Invalid export arn");
    const row = await exportJobs.get(ctx.tx, name.account, name.region, name.id);
    if (row?.arn !== ExportArn) {
      throw ctx.error("ExportNotFoundException", `Export not found: Export not found: ${ExportArn}`);
    }
    return { ExportDescription: shown(row) };
  },
});

const usualPage = 10;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListExports.html */
export const listExports = dynamodb.operation("ListExports", {
  access: async ({ TableArn }, ctx) =>
    TableArn === undefined
      ? { action: "dynamodb:ListExports", resource: "*" }
      : accessTo("ListExports", await locate(TableArn, ctx as Context)),
  async handle({ TableArn, MaxResults = usualPage, NextToken }, ctx) {
    const table = TableArn === undefined ? undefined : (await locate(TableArn, ctx as Context)).table;
    const after = idOfPage(NextToken);
    const { items, next } = await keyedPageOf(exportJobs, ctx.tx, [ctx.account, ctx.region], {
      limit: MaxResults,
      reverse: true,
      ...(after !== undefined && { marker: markerOf([after]) }),
      // Those of a table that was deleted, or made anew, are not the table's.
      where: (row) => TableArn === undefined || row.table.id === table?.id,
    });
    const token = pageToken(next && items.at(-1)?.key[2]);
    return {
      ExportSummaries: items.map(({ row }) => ({
        ExportArn: row.arn,
        ExportStatus: row.status,
        ExportType: row.changes === undefined ? ("FULL_EXPORT" as const) : ("INCREMENTAL_EXPORT" as const),
      })),
      ...(token && { NextToken: token }),
    };
  },
});
