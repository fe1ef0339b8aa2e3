import type { Operations } from "../../../../build/contracts/dynamodb.d.ts";
import type { Context } from "../../../kit/context.ts";
import { keyedPageOf, markerOf } from "../../../kit/paging.ts";
import { parseArn } from "../../../kit/targets.ts";
import { accessTo } from "../access.ts";
import { dynamodb } from "../contract.ts";
import { newTable, type TableInput } from "../createTable.ts";
import { type GivenEncryption, newEncryption } from "../encryption.ts";
import { checkName, locate } from "../find.ts";
import { type TableRow, tables } from "../tables.ts";
import { type ImportRow, importJobs } from "../transfer/tables.ts";
import { digestOf, idOfPage, jobOfToken, newJobId, pageToken, rememberToken } from "../transfer/tokens.ts";
import { validation } from "../words.ts";
import { goOn } from "./job.ts";
import { canOpen } from "./reading.ts";

/** Tables made of objects in S3. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.HowItWorks.html */

function logGroupArn({ table }: ImportRow): string {
  const [, , , region, account] = table.arn.split(":");
  return `arn:aws:logs:${region}:${account}:log-group:/aws-dynamodb/imports:*`;
}

function shownSource({ source: { bucket, owner, prefix } }: ImportRow) {
  return { S3BucketOwner: owner, S3Bucket: bucket, ...(prefix !== undefined && { S3KeyPrefix: prefix }) };
}

function shownOptions({ csv }: ImportRow) {
  if (csv === undefined) return {};
  const { delimiter, headers } = csv;
  return {
    InputFormatOptions: {
      Csv: {
        ...(delimiter !== undefined && { Delimiter: delimiter }),
        ...(headers && { HeaderList: [...headers] }),
      },
    },
  };
}

function shown(row: ImportRow) {
  const { failure, processed } = row;
  return {
    ImportArn: row.arn,
    ImportStatus: row.status,
    TableArn: row.table.arn,
    TableId: row.table.id,
    ...(row.clientToken !== undefined && { ClientToken: row.clientToken }),
    S3BucketSource: shownSource(row),
    ErrorCount: row.errors,
    CloudWatchLogGroupArn: logGroupArn(row),
    InputFormat: row.format,
    ...shownOptions(row),
    InputCompressionType: row.compression,
    TableCreationParameters: row.creation as never,
    StartTime: new Date(row.started),
    ...(row.ended !== undefined && { EndTime: new Date(row.ended) }),
    ProcessedSizeBytes: processed.bytes,
    ProcessedItemCount: processed.items,
    ImportedItemCount: row.imported,
    ...(failure && { FailureCode: failure.code, FailureMessage: failure.message }),
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ImportTable.html */
export const importTable = dynamodb.operation("ImportTable", {
  access: async ({ TableCreationParameters }, ctx) =>
    accessTo("ImportTable", await locate(TableCreationParameters.TableName, ctx as Context)),
  async handle(input, ctx) {
    const { TableCreationParameters: definition, InputFormat: format, ClientToken } = input;
    const compression = input.InputCompressionType ?? "NONE";
    if (input.InputFormatOptions?.Csv !== undefined && format !== "CSV") {
      throw validation(
        `Invalid Request: Unsupported InputFormatOptions for the given input format: ${format}.`,
      );
    }
    if (!canOpen(compression))
      throw validation(`InputCompressionType ${compression} needs Node.js 22.15 or later here.`);
    if (definition.VectorIndexes !== undefined) throw validation("Vector indexes are not built here.");
    checkName(definition.TableName);
    // Of what was asked with a token, AWS compares the table's name only.
    const digest = digestOf(definition.TableName);
    const known = await jobOfToken("import", ClientToken, digest, ctx as Context);
    if (known === "conflict") {
      throw ctx.error(
        "ImportConflictException",
        "Import conflict: Duplicate request detected with conflicting parameters",
      );
    }
    const earlier =
      known === undefined ? undefined : await importJobs.get(ctx.tx, ctx.account, ctx.region, known);
    if (earlier?.status === "IN_PROGRESS") return { ImportTableDescription: shown(earlier) };
    const table = await importedTable(definition as TableInput, definition.SSESpecification, ctx as Context);
    if (earlier !== undefined) return { ImportTableDescription: shown(earlier) };
    tables.put(ctx.tx, [table.account, table.region, table.name], table);
    const id = newJobId(ctx.clock.now());
    const row = newImport(input, compression, table, id, ctx as Context);
    importJobs.put(ctx.tx, [ctx.account, ctx.region, id], row);
    rememberToken("import", ClientToken, { digest, id }, ctx as Context);
    goOn({ id, stage: "list" }, ctx as Context);
    return { ImportTableDescription: shown(row) };
  },
});

type ImportInput = Operations["ImportTable"]["input"];

function newImport(
  input: ImportInput,
  compression: ImportRow["compression"],
  table: TableRow,
  id: string,
  ctx: Context,
): ImportRow {
  const { TableCreationParameters: definition, InputFormat: format, ClientToken } = input;
  const { S3Bucket, S3BucketOwner, S3KeyPrefix } = input.S3BucketSource;
  const csv = input.InputFormatOptions?.Csv;
  return {
    arn: `${table.arn}/import/${id}`,
    id,
    status: "IN_PROGRESS",
    table: { name: table.name, arn: table.arn, id: table.id, store: table.store },
    started: Math.floor(ctx.clock.now()),
    ...(ClientToken !== undefined && { clientToken: ClientToken }),
    source: {
      bucket: S3Bucket,
      owner: S3BucketOwner ?? ctx.account,
      ...(S3KeyPrefix !== undefined && { prefix: S3KeyPrefix }),
    },
    format,
    ...(csv && {
      csv: {
        ...(csv.Delimiter !== undefined && { delimiter: csv.Delimiter }),
        ...(csv.HeaderList && { headers: csv.HeaderList }),
      },
    }),
    compression,
    creation: definition as Record<string, unknown>,
    processed: { items: 0, bytes: 0 },
    imported: 0,
    errors: 0,
    caller: ctx.caller,
  };
}

/** The table that is to be filled. */
async function importedTable(
  definition: TableInput,
  encrypted: unknown,
  ctx: Context<"ResourceInUseException">,
): Promise<TableRow> {
  const bare = newTable(definition, ctx as Context);
  const { table: standing } = await locate(bare.name, ctx);
  if (standing !== undefined) throw ctx.error("ResourceInUseException", `Table already exists: ${bare.name}`);
  const encryption = await newEncryption(bare, encrypted as GivenEncryption | undefined, ctx as Context);
  return { ...bare, status: "CREATING", ...(encryption && { encryption }) };
}

/** The account, Region and id that an import's ARN names. */
function importName(arn: string) {
  const parsed = parseArn(arn);
  const id = /^table\/[^/]+\/import\/([^/]+)$/.exec(parsed?.resource ?? "")?.[1];
  return parsed?.service === "dynamodb" && id !== undefined ? { ...parsed, id } : undefined;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeImport.html */
export const describeImport = dynamodb.operation("DescribeImport", {
  access: ({ ImportArn }, ctx) => ({
    action: "dynamodb:DescribeImport",
    resource:
      importName(ImportArn) === undefined
        ? `arn:aws:dynamodb:${ctx.region}:${ctx.account}:table/*/import/*`
        : ImportArn,
  }),
  async handle({ ImportArn }, ctx) {
    const name = importName(ImportArn);
    if (name === undefined) throw validation("Invalid Import ARN");
    const row =
      name.region === ctx.region
        ? await importJobs.get(ctx.tx, name.account, name.region, name.id)
        : undefined;
    if (row?.arn !== ImportArn) {
      throw ctx.error("ImportNotFoundException", `Import not found: Import not found: ${ImportArn}`);
    }
    return { ImportTableDescription: shown(row) };
  },
});

const usualPage = 10;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListImports.html */
export const listImports = dynamodb.operation("ListImports", {
  access: async ({ TableArn }, ctx) =>
    TableArn === undefined
      ? { action: "dynamodb:ListImports", resource: "*" }
      : accessTo("ListImports", await locate(TableArn, ctx as Context)),
  async handle({ TableArn, PageSize = usualPage, NextToken }, ctx) {
    const after = idOfPage(NextToken);
    const { items, next } = await keyedPageOf(importJobs, ctx.tx, [ctx.account, ctx.region], {
      limit: PageSize,
      reverse: true,
      ...(after !== undefined && { marker: markerOf([after]) }),
      where: ({ table }) => TableArn === undefined || table.arn === TableArn,
    });
    const token = pageToken(next && items.at(-1)?.key[2]);
    return {
      ImportSummaryList: items.map(({ row }) => ({
        ImportArn: row.arn,
        ImportStatus: row.status,
        TableArn: row.table.arn,
        S3BucketSource: shownSource(row),
        CloudWatchLogGroupArn: logGroupArn(row),
        InputFormat: row.format,
        StartTime: new Date(row.started),
        ...(row.ended !== undefined && { EndTime: new Date(row.ended) }),
      })),
      ...(token && { NextToken: token }),
    };
  },
});
