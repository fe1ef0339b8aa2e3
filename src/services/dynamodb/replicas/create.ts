import type { Context } from "../../../kit/context.ts";
import { randomText, uuid } from "../../../kit/ids.ts";
import { encryptedUnder, isAwsManaged } from "../encryption.ts";
import { tableArn } from "../find.ts";
import { ensureRole } from "../serviceLinkedRole.ts";
import { newStream } from "../tableStreams.ts";
import type { EncryptionRow, ReplicaOverrides, ReplicaRow, TableRow } from "../tables.ts";
import { tables } from "../tables.ts";
import { invalidParameter, validation } from "../words.ts";
import { replicationRole } from "./deliver.ts";
import { fillSoon } from "./fill.ts";
import { othersOf, putTable, withReplicas } from "./members.ts";
import { type GivenReplica, overridesOf, withOverrides } from "./overrides.ts";
import { replicaRegions } from "./regions.ts";

/** A table gets a replica in a further Region. */

const managedKey = "alias/aws/dynamodb";

function newReplicaRow(
  table: TableRow,
  status: ReplicaRow["status"],
  more: Partial<ReplicaRow> = {},
): ReplicaRow {
  return { region: table.region, tableId: table.id, status, queue: randomText(12, "lower36"), ...more };
}

async function checkCanBeMade(table: TableRow, region: string, ctx: Context): Promise<void> {
  if (!replicaRegions.includes(region)) {
    throw validation(
      `Region ${region} is not supported. The latest version of global tables are only supported in the following regions: [${replicaRegions.join(", ")}]`,
    );
  }
  if ((await tables.get(ctx.tx, table.account, region, table.name)) !== undefined) {
    throw validation(
      `Failed to create a the new replica of table with name: ‘${table.name}’ because one or more replicas already existed as tables.`,
    );
  }
  if (table.billing.mode === "PROVISIONED")
    throw validation("Table write capacity should either be Pay-Per-Request or AutoScaled.");
}

/** Each replica has a KMS key of its own Region, of the same kind as the others. */
async function replicaKey(
  source: TableRow,
  given: string | undefined,
  ctx: Context,
): Promise<{ keyId: string; isCustomers: boolean } | undefined> {
  const { encryption } = source;
  const isSealed = encryption !== undefined && encryption.current > 0;
  const isCustomers = isSealed && !(await isAwsManaged(encryption, source.region, ctx));
  if (given !== undefined && !isCustomers) {
    throw invalidParameter("All replica keys must either be Customer Managed CMK or AWS Managed CMK.");
  }
  if (!isSealed) return undefined;
  if (!isCustomers) return { keyId: managedKey, isCustomers };
  if (given === undefined) throw invalidParameter("KMSMasterKeyId must be specified for each replica.");
  return { keyId: given, isCustomers };
}

/** A table with the settings of another, in another Region. */
function copyOf(source: TableRow, region: string, overrides: ReplicaOverrides, ctx: Context): TableRow {
  const { account, name, timeToLive, onDemand, warm, tableClass } = source;
  const now = ctx.clock.now();
  const copy: TableRow = {
    name,
    account,
    region,
    id: uuid(),
    arn: tableArn(account, region, name),
    created: now,
    status: "CREATING",
    key: source.key,
    attributes: source.attributes,
    // Its indexes are filled with it, whether the source's are yet or not.
    indexes: source.indexes.map(({ backfilling: _, ...index }) => ({
      ...index,
      status: "ACTIVE",
      store: randomText(12, "lower36"),
    })),
    store: randomText(12, "lower36"),
    secret: randomText(43, "mixed62"),
    billing: { ...source.billing, changedAt: now },
    throughput: source.throughput,
    ...(onDemand && { onDemand }),
    ...(warm && { warm }),
    ...(tableClass && { tableClass: { name: tableClass.name } }),
    ...(timeToLive && { timeToLive }),
    deletionProtected: false,
    tags: {},
  };
  return withOverrides(copy, overrides, source);
}

/** Replication needs a stream, which DynamoDB turns on itself. */
function streamed(table: TableRow, view: string, ctx: Context): TableRow {
  if (table.stream?.status === "ENABLED") return table;
  const stream = newStream(table, { StreamEnabled: true, StreamViewType: view }, ctx);
  return { ...table, ...(stream && { stream }) };
}

async function sealed(
  copy: TableRow,
  key: { keyId: string } | undefined,
  ctx: Context,
): Promise<EncryptionRow | undefined> {
  return key && (await encryptedUnder(copy, key.keyId, ctx));
}

/** Makes a replica, and has it filled. The source as it is then. */
export async function createReplica(source: TableRow, given: GivenReplica, ctx: Context): Promise<TableRow> {
  const { RegionName: region = "" } = given;
  await checkCanBeMade(source, region, ctx);
  const key = await replicaKey(source, given.KMSMasterKeyId, ctx);
  await ensureRole(replicationRole, ctx);
  const overrides = overridesOf(given);
  const view = source.stream?.status === "ENABLED" ? source.stream.view : "NEW_AND_OLD_IMAGES";
  const bare = streamed(copyOf(source, region, overrides, ctx), view, ctx);
  const encryption = await sealed(bare, key, ctx);
  const copy: TableRow = { ...bare, ...(encryption && { encryption }) };
  const others = await othersOf(source, ctx);
  const facts: Partial<ReplicaRow> = {
    ...(Object.keys(overrides).length > 0 && { overrides }),
    ...(key?.isCustomers && encryption && { kmsKeyArn: encryption.kmsKeyArn }),
  };
  const add = (table: TableRow, more: Partial<ReplicaRow>) =>
    withReplicas(table, [...(table.replicas ?? []), newReplicaRow(copy, "CREATING", { ...facts, ...more })]);
  for (const other of others) putTable(add(other, {}), ctx);
  const changed = add(streamed(source, view, ctx), { sourcedAt: Math.floor(ctx.clock.now()) });
  putTable(changed, ctx);
  const known = [source, ...others].map((one) => {
    const customers = key?.isCustomers && one.encryption && { kmsKeyArn: one.encryption.kmsKeyArn };
    return newReplicaRow(one, "ACTIVE", { ...customers });
  });
  putTable(withReplicas(copy, known), ctx);
  fillSoon({ name: copy.name, tableId: copy.id, from: source.region, store: source.store }, region, ctx);
  return changed;
}
