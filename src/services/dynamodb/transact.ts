import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { accessTo, leadingKeysOf } from "./access.ts";
import { collectionMetrics, shownItem } from "./answers.ts";
import { Meters, readUnits } from "./capacity.ts";
import { type ConditionInput, soleCondition } from "./conditions.ts";
import { dynamodb } from "./contract.ts";
import { projected } from "./expressions/projection.ts";
import { locate, tableForData } from "./find.ts";
import { namedAttributes, soleProjection } from "./items.ts";
import { checkedKey, checkItemKey, placeOf } from "./keys.ts";
import { forgetRuns } from "./records.ts";
import { items, type TableRow } from "./tables.ts";
import { charge } from "./throttle.ts";
import { type ActionPlan, canceled, doneBefore, type Reason, reasonOf, runAll } from "./transactions.ts";
import { changeBy, readUpdate, tooLarge, type UpdateInput } from "./updateItem.ts";
import { checkedItem, type Item, itemBytes } from "./values.ts";
import { vaultOf } from "./vault.ts";
import { validation } from "./words.ts";

/** One action of TransactWriteItems. */
interface Action extends ConditionInput {
  TableName: string;
  Key?: unknown;
  Item?: unknown;
  UpdateExpression?: string | undefined;
  ReturnValuesOnConditionCheckFailure?: string | undefined;
}

interface GivenActions {
  Put?: Action | undefined;
  Update?: Action | undefined;
  Delete?: Action | undefined;
  ConditionCheck?: Action | undefined;
}

type Verb = keyof GivenActions;

const actionNames: Record<Verb, string> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
};

function chosen(given: GivenActions): [Verb, Action] {
  const set = (Object.keys(actionNames) as Verb[]).filter((verb) => given[verb] !== undefined);
  const [verb] = set;
  if (verb === undefined || set.length > 1) {
    throw validation("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  return [verb, given[verb] as Action];
}

function accessOf(given: GivenActions, ctx: Context): Promise<Access[]> {
  const wanted = (Object.keys(actionNames) as Verb[]).map(async (verb) => {
    const action = given[verb];
    if (action === undefined) return [];
    const named = await locate(action.TableName, ctx);
    const target = (action.Key ?? action.Item) as Item | undefined;
    return [
      accessTo(actionNames[verb], named, {
        context: () => ({
          "dynamodb:LeadingKeys": leadingKeysOf(named, [target]),
          "dynamodb:Attributes": [
            ...Object.keys(target ?? {}),
            ...namedAttributes(action, action.UpdateExpression, action.ConditionExpression),
          ],
          "dynamodb:EnclosingOperation": "TransactWriteItems",
        }),
      }),
    ];
  });
  return Promise.all(wanted).then((all) => all.flat());
}

/** The write that an action is. What is wrong with its expressions fails the call; with its item, the action. */
async function readAction(given: GivenActions, ctx: Context): Promise<ActionPlan> {
  const [verb, action] = chosen(given);
  const table = await tableForData(action.TableName, ctx);
  const showsItem = action.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
  if (verb === "Update") {
    const { update, condition } = readUpdate(action as UpdateInput, table);
    return planned(() => {
      const key = checkedKey(table.key, action.Key);
      const change = changeBy(update, key);
      return { table, place: placeOf(table, key), condition, showsItem, change, needsBefore: true, tooLarge };
    });
  }
  const condition = soleCondition(action);
  if (verb === "Put") {
    const item = checkedItem(action.Item);
    return planned(() => {
      checkItemKey(table.key, item);
      const place = placeOf(table, item);
      return { table, place, condition, showsItem, change: () => item, needsBefore: true };
    });
  }
  if (verb === "ConditionCheck" && condition === undefined)
    throw validation("ConditionExpression must be specified in a ConditionCheck");
  return planned(() => {
    const place = placeOf(table, checkedKey(table.key, action.Key));
    const change = verb === "Delete" ? () => undefined : (before: Item | undefined) => before;
    return { table, place, condition, showsItem, change, needsBefore: true };
  });
}

const maxPayloadBytes = 4 * 2 ** 20;

/** What counts is what the request brings, not what it writes to. */
function checkPayload(given: readonly GivenActions[]): void {
  let bytes = 0;
  for (const one of given) {
    const [, { Item, Key, ExpressionAttributeValues }] = chosen(one);
    for (const brought of [Item, Key, ExpressionAttributeValues]) {
      if (brought !== undefined) bytes += itemBytes(brought as Item);
    }
  }
  if (bytes > maxPayloadBytes) {
    throw validation(
      "Member must have aggregate size limits: Transaction payload size cannot exceed 4194304 bytes",
    );
  }
}

function planned(read: () => ActionPlan): ActionPlan {
  try {
    return read();
  } catch (error) {
    return reasonOf(error);
  }
}

async function metricsOf(
  actions: readonly ActionPlan[],
  given: readonly GivenActions[],
  wanted: string | undefined,
  ctx: Context,
) {
  if (wanted !== "SIZE") return undefined;
  const all: Record<string, unknown[]> = {};
  for (const [i, action] of actions.entries()) {
    if (!("table" in action)) continue;
    const [, { Key, Item }] = chosen(given[i] as GivenActions);
    const metrics = await collectionMetrics(action.table, action.place, (Key ?? Item) as Item, wanted, ctx);
    if (metrics === undefined) continue;
    all[action.table.name] ??= [];
    all[action.table.name]?.push(metrics);
  }
  return Object.keys(all).length === 0 ? undefined : all;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
export const transactWriteItems = dynamodb.operation("TransactWriteItems", {
  access: async ({ TransactItems }, ctx) =>
    (await Promise.all(TransactItems.map((given) => accessOf(given as GivenActions, ctx as Context)))).flat(),
  async handle(input, ctx) {
    forgetRuns(ctx as Context);
    const given = input.TransactItems as GivenActions[];
    const actions: ActionPlan[] = [];
    for (const one of given) actions.push(await readAction(one, ctx as Context));
    checkPayload(given);
    const meters = new Meters();
    if (await doneBefore(input.ClientRequestToken, input as never, ctx as Context)) {
      const tables = new Set<TableRow>();
      for (const action of actions) if ("table" in action) tables.add(action.table);
      for (const table of tables) meters.of(table).read(2);
      const capacity = meters.shown(input.ReturnConsumedCapacity, true);
      return { ...(capacity && { ConsumedCapacity: capacity }) };
    }
    await runAll(actions, meters, ctx as Context);
    const capacity = meters.shown(input.ReturnConsumedCapacity, true);
    const metrics = await metricsOf(actions, given, input.ReturnItemCollectionMetrics, ctx as Context);
    return {
      ...(capacity && { ConsumedCapacity: capacity }),
      ...(metrics && { ItemCollectionMetrics: metrics as never }),
    };
  },
  record: {
    data: true,
    requestOnly: ({ TransactItems }) => ({
      transactItems: (TransactItems ?? []).map((given) => {
        const verb = (Object.keys(actionNames) as Verb[]).find((name) => given[name] !== undefined);
        const action = verb && (given[verb] as Action);
        return action && { operation: verb, tableName: action.TableName };
      }),
    }),
    response: () => null,
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html */
export const transactGetItems = dynamodb.operation("TransactGetItems", {
  access: async ({ TransactItems }, ctx) =>
    await Promise.all(
      TransactItems.map(async ({ Get }) => {
        const named = await locate(Get?.TableName ?? "", ctx as Context);
        return accessTo("GetItem", named, {
          context: () => ({
            "dynamodb:LeadingKeys": leadingKeysOf(named, [Get?.Key]),
            "dynamodb:Attributes": [
              ...Object.keys(Get?.Key ?? {}),
              ...namedAttributes(Get ?? {}, Get?.ProjectionExpression),
            ],
            "dynamodb:EnclosingOperation": "TransactGetItems",
          }),
        });
      }),
    ),
  async handle(input, ctx) {
    const meters = new Meters();
    const Responses: { Item?: never }[] = [];
    const reasons: (Reason | undefined)[] = [];
    for (const { Get } of input.TransactItems) {
      if (Get === undefined) throw validation("TransactItems can only contain Get");
      const table = await tableForData(Get.TableName, ctx as Context);
      const projection = soleProjection(Get);
      try {
        const { partition, sort } = placeOf(table, checkedKey(table.key, Get.Key));
        const { account, region, store } = table;
        const row = await items.get(ctx.tx, account, region, store, partition, sort);
        meters.of(table).read(readUnits(row?.bytes ?? 0, true) * 2);
        const item = row && (await vaultOf(table, ctx as Context)).open(row);
        const shown = item && (projection === undefined ? item : projected(item, projection));
        Responses.push(shown === undefined ? {} : { Item: shownItem(shown) });
        reasons.push(undefined);
      } catch (error) {
        reasons.push(reasonOf(error));
      }
    }
    if (reasons.some((reason) => reason !== undefined)) throw canceled(reasons);
    for (const meter of meters.all) charge(meter, ctx as Context);
    const capacity = meters.shown(input.ReturnConsumedCapacity, true);
    return { Responses, ...(capacity && { ConsumedCapacity: capacity }) };
  },
  record: {
    data: true,
    readOnly: true,
    requestOnly: ({ TransactItems }) => ({
      transactItems: (TransactItems ?? []).map(({ Get }) => ({ tableName: Get?.TableName })),
    }),
  },
});
