import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { locate, type Named } from "./find.ts";
import type { Value } from "./values.ts";
import { validation } from "./words.ts";

/**
 * Access to tables and their indexes: by identity policies, and by the table's own policy.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */

export const tableType = "AWS::DynamoDB::Table";

export type Keys = NonNullable<Access["context"]>;

export interface AccessOptions {
  context?: Keys;
  requestTags?: Access["requestTags"];
  /** Behind the table's ARN: "/index/name". */
  below?: string | undefined;
}

export function accessTo(
  action: string,
  { arn, account, table }: Named,
  { context, requestTags, below = "" }: AccessOptions = {},
): Access {
  const policy = table?.policy;
  return {
    action: `dynamodb:${action}`,
    resource: `${arn}${below}`,
    resourceAccount: account,
    resourceType: tableType,
    resourcePolicy: policy && { name: arn, document: policy.document, kind: "resource" },
    resourceTags: table?.tags,
    ...(context !== undefined && { context }),
    ...(requestTags !== undefined && { requestTags }),
  };
}

/** Declares the access of an operation on the table that its `TableName` names. */
export function onTable<Input extends { TableName: string }>(
  action: string,
  options?: (input: Input, named: Named) => AccessOptions,
) {
  return (input: Input, ctx: Context): Access | Promise<Access> => {
    const named = locate(input.TableName, ctx);
    const access = (one: Named) => accessTo(action, one, options?.(input, one));
    return named instanceof Promise ? named.then(access) : access(named);
  };
}

/** What makes something in the table's account is not done for others, whatever the table's policy allows. */
export function checkOwner({ account }: { account: string }, ctx: Context): void {
  if (account === ctx.account) return;
  throw validation("This action is only supported by accounts that match the resource owner’s account.");
}

/** The value of a partition key, as policies compare it. */
export function leadingKey(value: Value | undefined): string | undefined {
  return value?.S ?? value?.N ?? value?.B;
}

/** Partition keys of the keys or items that a request names. */
export function leadingKeysOf({ table }: Named, given: readonly unknown[]): string[] | undefined {
  const name = table?.key.hash[0]?.name;
  if (name === undefined) return undefined;
  const keys = given.map((item) => leadingKey((item as Record<string, Value> | undefined)?.[name]));
  return keys.filter((key) => key !== undefined);
}
