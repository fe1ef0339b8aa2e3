import { leadingKeysOf, onTable } from "./access.ts";
import { collectionMetrics, itemRecord, returned, shownItem } from "./answers.ts";
import { Meter } from "./capacity.ts";
import { sameValue } from "./compare.ts";
import { type ConditionInput, checkNotMixed, conditionOf } from "./conditions.ts";
import { dynamodb } from "./contract.ts";
import { added, applied, without } from "./expressions/apply.ts";
import { Bindings, type Placeholders } from "./expressions/bindings.ts";
import type { Action, Condition, Path } from "./expressions/nodes.ts";
import { treeOf } from "./expressions/paths.ts";
import { projected } from "./expressions/projection.ts";
import { parseUpdate } from "./expressions/updates.ts";
import { tableForData } from "./find.ts";
import { itemKeys, namedAttributes } from "./items.ts";
import { checkedKey, keyNames, placeOf } from "./keys.ts";
import { forgetRuns } from "./records.ts";
import type { TableRow } from "./tables.ts";
import { charge, checkThroughput } from "./throttle.ts";
import { checkAttributeName, checkedValue, type Item, typeOf, type Value } from "./values.ts";
import { invalidParameter, validation } from "./words.ts";
import { write } from "./write.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html */

/** What is done to an item: to the one that is there, or to a new one with its key. */
export interface Update {
  paths: readonly Path[];
  apply(before: Item): Item;
  /** Only takes away: makes no item where there is none. */
  makesNone?: boolean;
}

export const tooLarge = "Item size to update has exceeded the maximum allowed size";

export function expressionUpdate(text: string | undefined, bindings: Bindings, table: TableRow): Update {
  const actions: Action[] = text === undefined ? [] : parseUpdate(text, bindings);
  const paths = actions.map(({ path }) => path);
  checkNoKeys(table, paths);
  const makesNone = actions.length > 0 && actions.every(({ kind }) => kind === "REMOVE" || kind === "DELETE");
  return { paths, makesNone, apply: (before) => (actions.length === 0 ? before : applied(actions, before)) };
}

export function checkNoKeys({ key }: TableRow, paths: readonly Path[]): void {
  const names = keyNames(key);
  const changed = paths.find(([first]) => names.includes(String(first)));
  if (changed === undefined) return;
  throw invalidParameter(`Cannot update attribute ${changed[0]}. This attribute is part of the key`);
}

interface GivenUpdate {
  Value?: unknown;
  Action?: string | undefined;
}

/** The legacy AttributeUpdates. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.AttributeUpdates.html */
function legacyUpdate(given: Record<string, GivenUpdate>, table: TableRow): Update {
  const updates = Object.entries(given).map(([name, { Value: value, Action = "PUT" }]) => {
    checkAttributeName(name);
    const checked = value === undefined ? undefined : checkedValue(value);
    if (checked === undefined && Action !== "DELETE") {
      throw invalidParameter("Only DELETE action is allowed when no attribute value is specified");
    }
    if (checked !== undefined) checkLegacyType(Action, checked);
    return { name, action: Action, value: checked };
  });
  const paths = updates.map(({ name }) => [name]);
  checkNoKeys(table, paths);
  return {
    paths,
    makesNone: updates.length > 0 && updates.every(({ action }) => action === "DELETE"),
    apply(before) {
      const after: Item = { ...before };
      for (const { name, action, value } of updates) {
        const held = Object.hasOwn(before, name) ? before[name] : undefined;
        const now = legacyValue(action, held, value);
        if (now === undefined) delete after[name];
        else after[name] = now;
      }
      return after;
    },
  };
}

function checkLegacyType(action: string, value: Value): void {
  const type = typeOf(value);
  const isSet = type === "SS" || type === "NS" || type === "BS";
  if (action === "ADD" && !isSet && type !== "N" && type !== "L")
    throw invalidParameter(`ADD action is not supported for the type ${type}`);
  if (action === "DELETE" && !isSet)
    throw invalidParameter(`DELETE action with value is not supported for the type ${type}`);
}

function legacyValue(action: string, held: Value | undefined, value: Value | undefined): Value | undefined {
  if (value === undefined) return undefined;
  if (action === "PUT") return value;
  try {
    if (action === "DELETE") return held === undefined ? undefined : without(held, value);
    if (value.L !== undefined && held?.L !== undefined) return { L: [...held.L, ...value.L] };
    return added(held, value);
  } catch (error) {
    if (held === undefined || typeOf(held) === typeOf(value)) throw error;
    throw validation("Type mismatch for attribute to update");
  }
}

export interface UpdateInput extends Placeholders, ConditionInput {
  UpdateExpression?: string | undefined;
  AttributeUpdates?: Record<string, GivenUpdate> | undefined;
}

/** The update and the condition of a request. */
export function readUpdate(
  input: UpdateInput,
  table: TableRow,
): { update: Update; condition: Condition | undefined } {
  checkNotMixed(
    input,
    ["UpdateExpression", "ConditionExpression"],
    ["AttributeUpdates", "Expected", "ConditionalOperator"],
  );
  const { UpdateExpression, ConditionExpression } = input;
  const bindings = new Bindings(input, { UpdateExpression, ConditionExpression });
  const update =
    input.AttributeUpdates === undefined
      ? expressionUpdate(UpdateExpression, bindings, table)
      : legacyUpdate(input.AttributeUpdates, table);
  const condition = conditionOf(input, bindings);
  bindings.checkUsed();
  return { update, condition };
}

/** The item that an update makes of one, or of none. */
export function updated({ apply, makesNone }: Update, key: Item, before: Item | undefined): Item | undefined {
  if (before === undefined && makesNone) return undefined;
  return apply(before ?? key);
}

/** What of the item an answer shows. */
export function updatedAttributes(
  wanted: string,
  { paths }: Update,
  before: Item | undefined,
  after: Item | undefined,
): Item | undefined {
  const tree = () => ({ tree: treeOf(paths, "UpdateExpression") });
  switch (wanted) {
    case "ALL_OLD":
      return before;
    case "ALL_NEW":
      return after;
    case "UPDATED_OLD":
      return before && filled(projected(before, tree()));
    case "UPDATED_NEW":
      return after && filled(projected(after, tree()));
    default:
      return undefined;
  }
}

function filled(item: Item): Item | undefined {
  return Object.keys(item).length === 0 ? undefined : item;
}

/** Whether an update leaves an item as it is: then nothing is written. */
function isSame(before: Item | undefined, after: Item | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const names = Object.keys(after);
  return (
    names.length === Object.keys(before).length &&
    names.every((name) => {
      const held = before[name];
      return held !== undefined && (held === after[name] || sameValue(held, after[name] as Value));
    })
  );
}

export function changeBy(update: Update, key: Item) {
  return (before: Item | undefined) => {
    const after = updated(update, key, before);
    return isSame(before, after) ? before : after;
  };
}

export const updateItem = dynamodb.operation("UpdateItem", {
  access: onTable("UpdateItem", (input, named) => ({
    context: () =>
      itemKeys(input, leadingKeysOf(named, [input.Key]), [
        ...Object.keys(input.Key),
        ...Object.keys(input.AttributeUpdates ?? {}),
        ...namedAttributes(input, input.UpdateExpression, input.ConditionExpression),
      ]),
  })),
  async handle(input, ctx) {
    forgetRuns(ctx);
    const table = await tableForData(input.TableName, ctx);
    const wanted = returned(input.ReturnValues, ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"]);
    const { update, condition } = readUpdate(input as UpdateInput, table);
    const key = checkedKey(table.key, input.Key);
    checkThroughput(table, "write", ctx);
    const place = placeOf(table, key);
    const meter = new Meter(table);
    const { before, after } = await write(
      {
        table,
        place,
        condition,
        showsItem: input.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
        change: changeBy(update, key),
        needsBefore: true,
        tooLarge,
      },
      meter,
      ctx,
    );
    charge(meter, ctx);
    const attributes = updatedAttributes(wanted, update, before, after);
    const capacity = meter.shown(input.ReturnConsumedCapacity);
    const metrics = await collectionMetrics(table, place, key, input.ReturnItemCollectionMetrics, ctx);
    return {
      ...(attributes && { Attributes: shownItem(attributes) }),
      ...(capacity && { ConsumedCapacity: capacity }),
      ...(metrics && { ItemCollectionMetrics: metrics as never }),
    };
  },
  record: { ...itemRecord, response: () => null },
});
