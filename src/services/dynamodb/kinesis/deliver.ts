import { type Caller, servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { uuid } from "../../../kit/ids.ts";
import { type ServiceLinkedRole, serviceLinkedRoleArn } from "../../../kit/serviceLinkedRole.ts";
import { isRetriable, retryDelayMs } from "../../../kit/targets.ts";
import { begin, goOn, oldest, type QueueJob } from "../changes.ts";
import { type ChangeRow, changes } from "../tables.ts";
import { itemBytes } from "../values.ts";

/**
 * Puts changes into Kinesis, under DynamoDB's service-linked role.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
 */

export const replicationRole: ServiceLinkedRole = {
  service: "kinesisreplication.dynamodb.amazonaws.com",
  name: "AWSServiceRoleForDynamoDBKinesisDataStreamsReplication",
};

/** What PutRecords takes in one call. */
const maxRecords = 500;
const maxCallBytes = 5 * 2 ** 20;
/** What is larger, Kinesis does not take: it is passed over. */
const maxRecordBytes = 2 ** 20;
/** Changes that cannot be put for so long are lost. */
const longestWaitMs = 24 * 3_600_000;

interface KinesisJob extends QueueJob {
  name: string;
  streamArn: string;
}

interface Waiting {
  key: readonly [string, string, string, string];
  row: ChangeRow;
  data: Buffer;
}

export async function replicator(ctx: Context): Promise<Caller> {
  const role = serviceLinkedRoleArn(ctx.account, replicationRole);
  return await ctx.assumeRole(role, servicePrincipal(replicationRole.service), "DynamoDBKinesisReplication");
}

/** One change as AWS writes it. */
function recordOf(
  { at, keys, before, after, byService, precision }: ChangeRow,
  name: string,
  region: string,
) {
  const bytes = itemBytes(keys) + (before ? itemBytes(before) : 0) + (after ? itemBytes(after) : 0);
  return {
    awsRegion: region,
    eventID: uuid(),
    eventName: before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY",
    userIdentity: byService ? { principalId: "dynamodb.amazonaws.com", type: "Service" } : null,
    recordFormat: "application/json",
    tableName: name,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(precision === "MICROSECOND" ? at * 1000 : at),
      Keys: keys,
      ...(after && { NewImage: after }),
      ...(before && { OldImage: before }),
      SizeBytes: bytes,
      ...(precision && { ApproximateCreationDateTimePrecision: precision }),
    },
    eventSource: "aws:dynamodb",
  };
}

/**
 * Of each item the oldest change, as many as one call takes: whatever Kinesis refuses of them, an item's changes stay
 * in their order.
 */
function nextRound(waiting: readonly Waiting[]): Waiting[] {
  const items = new Set<string>();
  const round: Waiting[] = [];
  let bytes = 0;
  for (const one of waiting) {
    const item = itemOf(one);
    if (items.has(item)) continue;
    items.add(item);
    bytes += one.data.length + one.row.partition.length;
    if (bytes > maxCallBytes) break;
    round.push(one);
  }
  return round;
}

function itemOf({ row }: Waiting): string {
  return `${row.partition}/${row.sort}`;
}

async function putRound(round: readonly Waiting[], { streamArn }: KinesisJob, as: Caller, ctx: Context) {
  const input = {
    StreamARN: streamArn,
    Records: round.map(({ row, data }) => ({ Data: data, PartitionKey: row.partition.toUpperCase() })),
  };
  const answer = await ctx.call("kinesis", "PutRecords", input, { as, account: ctx.account });
  return answer.Records as { ErrorCode?: string }[];
}

/** Puts what waits; how many changes Kinesis was too busy for. */
async function putAll(waiting: readonly Waiting[], job: KinesisJob, ctx: Context): Promise<number> {
  const as = await replicator(ctx);
  const blocked = new Set<string>();
  let left = waiting;
  let refused = 0;
  while (left.length > 0) {
    const round = nextRound(left);
    const results = await putRound(round, job, as, ctx);
    const done = new Set<Waiting>();
    for (const [i, one] of round.entries()) {
      if (results[i]?.ErrorCode !== undefined) {
        blocked.add(itemOf(one));
        refused += 1;
        continue;
      }
      done.add(one);
      changes.delete(ctx.tx, ...one.key);
    }
    left = left.filter((one) => !done.has(one) && !blocked.has(itemOf(one)));
  }
  return refused;
}

function count(name: string, value: number, { name: TableName }: KinesisJob, ctx: Context): void {
  if (value > 0) ctx.metric({ namespace: "AWS/DynamoDB", name, dimensions: { TableName }, value });
}

/** What is too old, or too large, is not put. */
function drop(page: readonly Waiting[], now: number, job: KinesisJob, ctx: Context): Waiting[] {
  const kept = page.filter(
    ({ row, data }) => row.at > now - longestWaitMs && data.length + row.partition.length <= maxRecordBytes,
  );
  for (const one of page) if (!kept.includes(one)) changes.delete(ctx.tx, ...one.key);
  count("FailedToReplicateRecordCount", page.length - kept.length, job, ctx);
  return kept;
}

export const putIntoKinesis = {
  async send(job: KinesisJob): Promise<void> {
    begin(job);
  },

  async settle(job: KinesisJob, ctx: Context): Promise<void> {
    const { attempts = 0, ...rest } = job;
    const rows = await oldest(job.queue, maxRecords, ctx);
    const page = rows.map(({ key, row }) => ({
      key,
      row,
      data: Buffer.from(JSON.stringify(recordOf(row, job.name, ctx.region))),
    }));
    const waiting = drop(page, ctx.clock.now(), job, ctx);
    const savepoint = ctx.tx.savepoint();
    try {
      const refused = waiting.length === 0 ? 0 : await putAll(waiting, job, ctx);
      count("ThrottledPutRecordCount", refused, job, ctx);
      if (refused > 0) goOn("putIntoKinesis", rest, ctx, retryDelayMs(1));
      else if (rows.length === maxRecords) goOn("putIntoKinesis", rest, ctx);
    } catch (error) {
      // The stream, the role, or a key is not to be had: it is tried again for a day.
      if (!(error instanceof AwsError)) throw error;
      ctx.tx.rollback(savepoint);
      const next = isRetriable(error) ? 1 : attempts + 1;
      goOn("putIntoKinesis", { ...rest, attempts: next }, ctx, retryDelayMs(next));
    }
  },
};
