import type { Context } from "../../kit/context.ts";
import { leadingKey, onTable } from "./access.ts";
import { readRecord } from "./answers.ts";
import { checkNotMixed } from "./conditions.ts";
import { dynamodb } from "./contract.ts";
import { Bindings, type Placeholders } from "./expressions/bindings.ts";
import { parseCondition } from "./expressions/conditions.ts";
import { attributesOf, holds } from "./expressions/evaluate.ts";
import type { Condition } from "./expressions/nodes.ts";
import { parseProjection } from "./expressions/projection.ts";
import { indexToRead, tableForData } from "./find.ts";
import { itemKeys, legacyProjection, namedAttributes } from "./items.ts";
import { expressionRange, type KeyRange, legacyRange } from "./keyConditions.ts";
import { keyNames, partitionOf } from "./keys.ts";
import { filterCondition, type GivenFilter } from "./legacy.ts";
import { answerPage, type Read, readSelect, readStart, type SelectInput } from "./reading.ts";
import type { KeySchema, TableRow } from "./tables.ts";
import type { Item, Value } from "./values.ts";
import { validation } from "./words.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html */

export interface FilterInput extends Placeholders, SelectInput {
  FilterExpression?: string | undefined;
  ConditionalOperator?: string | undefined;
  QueryFilter?: Record<string, GivenFilter> | undefined;
  ScanFilter?: Record<string, GivenFilter> | undefined;
}

/** The filter of a Query or Scan. */
export function readFilter(input: FilterInput, bindings: Bindings): Condition | undefined {
  const { FilterExpression: text, ConditionalOperator: operator } = input;
  if (text !== undefined) return parseCondition(text, "FilterExpression", bindings);
  const legacy = input.QueryFilter ?? input.ScanFilter;
  if (operator !== undefined && legacy === undefined)
    throw validation("ConditionalOperator cannot be used without Filter or Expected");
  return legacy && filterCondition(legacy, operator);
}

/** Key attributes are no matter for the filter of a Query. */
function checkFilter(filter: Condition | undefined, isLegacy: boolean, schema: KeySchema): void {
  if (filter === undefined) return;
  const attributes = attributesOf(filter);
  const key = keyNames(schema).find((name) => attributes.has(name));
  if (key === undefined) return;
  throw validation(
    isLegacy
      ? `QueryFilter can only contain non-primary key attributes: Primary key attribute: ${key}`
      : `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`,
  );
}

interface QueryInput extends FilterInput {
  KeyConditionExpression?: string | undefined;
  KeyConditions?: Record<string, GivenFilter> | undefined;
}

const expressions = ["KeyConditionExpression", "FilterExpression", "ProjectionExpression"] as const;

function readRange(input: QueryInput, bindings: Bindings, schema: KeySchema): KeyRange {
  const { KeyConditionExpression: text, KeyConditions } = input;
  if (text !== undefined) return expressionRange(text, bindings, schema);
  if (KeyConditions === undefined) {
    throw validation(
      "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    );
  }
  return legacyRange(KeyConditions, schema);
}

/** What the expressions of a query, or the parameters before them, ask for. */
function readQuery(input: QueryInput, schema: KeySchema) {
  const { KeyConditionExpression, FilterExpression, ProjectionExpression } = input;
  const bindings = new Bindings(input, { KeyConditionExpression, FilterExpression, ProjectionExpression }, [
    "FilterExpression",
    "KeyConditionExpression",
  ]);
  const filter = readFilter(input, bindings);
  const projection =
    ProjectionExpression === undefined
      ? legacyProjection(input.AttributesToGet)
      : parseProjection(ProjectionExpression, bindings);
  const range = readRange(input, bindings, schema);
  bindings.checkUsed();
  return { filter, projection, range };
}

/** A start key must lie where the query looks. */
function checkStart(start: Item | undefined, range: KeyRange, table: TableRow, schema: KeySchema): void {
  if (start === undefined) return;
  const samePartition =
    partitionOf(table.secret, schema.hash, start) === partitionOf(table.secret, schema.hash, range.partition);
  if (samePartition && holds(range.condition, start)) return;
  throw validation(
    samePartition
      ? "The provided starting key does not match the range key predicate"
      : "The provided starting key is outside query boundaries based on provided conditions",
  );
}

/** The partition that a request asks for, for policies; its expressions may yet prove wrong. */
function askedPartition(input: QueryInput, name: string | undefined): string[] | undefined {
  if (name === undefined) return undefined;
  const legacy = input.KeyConditions?.[name]?.AttributeValueList?.[0] as Value | undefined;
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = input;
  for (const [, left, right] of input.KeyConditionExpression?.matchAll(/([#\w]+)\s*=\s*(:\w+)/g) ?? []) {
    if (left === name || names[left as string] === name) {
      const key = leadingKey(values[right as string] as Value | undefined);
      return key === undefined ? [] : [key];
    }
  }
  const key = leadingKey(legacy);
  return key === undefined ? [] : [key];
}

export const query = dynamodb.operation("Query", {
  access: onTable("Query", (input, { table }) => ({
    below: input.IndexName === undefined ? undefined : `/index/${input.IndexName}`,
    context: () => {
      const index = table?.indexes.find(({ name }) => name === input.IndexName);
      const partition = askedPartition(input as QueryInput, (index ?? table)?.key.hash[0]?.name);
      const named = namedAttributes(
        input,
        input.ProjectionExpression,
        input.FilterExpression,
        input.KeyConditionExpression,
      );
      return { ...itemKeys(input, partition, named), "dynamodb:Select": input.Select };
    },
  })),
  async handle(input, ctx) {
    const table = await tableForData(input.TableName, ctx);
    // The legacy KeyConditions go together with expressions for other things.
    checkNotMixed(input, ["KeyConditionExpression"], ["KeyConditions"]);
    checkNotMixed(input, expressions, ["QueryFilter", "AttributesToGet", "ConditionalOperator"]);
    const index = indexToRead(table, input);
    const schema = (index ?? table).key;
    const { range, ...asked } = readQuery(input as QueryInput, schema);
    checkFilter(asked.filter, input.QueryFilter !== undefined, schema);
    const start = readStart(input.ExclusiveStartKey, table, index);
    checkStart(start, range, table, schema);
    const { within, startsWith } = range;
    const read: Read = {
      table,
      index,
      parts: [partitionOf(table.secret, schema.hash, range.partition)],
      range: {
        ...(within && { within }),
        ...(startsWith !== undefined && { startsWith }),
        ...(input.ScanIndexForward === false && { reverse: true }),
      },
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
