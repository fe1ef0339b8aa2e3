import type { Context } from "../../kit/context.ts";
import { type Meter, writeUnits } from "./capacity.ts";
import { sameItems } from "./compare.ts";
import { noteWrite } from "./counting.ts";
import { moveExpiry } from "./expiries.ts";
import { holds } from "./expressions/evaluate.ts";
import type { Condition } from "./expressions/nodes.ts";
import { entryOf } from "./indexes.ts";
import { checkIndexKeys, keyOf, type Place } from "./keys.ts";
import { captureChange } from "./kinesis/capture.ts";
import { addRecord } from "./records.ts";
import { noteRecoverable } from "./recovery.ts";
import { newStamp, replicate } from "./replicas/replicate.ts";
import { bury, stampOfGrave } from "./replicas/tombstones.ts";
import { entries, type IndexRow, items, type TableRow } from "./tables.ts";
import { type Item, itemBytes, maxItemBytes } from "./values.ts";
import { type Vault, vaultOf } from "./vault.ts";
import { conditionFailed, validation } from "./words.ts";

/** Writing one item: whoever writes, by whatever call, writes so. */

export interface WriteRequest {
  table: TableRow;
  place: Place;
  condition?: Condition | undefined;
  /** Whether a failed condition shows the item. */
  showsItem?: boolean;
  /** What becomes of the item; the same object where nothing does. */
  change(before: Item | undefined): Item | undefined;
  /** Whether the caller, or the change itself, must know the item as it was. */
  needsBefore: boolean;
  /** Words for an item that has become too large. */
  tooLarge?: string;
  byService?: true;
  /** Of a write that another Region made: it is not taken there again. */
  stamp?: string;
}

export interface Written {
  before: Item | undefined;
  after: Item | undefined;
}

/** What has been decided, and is not written yet. */
export interface Planned extends Written {
  request: WriteRequest;
  vault: Vault;
  beforeBytes: number;
  beforeStamp?: string;
  afterBytes: number;
}

const tooLarge = "Item size has exceeded the maximum allowed size";

/** Whether a write can go without reading what was there. */
function isBlind({ table, condition, needsBefore }: WriteRequest): boolean {
  return (
    !needsBefore &&
    condition === undefined &&
    table.indexes.length === 0 &&
    table.stream?.status !== "ENABLED" &&
    table.timeToLive === undefined &&
    table.recovery === undefined &&
    table.destinations === undefined &&
    table.replicas === undefined &&
    table.billing.mode === "PAY_PER_REQUEST"
  );
}

/** Reads the item, holds the condition against it, and computes what becomes of it. */
export async function plan(request: WriteRequest, ctx: Context): Promise<Planned> {
  const { table, place, condition } = request;
  const vault = vaultOf(table, ctx);
  const opened = vault instanceof Promise ? await vault : vault;
  let before: Item | undefined;
  let beforeBytes = 0;
  let beforeStamp: string | undefined;
  if (!isBlind(request)) {
    const found = items.get(ctx.tx, table.account, table.region, table.store, place.partition, place.sort);
    const row = found instanceof Promise ? await found : found;
    if (row !== undefined) {
      before = opened.open(row);
      beforeBytes = row.bytes;
      beforeStamp = row.stamp;
    } else if (table.replicas !== undefined) beforeStamp = await stampOfGrave(table, place, ctx);
  }
  if (condition !== undefined && !holds(condition, before)) {
    throw conditionFailed(request.showsItem ? before : undefined);
  }
  const after = request.change(before);
  if (after === undefined || after === before) {
    return { request, vault: opened, before, after, beforeBytes, afterBytes: after ? beforeBytes : 0 };
  }
  const afterBytes = itemBytes(after);
  if (afterBytes > maxItemBytes) throw validation(request.tooLarge ?? tooLarge);
  if (table.indexes.length > 0) checkIndexKeys(table, after);
  return {
    request,
    vault: opened,
    before,
    after,
    beforeBytes,
    afterBytes,
    ...(beforeStamp !== undefined && { beforeStamp }),
  };
}

/** Writes what was planned: the item, what indexes hold of it, its expiry, its stream record. */
export async function carryOut(planned: Planned, meter: Meter | undefined, ctx: Context): Promise<Written> {
  const { request, vault, before, after, beforeBytes, afterBytes } = planned;
  const { table, place } = request;
  const { account, region, store } = table;
  meter?.write(writeUnits(Math.max(beforeBytes, afterBytes)));
  if (after === before && after !== undefined) return { before, after };
  const stamp = stampOf(planned, ctx);
  if (after !== undefined) {
    const row = vault.seal(after, afterBytes);
    const key: [string, string, string, string, string] = [
      account,
      region,
      store,
      place.partition,
      place.sort,
    ];
    items.put(ctx.tx, key, stamp === undefined ? row : { ...row, stamp });
  } else if (before !== undefined || isBlind(request)) {
    items.delete(ctx.tx, account, region, store, place.partition, place.sort);
  }
  noteWrite(table, ctx);
  for (const index of table.indexes) writeEntry(planned, index, meter, ctx);
  if (stamp !== undefined) shareWrite(planned, stamp, ctx);
  // What another Region wrote, it also lets expire.
  if (table.timeToLive !== undefined)
    moveExpiry(table, place, before, request.stamp === undefined ? after : undefined, ctx);
  if (table.recovery !== undefined && (before ?? after) !== undefined)
    noteRecoverable(table, before, after, vault, ctx);
  if (table.stream?.status === "ENABLED" && !sameItems(before, after)) {
    await addRecord(
      table.stream,
      [account, region],
      { before, after, ...(request.byService && { byService: request.byService }) },
      ctx,
    );
  }
  if (table.destinations !== undefined) {
    captureChange(table, place, { before, after, ...(request.byService && { byService: true }) }, ctx);
  }
  return { before, after };
}

/** Of global tables: which write this is. */
function stampOf({ request, beforeStamp }: Planned, ctx: Context): string | undefined {
  if (request.stamp !== undefined) return request.stamp;
  return request.table.replicas === undefined ? undefined : newStamp(beforeStamp, ctx);
}

/** Tells the other Regions of a write that was made here. */
function shareWrite({ request, before, after }: Planned, stamp: string, ctx: Context): void {
  const { table, place } = request;
  const item = after ?? before;
  const isTold = request.stamp !== undefined;
  // Nothing was there, and nobody is told: what another Region wrote meanwhile is not to be kept out.
  if (item === undefined && !isTold) return;
  if (after === undefined) bury(table, place, stamp, ctx);
  if (isTold || item === undefined) return;
  replicate(table, place, { keys: keyOf(table.key, item), ...(after && { after }), stamp }, ctx);
}

function writeEntry(
  { request, vault, before, after }: Planned,
  index: IndexRow,
  meter: Meter | undefined,
  ctx: Context,
): void {
  if (index.status === "DELETING") return;
  const { table, place } = request;
  const old = entryOf(table, index, before, place);
  const now = entryOf(table, index, after, place);
  const isSamePlace =
    old !== undefined && now !== undefined && old.partition === now.partition && old.sort === now.sort;
  if (isSamePlace && (old.item === now.item || sameItems(old.item, now.item))) return;
  const scope = [table.account, table.region, index.store] as const;
  if (old !== undefined && !isSamePlace) {
    entries.delete(ctx.tx, ...scope, old.partition, old.sort, old.tie);
    meter?.write(writeUnits(old.bytes), index.name);
  }
  if (now !== undefined) {
    entries.put(ctx.tx, [...scope, now.partition, now.sort, now.tie], vault.seal(now.item, now.bytes));
    meter?.write(writeUnits(Math.max(now.bytes, isSamePlace ? old.bytes : 0)), index.name);
  }
}

/** One write by itself. */
export async function write(request: WriteRequest, meter: Meter | undefined, ctx: Context): Promise<Written> {
  return await carryOut(await plan(request, ctx), meter, ctx);
}
