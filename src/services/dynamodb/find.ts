import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { parseArn } from "../../kit/targets.ts";
import { type IndexRow, type TableRow, tables } from "./tables.ts";
import { validation } from "./words.ts";

/** Tables by their name or ARN. */

export interface Named {
  account: string;
  region: string;
  name: string;
  arn: string;
  table: TableRow | undefined;
}

const nameForm = /^[a-zA-Z0-9_.-]{3,255}$/;

export function tableArn(account: string, region: string, name: string): string {
  return `arn:aws:dynamodb:${region}:${account}:table/${name}`;
}

/** What a request's TableName points at, whether or not it is there. */
export function locate(given: string, ctx: Context): Named | Promise<Named> {
  const { account, region, name } = targetOf(given, ctx);
  const arn = tableArn(account, region, name);
  const found = tables.get(ctx.tx, account, region, name);
  if (found instanceof Promise) return found.then((table) => ({ account, region, name, arn, table }));
  return { account, region, name, arn, table: found };
}

function targetOf(given: string, ctx: Context): { account: string; region: string; name: string } {
  if (!given.startsWith("arn:")) return { account: ctx.account, region: ctx.region, name: given };
  const arn = parseArn(given);
  const name = /^table\/([^/]+)/.exec(arn?.resource ?? "")?.[1] ?? given;
  return { account: arn?.account ?? ctx.account, region: arn?.region ?? ctx.region, name };
}

/** The words that a name must fulfil, wherever one is given. */
export function checkName(given: string): void {
  if (given.startsWith("arn:")) {
    const arn = parseArn(given);
    if (arn?.service === "dynamodb" && /^table\/[a-zA-Z0-9_.-]+$/.test(arn.resource)) return;
    throw validation(`Invalid table ARN: ${given}`);
  }
  if (nameForm.test(given)) return;
  if (given.length < 3 || given.length > 255) {
    throw validation("TableName must be at least 3 characters long and at most 255 characters long");
  }
  throw validation(
    `1 validation error detected: Value '${given}' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
  );
}

/** For operations on items: the table must be there, and its words for its absence are these. */
export async function tableForData(given: string, ctx: Context): Promise<TableRow> {
  const found = locate(given, ctx);
  const { table } = found instanceof Promise ? await found : found;
  if (table !== undefined && table.status !== "CREATING") return table;
  checkName(given);
  throw new AwsError("ResourceNotFoundException", "Requested resource not found");
}

/** For operations on tables. */
export async function existingTable(given: string, ctx: Context): Promise<TableRow> {
  const { table, name } = await locate(given, ctx);
  if (table !== undefined) return table;
  checkName(given);
  throw new AwsError("ResourceNotFoundException", `Requested resource not found: Table: ${name} not found`);
}

/** A table that is being filled cannot be changed, nor deleted. */
export function checkNotCreating({ status, name }: TableRow): void {
  if (status !== "CREATING") return;
  throw new AwsError(
    "ResourceInUseException",
    `Attempt to change a resource which is still in use: Table is being created: ${name}`,
  );
}

export function indexNamed(table: TableRow, name: string): IndexRow | undefined {
  return table.indexes.find((index) => index.name === name);
}

/** An index that may be read: one that is being filled may not. */
function readableIndex(table: TableRow, name: string): IndexRow {
  const index = indexNamed(table, name);
  if (index === undefined) throw validation(`The table does not have the specified index: ${name}`);
  if (index.backfilling) {
    throw validation(`Cannot read from backfilling global secondary index: ${name}`);
  }
  if (index.status === "DELETING") throw validation(`The table does not have the specified index: ${name}`);
  return index;
}

/** The index that a Query or Scan reads; undefined for the table itself. */
export function indexToRead(
  table: TableRow,
  { IndexName, ConsistentRead }: { IndexName?: string | undefined; ConsistentRead?: boolean | undefined },
): IndexRow | undefined {
  if (IndexName === undefined) return undefined;
  const index = readableIndex(table, IndexName);
  if (ConsistentRead && index.kind === "global")
    throw validation("Consistent reads are not supported on global secondary indexes");
  return index;
}
