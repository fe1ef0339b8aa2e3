import type { Context } from "../../kit/context.ts";
import { leadingKeysOf, onTable } from "./access.ts";
import { collectionMetrics, itemRecord, returned, shownItem } from "./answers.ts";
import { Meter, readUnits } from "./capacity.ts";
import { type ConditionInput, checkNotMixed, soleCondition } from "./conditions.ts";
import { dynamodb } from "./contract.ts";
import { Bindings } from "./expressions/bindings.ts";
import { type Projection, parseProjection, projected, projectionOf } from "./expressions/projection.ts";
import { tableForData } from "./find.ts";
import { checkedKey, checkItemKey, placeOf } from "./keys.ts";
import { forgetRuns } from "./records.ts";
import { items } from "./tables.ts";
import { charge, checkThroughput } from "./throttle.ts";
import { checkAttributeName, checkedItem, type Item } from "./values.ts";
import { vaultOf } from "./vault.ts";
import { validation } from "./words.ts";
import { type WriteRequest, write } from "./write.ts";

/** One item: put, got, deleted. */

interface ProjectionInput {
  ProjectionExpression?: string | undefined;
  AttributesToGet?: string[] | undefined;
  ExpressionAttributeNames?: Record<string, string> | undefined;
}

/** What of an item is asked for; undefined for all of it. */
export function soleProjection(input: ProjectionInput): Projection | undefined {
  const { ProjectionExpression: text, AttributesToGet: names, ExpressionAttributeNames } = input;
  if (text === undefined && names === undefined && ExpressionAttributeNames === undefined) return undefined;
  checkNotMixed(input, ["ProjectionExpression"], ["AttributesToGet"]);
  const bindings = new Bindings({ ExpressionAttributeNames }, { ProjectionExpression: text });
  const projection = text === undefined ? legacyProjection(names) : parseProjection(text, bindings);
  bindings.checkUsed();
  return projection;
}

export function legacyProjection(names: readonly string[] | undefined): Projection | undefined {
  if (names === undefined) return undefined;
  for (const name of names) checkAttributeName(name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw validation(
      `One or more parameter values were invalid: Duplicate value in attribute name: ${twice}`,
    );
  }
  return projectionOf(names.map((name) => [name]));
}

/** Condition keys of an operation on one item; `attributes` are those that it names. */
export function itemKeys(
  input: {
    ReturnConsumedCapacity?: string | undefined;
    ReturnValues?: string | undefined;
  },
  leading: string[] | undefined,
  attributes: readonly string[] | undefined,
) {
  return {
    "dynamodb:LeadingKeys": leading,
    "dynamodb:Attributes": attributes,
    "dynamodb:ReturnConsumedCapacity": input.ReturnConsumedCapacity ?? "NONE",
    "dynamodb:ReturnValues": input.ReturnValues ?? "NONE",
  };
}

/** Attributes that an expression or a list names, as far as they can be read without judging it. */
export function namedAttributes(
  input: {
    ExpressionAttributeNames?: Record<string, string> | undefined;
    AttributesToGet?: string[] | undefined;
  },
  ...expressions: (string | undefined)[]
): string[] {
  const names = new Set(input.AttributesToGet);
  for (const text of expressions) {
    for (const [, sign, word] of text?.matchAll(/(?<![\w.:#])([:#]?)([A-Za-z0-9_]+)(?!\w|\s*\()/g) ?? []) {
      if (sign === "#") {
        const name = input.ExpressionAttributeNames?.[`#${word}`];
        if (name !== undefined) names.add(name);
      } else if (sign === "" && !keywords.has((word as string).toUpperCase())) names.add(word as string);
    }
  }
  return [...names];
}

const keywords = new Set(["AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"]);

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html */
export const getItem = dynamodb.operation("GetItem", {
  access: onTable("GetItem", (input, named) => ({
    context: () =>
      itemKeys(input, leadingKeysOf(named, [input.Key]), [
        ...namedAttributes(input, input.ProjectionExpression),
        ...Object.keys(input.Key),
      ]),
  })),
  async handle(input, ctx) {
    const table = await tableForData(input.TableName, ctx);
    const projection = soleProjection(input);
    const { partition, sort } = placeOf(table, checkedKey(table.key, input.Key));
    checkThroughput(table, "read", ctx);
    const found = items.get(ctx.tx, table.account, table.region, table.store, partition, sort);
    const row = found instanceof Promise ? await found : found;
    const meter = new Meter(table);
    meter.read(readUnits(row?.bytes ?? 0, input.ConsistentRead === true));
    charge(meter, ctx);
    const ConsumedCapacity = meter.shown(input.ReturnConsumedCapacity);
    if (row === undefined) return { ...(ConsumedCapacity && { ConsumedCapacity }) };
    const vault = vaultOf(table, ctx);
    const item = (vault instanceof Promise ? await vault : vault).open(row);
    return {
      Item: shownItem(projection === undefined ? item : projected(item, projection)),
      ...(ConsumedCapacity && { ConsumedCapacity }),
    };
  },
  record: itemRecord,
});

interface ReplaceInput {
  ReturnValuesOnConditionCheckFailure?: string | undefined;
  ReturnConsumedCapacity?: string | undefined;
  ReturnItemCollectionMetrics?: string | undefined;
}

/** Puts an item in the place that `key` names, or takes away what is there. */
async function replaceItem(
  {
    table,
    wanted,
    condition,
    key,
    item,
  }: Pick<WriteRequest, "table" | "condition"> & { wanted: string; key: Item; item: Item | undefined },
  input: ReplaceInput,
  ctx: Context,
) {
  const place = placeOf(table, key);
  const meter = new Meter(table);
  const { before } = await write(
    {
      table,
      place,
      condition,
      showsItem: input.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
      change: () => item,
      needsBefore: wanted === "ALL_OLD" || input.ReturnConsumedCapacity !== undefined,
    },
    meter,
    ctx,
  );
  charge(meter, ctx);
  const capacity = meter.shown(input.ReturnConsumedCapacity);
  const metrics = await collectionMetrics(table, place, key, input.ReturnItemCollectionMetrics, ctx);
  return {
    ...(wanted === "ALL_OLD" && before && { Attributes: shownItem(before) }),
    ...(capacity && { ConsumedCapacity: capacity }),
    ...(metrics && { ItemCollectionMetrics: metrics as never }),
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html */
export const putItem = dynamodb.operation("PutItem", {
  access: onTable("PutItem", (input, named) => ({
    context: () =>
      itemKeys(input, leadingKeysOf(named, [input.Item]), [
        ...Object.keys(input.Item),
        ...namedAttributes(input, input.ConditionExpression),
      ]),
  })),
  async handle(input, ctx) {
    forgetRuns(ctx);
    const table = await tableForData(input.TableName, ctx);
    const wanted = returned(input.ReturnValues, ["NONE", "ALL_OLD"]);
    const condition = soleCondition(input as ConditionInput);
    const item = checkedItem(input.Item);
    checkItemKey(table.key, item);
    checkThroughput(table, "write", ctx);
    return await replaceItem({ table, wanted, condition, key: item, item }, input, ctx);
  },
  record: {
    data: true,
    requestOnly: ({ TableName }) => ({ tableName: TableName }),
    response: () => null,
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html */
export const deleteItem = dynamodb.operation("DeleteItem", {
  access: onTable("DeleteItem", (input, named) => ({
    context: () =>
      itemKeys(input, leadingKeysOf(named, [input.Key]), [
        ...Object.keys(input.Key),
        ...namedAttributes(input, input.ConditionExpression),
      ]),
  })),
  async handle(input, ctx) {
    forgetRuns(ctx);
    const table = await tableForData(input.TableName, ctx);
    const wanted = returned(input.ReturnValues, ["NONE", "ALL_OLD"]);
    const condition = soleCondition(input as ConditionInput);
    const key = checkedKey(table.key, input.Key);
    checkThroughput(table, "write", ctx);
    return await replaceItem({ table, wanted, condition, key, item: undefined }, input, ctx);
  },
  record: { ...itemRecord, response: () => null },
});
