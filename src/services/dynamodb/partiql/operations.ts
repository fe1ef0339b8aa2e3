import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { shownItem } from "../answers.ts";
import { Meter, Meters } from "../capacity.ts";
import { dynamodb } from "../contract.ts";
import { holds } from "../expressions/evaluate.ts";
import { placeOf } from "../keys.ts";
import { forgetRuns } from "../records.ts";
import { charge, checkThroughput } from "../throttle.ts";
import { type ActionPlan, canceled, doneBefore, reasonOf, runAll } from "../transactions.ts";
import { validation } from "../words.ts";
import { write } from "../write.ts";
import { statementAccess } from "./access.ts";
import { keyIn } from "./keys.ts";
import { isWrite, select, tableOf, writeOf } from "./run.ts";
import { parseStatement, type Statement } from "./statements.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html */

const never = { data: true as const, response: () => null };

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html */
export const executeStatement = dynamodb.operation("ExecuteStatement", {
  access: (input, ctx) => statementAccess(input, "ExecuteStatement", ctx as Context),
  async handle(input, ctx) {
    forgetRuns(ctx as Context);
    const statement = parseStatement(input.Statement, input.Parameters);
    if (statement.kind === "exists") throw validation("EXISTS can only be used in ExecuteTransaction");
    const table = await tableOf(statement, ctx as Context);
    const meter = new Meter(table);
    if (isWrite(statement)) {
      checkThroughput(table, "write", ctx as Context);
      const showsItem = input.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
      const { request, returned } = writeOf(statement, table, showsItem);
      const item = returned(await write(request, meter, ctx as Context));
      charge(meter, ctx as Context);
      const capacity = meter.shown(input.ReturnConsumedCapacity);
      return { Items: item ? [shownItem(item)] : [], ...(capacity && { ConsumedCapacity: capacity }) };
    }
    const options = {
      consistent: input.ConsistentRead === true,
      limit: input.Limit,
      token: input.NextToken,
    };
    const { items, token, last } = await select(statement, options, meter, ctx as Context);
    charge(meter, ctx as Context);
    const capacity = meter.shown(input.ReturnConsumedCapacity);
    return {
      Items: items.map(shownItem),
      ...(token !== undefined && { NextToken: token }),
      ...(last && { LastEvaluatedKey: shownItem(last) }),
      ...(capacity && { ConsumedCapacity: capacity }),
    };
  },
  record: { ...never, readOnly: false, requestOnly: () => ({ statement: "HIDDEN_DUE_TO_SECURITY_REASONS" }) },
});

const errorCodes: Record<string, string> = {
  ConditionalCheckFailedException: "ConditionalCheckFailed",
  ValidationException: "ValidationError",
  ProvisionedThroughputExceededException: "ProvisionedThroughputExceeded",
  ResourceNotFoundException: "ResourceNotFound",
  DuplicateItemException: "DuplicateItem",
  AccessDeniedException: "AccessDenied",
};

function checkAlike(statements: readonly (Statement | undefined)[]): void {
  const known = statements.filter((one) => one !== undefined);
  if (known.some(isWrite) && !known.every(isWrite)) {
    throw validation(
      "Batch/Transaction cannot contain both read and write statements: they must be of one kind",
    );
  }
}

function parsed(given: { Statement: string; Parameters?: unknown[] | undefined }): Statement | undefined {
  try {
    return parseStatement(given.Statement, given.Parameters);
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

/** One item, by its whole key. */
async function selectOne(
  statement: Extract<Statement, { kind: "select" }>,
  consistent: boolean,
  meter: Meter,
  ctx: Context,
) {
  if (statement.index !== undefined)
    throw validation("Select statements within a batch or transaction cannot use an index");
  keyIn(statement.where, meter.table);
  const { items } = await select(statement, { consistent, limit: undefined, token: undefined }, meter, ctx);
  return items[0];
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html */
export const batchExecuteStatement = dynamodb.operation("BatchExecuteStatement", {
  access: ({ Statements }, ctx) =>
    Promise.all(Statements.map((one) => statementAccess(one, "BatchExecuteStatement", ctx as Context))),
  async handle(input, ctx) {
    forgetRuns(ctx as Context);
    checkAlike(input.Statements.map(parsed));
    const meters = new Meters();
    const Responses: { TableName?: string; Item?: never; Error?: { Code?: never; Message?: string } }[] = [];
    for (const given of input.Statements) {
      try {
        const statement = parseStatement(given.Statement, given.Parameters);
        if (statement.kind === "exists") throw validation("EXISTS can only be used in ExecuteTransaction");
        const table = await tableOf(statement, ctx as Context);
        checkThroughput(table, isWrite(statement) ? "write" : "read", ctx as Context);
        let item: Awaited<ReturnType<typeof selectOne>>;
        if (isWrite(statement)) {
          const showsItem = given.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
          const { request, returned } = writeOf(statement, table, showsItem);
          item = returned(await write(request, meters.of(table), ctx as Context));
        } else {
          item = await selectOne(statement, given.ConsistentRead === true, meters.of(table), ctx as Context);
        }
        Responses.push({ TableName: table.name, ...(item && { Item: shownItem(item) }) });
      } catch (error) {
        const code = error instanceof AwsError ? errorCodes[error.code] : undefined;
        if (!(error instanceof AwsError) || code === undefined) throw error;
        const shown = error.members?.Item;
        Responses.push({
          Error: { Code: code as never, Message: error.message, ...(shown ? { Item: shown } : {}) },
        });
      }
    }
    for (const meter of meters.all) charge(meter, ctx as Context);
    const capacity = meters.shown(input.ReturnConsumedCapacity);
    return { Responses, ...(capacity && { ConsumedCapacity: capacity }) };
  },
  record: {
    ...never,
    readOnly: false,
    requestOnly: ({ Statements }) => ({ statements: Statements?.length ?? 0 }),
  },
});

/** What a statement of a transaction is: a write, or a condition that EXISTS asks for. */
async function actionOf(statement: Statement, showsItem: boolean, ctx: Context): Promise<ActionPlan> {
  const table = await tableOf(statement, ctx);
  try {
    if (isWrite(statement)) return writeOf(statement, table, showsItem).request;
    const { where } = statement.kind === "exists" ? statement.select : statement;
    const place = placeOf(table, keyIn(where, table));
    return {
      table,
      place,
      condition: where,
      showsItem,
      needsBefore: true,
      change: (before) => {
        if (where !== undefined && !holds(where, before)) throw validation("EXISTS found nothing");
        return before;
      },
    };
  } catch (error) {
    return reasonOf(error);
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteTransaction.html */
export const executeTransaction = dynamodb.operation("ExecuteTransaction", {
  access: ({ TransactStatements }, ctx) =>
    Promise.all(TransactStatements.map((one) => statementAccess(one, "ExecuteTransaction", ctx as Context))),
  async handle(input, ctx) {
    forgetRuns(ctx as Context);
    const given = input.TransactStatements;
    const statements = given.map(({ Statement, Parameters }) => parseStatement(Statement, Parameters));
    const isReading = statements.every(({ kind }) => kind === "select");
    if (!isReading && statements.some(({ kind }) => kind === "select"))
      throw validation("A transaction cannot contain both read and write statements");
    const meters = new Meters();
    if (isReading) {
      const Responses: { Item?: never }[] = [];
      for (const statement of statements as Extract<Statement, { kind: "select" }>[]) {
        const meter = meters.of(await tableOf(statement, ctx as Context));
        try {
          const item = await selectOne(statement, true, meter, ctx as Context);
          Responses.push(item === undefined ? {} : { Item: shownItem(item) });
        } catch (error) {
          const reason = reasonOf(error);
          throw canceled(statements.map((one) => (one === statement ? reason : undefined)));
        }
      }
      const capacity = meters.shown(input.ReturnConsumedCapacity, true);
      return { Responses, ...(capacity && { ConsumedCapacity: capacity }) };
    }
    if (!(await doneBefore(input.ClientRequestToken, input as never, ctx as Context))) {
      const actions: ActionPlan[] = [];
      for (const [i, statement] of statements.entries()) {
        const showsItem = given[i]?.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
        actions.push(await actionOf(statement, showsItem, ctx as Context));
      }
      await runAll(actions, meters, ctx as Context);
    }
    const capacity = meters.shown(input.ReturnConsumedCapacity, true);
    return { Responses: [], ...(capacity && { ConsumedCapacity: capacity }) };
  },
  record: {
    ...never,
    readOnly: false,
    requestOnly: ({ TransactStatements }) => ({ transactStatements: TransactStatements?.length ?? 0 }),
  },
});
