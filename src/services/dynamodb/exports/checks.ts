import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { parseArn } from "../../../kit/targets.ts";
import { restorable } from "../continuousBackups.ts";
import { type TableRow, tables } from "../tables.ts";
import type { ExportRow } from "../transfer/tables.ts";
import { invalidParameter, validation } from "../words.ts";

/** What is refused at once of a request to export. */

export interface ExportInput {
  TableArn: string;
  ExportTime?: Date | undefined;
  ExportType?: string | undefined;
  IncrementalExportSpecification?:
    | {
        ExportFromTime?: Date | undefined;
        ExportToTime?: Date | undefined;
        ExportViewType?: "NEW_IMAGE" | "NEW_AND_OLD_IMAGES" | undefined;
      }
    | undefined;
  S3SseAlgorithm?: string | undefined;
  S3SseKmsKeyId?: string | undefined;
}

const shortestMs = 15 * 60_000;
const longestMs = 24 * 3_600_000;

export function checkShape(input: ExportInput): void {
  const { ExportType: type, IncrementalExportSpecification: changes } = input;
  if (input.S3SseKmsKeyId !== undefined && input.S3SseAlgorithm !== "KMS")
    throw validation("Invalid Request: KMS Key Id is not supported for this encryption type");
  if (type === "INCREMENTAL_EXPORT") {
    if (changes === undefined) {
      throw validation(
        "Invalid Request: Incremental Export Specification expected when export type is set as Incremental Export",
      );
    }
    if (changes.ExportFromTime === undefined) {
      throw validation("Invalid Request: ExportFromTime must be provided in IncrementalExportSpecification");
    }
  } else if (changes !== undefined) {
    throw validation(
      type === undefined
        ? "Invalid Request: Export Type expected to be Incremental Export when incremental export specification is provided"
        : "Invalid Request: When Export Type is Full Export , Incremental Export Specification should not be provided",
    );
  }
}

/** The table, which must be the caller's own, here. */
export async function exportedTable(given: string, ctx: Context): Promise<TableRow> {
  const arn = parseArn(given);
  if (arn?.service !== "dynamodb") throw invalidParameter("tableArn is not a valid ARN");
  if (arn.account !== ctx.account) throw new AwsError("AccessDeniedException", "Access is denied");
  const name = /^table\/([^/]+)$/.exec(arn.resource)?.[1];
  if (name === undefined) throw validation("Invalid Request: Table ARN is invalid.");
  const table =
    arn.region === ctx.region ? await tables.get(ctx.tx, arn.account, arn.region, name) : undefined;
  if (table === undefined) throw new AwsError("TableNotFoundException", `Table not found: ${given}`);
  return table;
}

function badTime(message: string): AwsError {
  return new AwsError("InvalidExportTimeException", message);
}

/** "2026-10-08T22:51:50Z" */
function shownTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The time, or the span of times, that is asked for: the table can be told of as of then. */
export function spanOf(input: ExportInput, table: TableRow, now: number): Pick<ExportRow, "at" | "changes"> {
  const changes = input.IncrementalExportSpecification;
  const from = changes?.ExportFromTime?.getTime();
  const span = restorable(table, now);
  const earliest = Math.floor((span?.earliest ?? table.created) / 1000) * 1000;
  if (from !== undefined && from < earliest) {
    throw badTime(
      `Incremental export period from time cannot be less than the table creation time : ${shownTime(from)}`,
    );
  }
  if (span === undefined) {
    throw new AwsError(
      "PointInTimeRecoveryUnavailableException",
      `Point in time recovery is not enabled for table '${table.name}'`,
    );
  }
  if (from === undefined) {
    const at = input.ExportTime?.getTime() ?? now;
    if (at < earliest || at > now) throw badTime("Export Time is invalid");
    return { at };
  }
  const to = changes?.ExportToTime?.getTime() ?? now;
  if (to > now) {
    throw badTime(
      `Incremental export period to time cannot be greater than the current time : ${shownTime(to)}`,
    );
  }
  const difference = "Difference between export period from time and export period to time is";
  if (to - from < shortestMs) throw badTime(`${difference} less than 15 minutes`);
  if (to - from > longestMs) throw badTime(`${difference} greater than 24 hours`);
  return { changes: { from, to, view: changes?.ExportViewType ?? "NEW_AND_OLD_IMAGES" } };
}
