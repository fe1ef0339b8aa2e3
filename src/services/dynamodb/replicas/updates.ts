import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { Access } from "../../../kit/service.ts";
import { accessTo, checkOwner } from "../access.ts";
import { dropTable } from "../deleteTable.ts";
import { locate, tableArn } from "../find.ts";
import { type TableRow, tables } from "../tables.ts";
import { invalidParameter, validation } from "../words.ts";
import { createReplica } from "./create.ts";
import { leaveGlobalTable } from "./leave.ts";
import { othersOf, putTable, withReplica } from "./members.ts";
import { type GivenReplica, joined, overridesOf, withOverrides } from "./overrides.ts";

/** The `ReplicaUpdates` of UpdateTable. */

export interface ReplicaUpdate {
  Create?: GivenReplica | undefined;
  Update?: GivenReplica | undefined;
  Delete?: GivenReplica | undefined;
}

/** What a caller must be allowed to do in the other Region: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2gt_IAM.html */
const neededActions = {
  Create: [
    "CreateTableReplica",
    "CreateTable",
    "Scan",
    "Query",
    "UpdateItem",
    "PutItem",
    "GetItem",
    "DeleteItem",
    "BatchWriteItem",
  ],
  Update: ["UpdateTable"],
  Delete: ["DeleteTableReplica", "DeleteTable"],
} as const;

export async function replicaAccess(
  { TableName, ReplicaUpdates = [] }: { TableName: string; ReplicaUpdates?: ReplicaUpdate[] | undefined },
  ctx: Context,
): Promise<Access[]> {
  const { account, name } = await locate(TableName, ctx);
  const needed: Access[] = [];
  for (const update of ReplicaUpdates) {
    for (const kind of ["Create", "Update", "Delete"] as const) {
      const region = update[kind]?.RegionName;
      if (region === undefined) continue;
      const replica = await locate(tableArn(account, region || ctx.region, name), ctx);
      needed.push(...neededActions[kind].map((action) => accessTo(action, replica)));
    }
  }
  return needed;
}

function soleUpdate(updates: readonly ReplicaUpdate[]): ReplicaUpdate {
  const kinds = updates.flatMap(({ Create, Update, Delete }) => [
    ...(Create ? ["Create"] : []),
    ...(Update ? ["Update"] : []),
    ...(Delete ? ["Delete"] : []),
  ]);
  const [first] = updates;
  if (first === undefined || kinds.length < updates.length || updates.some(isEmptyUpdate)) {
    throw validation("There are no actions specified in the Replica Update Action of the request.");
  }
  if (new Set(kinds).size > 1)
    throw validation("Update table operation with more than one type of replica actions not allowed.");
  const regions = updates.map(({ Create, Update, Delete }) => (Create ?? Update ?? Delete)?.RegionName);
  if (kinds[0] !== "Update" && new Set(regions).size > 1) {
    throw validation(
      "Update table operation with more than one create or delete replica actions not allowed",
    );
  }
  return first;
}

function isEmptyUpdate({ Update }: ReplicaUpdate): boolean {
  return Update !== undefined && Object.values(Update).filter((value) => value !== undefined).length <= 1;
}

/** The table as it is after the updates, and in the meantime. */
export async function updateReplicas(
  table: TableRow,
  updates: readonly ReplicaUpdate[],
  ctx: Context,
): Promise<TableRow> {
  checkOwner(table, ctx);
  const { Create, Delete } = soleUpdate(updates);
  const regions = updates.map((one) => (one.Create ?? one.Update ?? one.Delete)?.RegionName);
  if (regions.includes(table.region)) {
    throw validation(
      "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.",
    );
  }
  if (table.replicas?.some(({ status }) => status === "CREATING")) {
    throw new AwsError(
      "ResourceInUseException",
      "The resource which you are attempting to change is in use.",
    );
  }
  if (Create !== undefined) return await createReplica(table, Create, ctx);
  checkMembers(table, regions);
  if (Delete !== undefined) return await deleteReplica(table, Delete.RegionName ?? "", ctx);
  let changed = table;
  for (const { Update } of updates)
    if (Update !== undefined) changed = await updateReplica(changed, Update, ctx);
  return changed;
}

function checkMembers({ replicas = [] }: TableRow, regions: readonly (string | undefined)[]): void {
  const strange = regions.filter((name) => !replicas.some(({ region }) => region === name));
  if (strange.length === 0) return;
  throw validation(
    `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${strange.join(", ")}].`,
  );
}

async function deleteReplica(table: TableRow, region: string, ctx: Context): Promise<TableRow> {
  const replica = (await othersOf(table, ctx)).find((one) => one.region === region);
  if (replica?.deletionProtected) {
    throw validation(
      `Cannot delete table ${table.name} in region ${region} because it has deletion protection enabled. Disable deletion protection first.`,
    );
  }
  if (replica !== undefined) {
    await leaveGlobalTable(replica, ctx);
    await dropTable(replica, ctx);
  }
  return (await tables.get(ctx.tx, table.account, table.region, table.name)) ?? table;
}

/** Gives a replica settings of its own, and tells all of them. */
async function updateReplica(table: TableRow, given: GivenReplica, ctx: Context): Promise<TableRow> {
  const { RegionName: region = "" } = given;
  if (given.KMSMasterKeyId !== undefined)
    throw invalidParameter("KMSMasterKeyId of a replica cannot be updated.");
  if (given.ProvisionedThroughputOverride !== undefined && table.billing.mode === "PAY_PER_REQUEST") {
    throw validation(
      "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    );
  }
  const own = overridesOf(given);
  const tell = (one: TableRow) =>
    withReplica(one, region, (held) => ({ ...held, overrides: joined(held.overrides, own) }));
  for (const other of await othersOf(table, ctx))
    putTable(other.region === region ? withOverrides(other, own, table) : tell(other), ctx);
  const changed = tell(table);
  putTable(changed, ctx);
  return changed;
}
