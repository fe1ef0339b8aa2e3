import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { type ServiceLinkedRole, serviceLinkedRoleArn } from "../../../kit/serviceLinkedRole.ts";
import { retryDelayMs } from "../../../kit/targets.ts";
import { accessTo } from "../access.ts";
import { begin, goOn, oldest, type QueueJob } from "../changes.ts";
import { placeOf } from "../keys.ts";
import { changes, items, type ReplicaRow, type TableRow, tables, tombstones } from "../tables.ts";
import { write } from "../write.ts";
import type { SharedWrite } from "./replicate.ts";

/** Makes the writes of other Regions, under DynamoDB's service-linked role. */

export const replicationRole: ServiceLinkedRole = {
  service: "replication.dynamodb.amazonaws.com",
  name: "AWSServiceRoleForDynamoDBReplication",
};

const changesAtATime = 100;
/** Actions that the service-linked role needs at a replica. */
const neededActions = ["PutItem", "UpdateItem", "DeleteItem"];

/** Makes a write of another Region, unless there is a later one. */
export async function applyWrite(table: TableRow, shared: SharedWrite, ctx: Context): Promise<void> {
  const { keys, after, stamp } = shared;
  const place = placeOf(table, keys);
  const at = [table.account, table.region, table.store, place.partition, place.sort] as const;
  const held = (await items.get(ctx.tx, ...at)) ?? (await tombstones.get(ctx.tx, ...at));
  if (held !== undefined && (held.stamp ?? "") >= stamp) return;
  await write({ table, place, change: () => after, needsBefore: true, stamp }, undefined, ctx);
}

interface ReplicationJob extends QueueJob {
  name: string;
  /** The Region of the write; the delivery is in the Region to which it goes. */
  from: string;
  /** A table that is made later under the same name is none of it. */
  tableId: string;
}

/** Whether the table lets DynamoDB write to it: its own policy may keep it out. */
async function isAuthorized(table: TableRow, ctx: Context): Promise<boolean> {
  const role = serviceLinkedRoleArn(ctx.account, replicationRole);
  try {
    const as = await ctx.assumeRole(role, servicePrincipal(replicationRole.service), "DynamoDBReplication");
    for (const action of neededActions) {
      const { account, region, name, arn } = table;
      const access = accessTo(action, { account, region, name, arn, table });
      if (!(await ctx.allowed({ ...access, as }))) return false;
    }
    return true;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return false;
  }
}

/** What the table of the write's Region says of this one. */
async function noteStatus(job: ReplicationJob, status: ReplicaRow["status"], ctx: Context): Promise<void> {
  const source = await tables.get(ctx.tx, ctx.account, job.from, job.name);
  const held = source?.replicas?.find(({ tableId }) => tableId === job.tableId);
  if (source === undefined || held === undefined || held.status === status || held.status === "CREATING")
    return;
  const replicas = source.replicas?.map((one) => (one === held ? { ...one, status } : one)) ?? [];
  tables.put(ctx.tx, [source.account, source.region, source.name], { ...source, replicas });
}

export const replicateChanges = {
  async send(job: ReplicationJob): Promise<void> {
    begin(job);
  },

  async settle(job: ReplicationJob, ctx: Context): Promise<void> {
    const { attempts = 0, ...rest } = job;
    const page = await oldest(job.queue, changesAtATime, ctx, job.from);
    const table = await tables.get(ctx.tx, ctx.account, ctx.region, job.name);
    const isThere = table?.id === job.tableId;
    if (isThere && page.length > 0 && !(await isAuthorized(table, ctx))) {
      await noteStatus(job, "REPLICATION_NOT_AUTHORIZED", ctx);
      const next = attempts + 1;
      return goOn("replicateChanges", { ...rest, attempts: next }, ctx, retryDelayMs(next));
    }
    for (const { key, row } of page) {
      if (isThere) await applyWrite(table, { ...row, stamp: row.stamp ?? "" }, ctx);
      changes.delete(ctx.tx, ...key);
    }
    if (isThere) {
      await noteStatus(job, "ACTIVE", ctx);
      tellLatency(page.at(0)?.row.at, job, ctx);
    }
    if (page.length === changesAtATime) goOn("replicateChanges", rest, ctx);
  },
};

function tellLatency(since: number | undefined, { name, from }: ReplicationJob, ctx: Context): void {
  if (since === undefined) return;
  ctx.metric({
    namespace: "AWS/DynamoDB",
    name: "ReplicationLatency",
    dimensions: { TableName: name, ReceivingRegion: ctx.region },
    value: Math.max(0, ctx.clock.now() - since),
    unit: "Milliseconds",
    region: from,
  });
}
