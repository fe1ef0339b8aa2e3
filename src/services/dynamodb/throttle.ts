import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Meter, Units } from "./capacity.ts";
import type { IndexRow, TableRow } from "./tables.ts";

/**
 * Provisioned throughput: a bucket for each table and global index, which holds what was not used in five minutes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
 */
const burstSeconds = 300;
/** Buckets that are remembered; the others are full. */
const maxBuckets = 20_000;

interface Bucket {
  /** Units left of each kind, as of `at`; below zero after one call that took more than there was. */
  left: Units;
  rate: Units;
  at: number;
}

const buckets = new Map<string, Bucket>();

interface Limited {
  store: string;
  rate: Units;
  where: string;
}

function limitOfTable(table: TableRow): Limited | undefined {
  if (table.billing.mode !== "PROVISIONED") return undefined;
  return { store: table.store, rate: table.throughput, where: "the table" };
}

function limitOfIndex(table: TableRow, { kind, store, throughput, name }: IndexRow): Limited | undefined {
  if (table.billing.mode !== "PROVISIONED" || kind !== "global" || throughput === undefined) return undefined;
  return { store, rate: throughput, where: `one or more global secondary indexes of the table, ${name}` };
}

function filled({ store, rate }: Limited, now: number): Bucket {
  const full = { read: rate.read * burstSeconds, write: rate.write * burstSeconds };
  const bucket = buckets.get(store);
  if (bucket === undefined || bucket.rate.read !== rate.read || bucket.rate.write !== rate.write)
    return { left: full, rate, at: now };
  const seconds = Math.max(0, now - bucket.at) / 1000;
  const left = {
    read: Math.min(full.read, bucket.left.read + seconds * rate.read),
    write: Math.min(full.write, bucket.left.write + seconds * rate.write),
  };
  return { left, rate, at: now };
}

function exceeded(where: string): AwsError {
  return new AwsError(
    "ProvisionedThroughputExceededException",
    `The level of configured provisioned throughput for ${where} was exceeded. Consider increasing your provisioning level with the UpdateTable API.`,
  );
}

/** Refuses the call if a bucket that it would draw from is empty. */
export function checkThroughput(table: TableRow, kind: keyof Units, ctx: Context, index?: IndexRow): void {
  if (table.billing.mode !== "PROVISIONED") return;
  const now = ctx.clock.now();
  const limits = [
    index === undefined || index.kind === "local" ? limitOfTable(table) : limitOfIndex(table, index),
    ...(kind === "write" ? table.indexes.map((one) => limitOfIndex(table, one)) : []),
  ];
  for (const limit of limits) {
    if (limit !== undefined && filled(limit, now).left[kind] <= 0) throw exceeded(limit.where);
  }
}

/** Takes what a call has used, once it is on disk. */
export function charge(meter: Meter, ctx: Context): void {
  const { table } = meter;
  if (table.billing.mode !== "PROVISIONED") return;
  const now = ctx.clock.now();
  ctx.afterCommit(() => {
    draw(limitOfTable(table), meter.own, now);
    for (const index of table.indexes) {
      const units = meter.of(index.name);
      draw(index.kind === "local" ? limitOfTable(table) : limitOfIndex(table, index), units, now);
    }
  });
}

function draw(limit: Limited | undefined, { read, write }: Units, now: number): void {
  if (limit === undefined || (read === 0 && write === 0)) return;
  const { left, ...bucket } = filled(limit, now);
  if (buckets.size >= maxBuckets) buckets.delete(buckets.keys().next().value as string);
  buckets.set(limit.store, { ...bucket, left: { read: left.read - read, write: left.write - write } });
}
