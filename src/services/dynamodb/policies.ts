import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { accessTo } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { existingTable, locate } from "./find.ts";
import { checkPolicy } from "./policyDocument.ts";
import { type TableRow, tables } from "./tables.ts";
import { validation } from "./words.ts";

/** Policies on tables. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html */

function onArn(action: string) {
  return async ({ ResourceArn }: { ResourceArn: string }, ctx: Context) =>
    accessTo(action, await locate(ResourceArn, ctx));
}

async function tableOf(arn: string, ctx: Context): Promise<TableRow> {
  if (arn.includes("/stream/")) {
    throw validation("Policies of streams are not built here: put the statements into the table's policy.");
  }
  return await existingTable(arn, ctx);
}

/** "NO_POLICY" expects none. */
function checkRevision({ policy }: TableRow, expected: string | undefined): void {
  if (expected === undefined) return;
  const matches = expected === "NO_POLICY" ? policy === undefined : policy?.revision === expected;
  if (matches) return;
  throw new AwsError(
    "PolicyNotFoundException",
    "Resource-based policy not found for the provided ResourceArn: Requested update for policy with a revision that does not match.",
  );
}

function save(table: TableRow, ctx: Context): void {
  tables.put(ctx.tx, [table.account, table.region, table.name], table);
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html */
export const putResourcePolicy = dynamodb.operation("PutResourcePolicy", {
  access: onArn("PutResourcePolicy"),
  async handle({ ResourceArn, Policy, ExpectedRevisionId }, ctx) {
    const table = await tableOf(ResourceArn, ctx as Context);
    checkPolicy(Policy);
    checkRevision(table, ExpectedRevisionId);
    const held = table.policy;
    if (held?.document === Policy) return { RevisionId: held.revision };
    const revision = String(Math.max(Math.floor(ctx.clock.now()), Number(held?.revision ?? 0) + 1));
    save({ ...table, policy: { document: Policy, revision } }, ctx as Context);
    return { RevisionId: revision };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html */
export const getResourcePolicy = dynamodb.operation("GetResourcePolicy", {
  access: onArn("GetResourcePolicy"),
  async handle({ ResourceArn }, ctx) {
    const { policy } = await tableOf(ResourceArn, ctx as Context);
    if (policy === undefined) {
      throw ctx.error(
        "PolicyNotFoundException",
        `Resource-based policy not found for the provided ResourceArn: ${ResourceArn}`,
      );
    }
    return { Policy: policy.document, RevisionId: policy.revision };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteResourcePolicy.html */
export const deleteResourcePolicy = dynamodb.operation("DeleteResourcePolicy", {
  access: onArn("DeleteResourcePolicy"),
  async handle({ ResourceArn, ExpectedRevisionId }, ctx) {
    const { policy, ...table } = await tableOf(ResourceArn, ctx as Context);
    if (policy === undefined && ExpectedRevisionId === undefined) return {};
    checkRevision({ ...table, ...(policy && { policy }) }, ExpectedRevisionId);
    save(table, ctx as Context);
    return policy === undefined ? {} : { RevisionId: policy.revision };
  },
});
