import type { Context, Host } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { DeliveryScope } from "../../../kit/service.ts";
import { checkItemKey, placeOf } from "../keys.ts";
import { type TableRow, tables } from "../tables.ts";
import { type ImportObjectRow, type ImportRow, importJobs, importObjects } from "../transfer/tables.ts";
import { write } from "../write.ts";
import { objectKey } from "./job.ts";
import { type ItemError, logErrors } from "./log.ts";
import { Unreadable } from "./reading.ts";
import { NoItem, type RecordRead, recordsOf } from "./records.ts";

/** Puts the items of one object into the table: some in each transaction, with how far it has come. */

const batchRecords = 100;
const batchBytes = 2 ** 20;

interface Running {
  row: ImportRow;
  table: TableRow;
}

async function running(id: string, ctx: Context): Promise<Running | undefined> {
  const row = await importJobs.get(ctx.tx, ctx.account, ctx.region, id);
  if (row?.status !== "IN_PROGRESS") return undefined;
  const table = await tables.get(ctx.tx, ctx.account, ctx.region, row.table.name);
  return table?.store === row.table.store ? { row, table } : undefined;
}

/** How often a host was stopped, or emptied: an object may be large, and is not to hold that up. */
const stops = new WeakMap<Host, number>();
const watched = new WeakSet<Host>();

function stopsOf(host: Host): number {
  if (!watched.has(host)) {
    watched.add(host);
    host.onStop(async () => {
      watched.delete(host);
      stops.set(host, stopsOf(host) + 1);
    });
  }
  return stops.get(host) ?? 0;
}

/** What became of an object: it was read, there is none, or reading it has to go on another time. */
export type ObjectRead = "read" | "none" | "interrupted";

export async function putObjectItems(id: string, number: number, scope: DeliveryScope): Promise<ObjectRead> {
  const begun = await scope.act(async (ctx) => {
    const found = await importObjects.get(ctx.tx, ctx.account, ctx.region, id, objectKey(number));
    const now = await running(id, ctx);
    return found && now && { object: found, row: now.row, host: ctx.host, stops: stopsOf(ctx.host) };
  });
  if (begun === undefined) return "none";
  const { object, row, host } = begun;
  const reader = new ObjectReader(object, number, row, scope);
  try {
    for await (const record of recordsOf(object, row, scope)) {
      if (!(await reader.take(record))) return "read";
      if (stopsOf(host) !== begun.stops) return "interrupted";
    }
    await reader.flush();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { message } = error;
    await reader.flush();
    // Stands for all that cannot be read.
    await reader.take({
      bytes: 0,
      item() {
        throw new NoItem(message);
      },
    });
    await reader.flush();
  }
  return "read";
}

/** Gathers records until they make a transaction. */
class ObjectReader {
  readonly #object: ImportObjectRow;
  readonly #number: number;
  readonly #id: string;
  readonly #scope: DeliveryScope;
  /** Dealt with before the process died: they are not put, nor counted, again. */
  #toSkip: number;
  #batch: RecordRead[] = [];
  #bytes = 0;

  constructor(object: ImportObjectRow, number: number, { id, reading }: ImportRow, scope: DeliveryScope) {
    this.#object = object;
    this.#number = number;
    this.#id = id;
    this.#scope = scope;
    this.#toSkip = reading?.object === number ? reading.records : 0;
  }

  /** Takes one more; false where the rest of the object is to be passed over. */
  async take(record: RecordRead): Promise<boolean> {
    if (this.#toSkip > 0) {
      this.#toSkip -= 1;
      return true;
    }
    this.#batch.push(record);
    this.#bytes += record.bytes;
    return this.#batch.length < batchRecords && this.#bytes < batchBytes ? true : await this.flush();
  }

  async flush(): Promise<boolean> {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    if (batch.length === 0) return true;
    return await this.#scope.act((ctx) => this.#put(batch, ctx));
  }

  async #put(batch: readonly RecordRead[], ctx: Context): Promise<boolean> {
    const now = await running(this.#id, ctx);
    if (now === undefined) return false;
    const { row, table } = now;
    const before =
      row.reading?.object === this.#number ? row.reading : { object: this.#number, records: 0, items: 0 };
    const errors: ItemError[] = [];
    let items = before.items;
    let bytes = 0;
    let goesOn = true;
    for (const { item, bytes: length } of batch) {
      bytes += length;
      if (item === undefined) continue;
      try {
        await putItem(table, item, ctx);
      } catch (error) {
        if (!(error instanceof AwsError || error instanceof Unreadable)) throw error;
        errors.push({ key: this.#object.key, itemIndex: items, messages: [error.message] });
        goesOn = !(error instanceof NoItem);
      }
      items += 1;
      if (!goesOn) break;
    }
    const done = items - before.items;
    importJobs.put(ctx.tx, [ctx.account, ctx.region, row.id], {
      ...row,
      processed: { items: row.processed.items + done, bytes: row.processed.bytes + bytes },
      imported: row.imported + done - errors.length,
      errors: row.errors + errors.length,
      reading: {
        ...before,
        records: goesOn ? before.records + batch.length : Number.MAX_SAFE_INTEGER,
        items,
      },
    });
    await logErrors(row, errors, ctx);
    return goesOn;
  }
}

async function putItem(
  table: TableRow,
  itemOf: NonNullable<RecordRead["item"]>,
  ctx: Context,
): Promise<void> {
  const item = itemOf(table);
  checkItemKey(table.key, item);
  await write({ table, place: placeOf(table, item), change: () => item, needsBefore: true }, undefined, ctx);
}
