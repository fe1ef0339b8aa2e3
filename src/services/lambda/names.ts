import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { invalid, notFound } from "./refusals.ts";
import { type AliasRow, aliases, type FunctionRow, functions, type PolicyRow, policies } from "./tables.ts";

/** Functions by the many names that AWS takes for them. */

export interface FunctionName {
  account: string;
  region: string;
  name: string;
  /** Version or alias; undefined where none was given. */
  qualifier: string | undefined;
}

export const latest = "$LATEST";
export const maxNameLength = 64;

const form =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_.]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

/** Reads a name; undefined for what is none. */
export function readName(
  text: string,
  ctx: Pick<Context, "account" | "region">,
  qualifier?: string,
): FunctionName | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, region = ctx.region, account = ctx.account, name = "", own] = match;
  return { account, region, name, qualifier: own ?? qualifier };
}

/** The function that an input names. */
export function nameOf(
  text: string,
  ctx: Pick<Context, "account" | "region">,
  qualifier?: string,
): FunctionName {
  const found = readName(text, ctx, qualifier);
  if (found === undefined) throw invalid(`Invalid function name: ${text}`);
  const [, , , , own] = form.exec(text) ?? [];
  if (own !== undefined && qualifier !== undefined && own !== qualifier)
    throw invalid("The derived qualifier from the function name does not match the specified qualifier.");
  if (found.region !== ctx.region)
    throw notFound(`Functions from '${found.region}' are not reachable in this region ('${ctx.region}')`);
  if (found.name.length > maxNameLength) {
    throw invalid(
      `1 validation error detected: Value '${found.name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${maxNameLength}`,
    );
  }
  return found;
}

/** The function that an input names, where versions and aliases have no say. */
export function wholeFunction(text: string, ctx: Pick<Context, "account" | "region">): FunctionName {
  const named = nameOf(text, ctx);
  if (named.qualifier !== undefined) {
    throw invalid(
      "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
    );
  }
  return named;
}

export function functionArn(
  { account, region, name }: Omit<FunctionName, "qualifier">,
  qualifier?: string,
): string {
  const arn = `arn:aws:lambda:${region}:${account}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

export function arnOf(named: FunctionName): string {
  return functionArn(named, named.qualifier);
}

export async function findFunction(
  { account, region, name }: FunctionName,
  ctx: Pick<Context, "tx">,
): Promise<FunctionRow | undefined> {
  return await functions.get(ctx.tx, account, region, name);
}

export async function existingFunction(named: FunctionName, ctx: Pick<Context, "tx">): Promise<FunctionRow> {
  const row = await findFunction(named, ctx);
  if (row === undefined) throw notFound(`Function not found: ${arnOf(named)}`);
  return row;
}

export function isVersion(qualifier: string): boolean {
  return /^\d+$/.test(qualifier);
}

export async function findAlias(
  { account, region, name }: FunctionName,
  alias: string,
  ctx: Pick<Context, "tx">,
): Promise<AliasRow | undefined> {
  return await aliases.get(ctx.tx, account, region, name, alias);
}

/** The policy that decides over a function as it is named: each alias and version has its own. */
export async function policyOf(
  { account, region, name, qualifier }: FunctionName,
  ctx: Pick<Context, "tx">,
): Promise<PolicyRow | undefined> {
  const key = qualifier === undefined || qualifier === latest ? "" : qualifier;
  return await policies.get(ctx.tx, account, region, name, key);
}

export function documentOf({ statements }: Pick<PolicyRow, "statements">): string {
  return JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: statements });
}

/** A function as a resource of an access declaration, its policy included. */
export async function functionAccess(
  action: string,
  text: string,
  ctx: Context,
  options: { qualifier?: string | undefined; context?: Access["context"]; unqualified?: boolean } = {},
): Promise<Access> {
  // What is no name is told so by the operation, to whoever may use every function here.
  const named = readName(text, ctx, options.qualifier);
  if (named === undefined)
    return {
      action: `lambda:${action}`,
      resource: functionArn({ account: ctx.account, region: ctx.region, name: "*" }),
    };
  const row = await findFunction(named, ctx);
  const policy = row && (await policyOf(named, ctx));
  const resource = options.unqualified ? functionArn(named) : arnOf(named);
  return {
    action: `lambda:${action}`,
    resource,
    resourceAccount: named.account,
    resourceType: "AWS::Lambda::Function",
    resourceTags: row?.tags ?? {},
    resourcePolicy: policy && { name: resource, document: documentOf(policy), kind: "resource" },
    ...(options.context && { context: options.context }),
  };
}
