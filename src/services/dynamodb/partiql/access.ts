import type { Context } from "../../../kit/context.ts";
import type { Access } from "../../../kit/service.ts";
import { accessTo, leadingKey } from "../access.ts";
import { attributesOf } from "../expressions/evaluate.ts";
import { locate, tableArn } from "../find.ts";
import type { KeySchema } from "../tables.ts";
import type { Item, Value } from "../values.ts";
import { rangesOf } from "./keys.ts";
import { parseStatement, type Statement } from "./statements.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html */

const actions: Record<Statement["kind"], string> = {
  select: "PartiQLSelect",
  insert: "PartiQLInsert",
  update: "PartiQLUpdate",
  delete: "PartiQLDelete",
  exists: "PartiQLSelect",
};

interface Given {
  Statement: string;
  Parameters?: unknown[] | undefined;
}

/** A statement that cannot be read asks for anything; what is wrong with it, its caller then learns. */
function parsed({ Statement, Parameters }: Given): Statement | undefined {
  try {
    return parseStatement(Statement, Parameters);
  } catch {
    return undefined;
  }
}

function keysOf(statement: Statement, schema: KeySchema | undefined) {
  const name = schema?.hash[0]?.name ?? "";
  if (statement.kind === "insert") {
    const { item } = statement;
    const key = leadingKey(item[name]);
    return { leading: key === undefined ? [] : [key], attributes: Object.keys(item) };
  }
  const select = statement.kind === "exists" ? statement.select : statement;
  const ranges = schema && rangesOf(select.where, schema);
  const leading = ranges?.flatMap(({ partition }: { partition: Item }) => {
    const key = leadingKey(partition[name] as Value | undefined);
    return key === undefined ? [] : [key];
  });
  const attributes = select.where === undefined ? new Set<string>() : attributesOf(select.where);
  if (select.kind === "select") for (const [first] of select.paths ?? []) attributes.add(String(first));
  if (select.kind === "update") for (const { path } of select.actions) attributes.add(String(path[0]));
  return { leading, attributes: [...attributes], isScan: select.kind === "select" && ranges === undefined };
}

export async function statementAccess(given: Given, operation: string, ctx: Context): Promise<Access> {
  const statement = parsed(given);
  if (statement === undefined) {
    return {
      action: "dynamodb:PartiQLSelect",
      resource: tableArn(ctx.account, ctx.region, "*"),
      resourceAccount: ctx.account,
    };
  }
  const named = await locate(statement.table, ctx);
  const select = statement.kind === "exists" ? statement.select : statement;
  const index = select.kind === "select" ? select.index : undefined;
  const schema = (named.table?.indexes.find(({ name }) => name === index) ?? named.table)?.key;
  return accessTo(actions[statement.kind], named, {
    below: index === undefined ? undefined : `/index/${index}`,
    context: () => {
      const { leading, attributes, isScan } = keysOf(statement, schema);
      return {
        "dynamodb:LeadingKeys": leading,
        "dynamodb:Attributes": attributes,
        "dynamodb:EnclosingOperation": operation,
        ...(isScan !== undefined && { "dynamodb:FullTableScan": String(isScan) }),
      };
    },
  });
}
