import type { Context } from "../../kit/context.ts";
import type { ListOptions } from "../../kit/table.ts";
import { onTable } from "./access.ts";
import { readRecord } from "./answers.ts";
import { checkNotMixed } from "./conditions.ts";
import { dynamodb } from "./contract.ts";
import { Bindings } from "./expressions/bindings.ts";
import { parseProjection } from "./expressions/projection.ts";
import { indexToRead, tableForData } from "./find.ts";
import { itemKeys, legacyProjection, namedAttributes } from "./items.ts";
import { partitionOf } from "./keys.ts";
import { type FilterInput, readFilter } from "./query.ts";
import { answerPage, type Read, readSelect, readStart } from "./reading.ts";
import type { TableRow } from "./tables.ts";
import type { Item } from "./values.ts";
import { validation } from "./words.ts";

/** Partitions are hashed: by their first 32 bits, each segment is a range of them. */
const hashSpace = 2 ** 32;

interface Segment {
  from: number;
  to: number;
}

function segmentOf(segment: number | undefined, total: number | undefined): Segment | undefined {
  if (segment === undefined && total === undefined) return undefined;
  if (segment === undefined) {
    throw validation(
      "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
    );
  }
  if (total === undefined) {
    throw validation(
      "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    );
  }
  if (segment >= total) {
    throw validation(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
  const at = (number: number) => Math.floor((number * hashSpace) / total);
  return { from: at(segment), to: at(segment + 1) };
}

function hex(hash: number): string {
  return hash.toString(16).padStart(8, "0");
}

function rangeOf(segment: Segment | undefined): Pick<ListOptions, "within"> {
  if (segment === undefined) return {};
  const { from, to } = segment;
  return {
    within: {
      from: { part: hex(from), inclusive: true },
      ...(to < hashSpace && { to: { part: hex(to), inclusive: false } }),
    },
  };
}

function checkStart(start: Item | undefined, segment: Segment | undefined, table: TableRow): void {
  if (start === undefined || segment === undefined) return;
  const hash = Number.parseInt(partitionOf(table.secret, table.key.hash, start).slice(0, 8), 16);
  if (hash >= segment.from && hash < segment.to) return;
  throw validation(
    "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments and Segment must not change between calls",
  );
}

function readScan(input: FilterInput) {
  const { FilterExpression, ProjectionExpression } = input;
  const bindings = new Bindings(input, { FilterExpression, ProjectionExpression }, ["FilterExpression"]);
  const filter = readFilter(input, bindings);
  const projection =
    ProjectionExpression === undefined
      ? legacyProjection(input.AttributesToGet)
      : parseProjection(ProjectionExpression, bindings);
  bindings.checkUsed();
  return { filter, projection };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html */
export const scan = dynamodb.operation("Scan", {
  access: onTable("Scan", (input) => ({
    below: input.IndexName === undefined ? undefined : `/index/${input.IndexName}`,
    context: () => ({
      ...itemKeys(
        input,
        undefined,
        namedAttributes(input, input.ProjectionExpression, input.FilterExpression),
      ),
      "dynamodb:Select": input.Select,
    }),
  })),
  async handle(input, ctx) {
    const table = await tableForData(input.TableName, ctx);
    checkNotMixed(
      input,
      ["FilterExpression", "ProjectionExpression"],
      ["ScanFilter", "AttributesToGet", "ConditionalOperator"],
    );
    const index = indexToRead(table, input);
    const asked = readScan(input as FilterInput);
    const segment = segmentOf(input.Segment, input.TotalSegments);
    const start = readStart(input.ExclusiveStartKey, table, index);
    if (index === undefined) checkStart(start, segment, table);
    const read: Read = {
      table,
      index,
      parts: [],
      range: rangeOf(segment),
      start,
      limit: input.Limit,
      ...asked,
      ...readSelect(input, table, index, asked),
      consistent: input.ConsistentRead === true,
    };
    return await answerPage(read, input.ReturnConsumedCapacity, ctx as Context);
  },
  record: readRecord,
});
