import type { Context } from "../../kit/context.ts";
import { accessTo, onTable } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { disarm, expiryOf, maxPastSeconds, moveExpiry } from "./expiries.ts";
import { existingTable, locate, tableArn } from "./find.ts";
import { othersOf } from "./replicas/members.ts";
import { expiries, items, secondKey, type TableRow, tables } from "./tables.ts";
import { vaultOf } from "./vault.ts";
import { validation } from "./words.ts";
import { write } from "./write.ts";

/**
 * Items that expire. AWS deletes them within a few days; here a timer does, seconds after their time by the clock.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
 */

const sweepRows = 100;

interface Sweep {
  account: string;
  region: string;
  name: string;
  store: string;
  at: number;
}

/** Deletes what has expired; as the service, which the stream tells. */
export async function expire({ account, region, name, store, at }: Sweep, ctx: Context): Promise<void> {
  disarm(store, at);
  const table = await tables.get(ctx.tx, account, region, name);
  if (table?.store !== store || table.timeToLive?.status !== "ENABLED") return;
  const { attribute } = table.timeToLive;
  const nowSeconds = ctx.clock.now() / 1000;
  const due = await expiries.list(ctx.tx, [account, region, store], {
    limit: sweepRows,
    within: {
      from: { part: secondKey(nowSeconds - maxPastSeconds), inclusive: true },
      to: { part: secondKey(nowSeconds), inclusive: true },
    },
  });
  const vault = await vaultOf(table, ctx);
  for (const { key, row } of due) {
    const held = await items.get(ctx.tx, account, region, store, row.partition, row.sort);
    const expiry = held && expiryOf(attribute, vault.open(held));
    if (expiry === undefined || expiry > nowSeconds) expiries.delete(ctx.tx, ...key);
    else {
      const place = { partition: row.partition, sort: row.sort };
      await write(
        { table, place, change: () => undefined, needsBefore: true, byService: true },
        undefined,
        ctx,
      );
    }
  }
  if (due.length === sweepRows) ctx.outbox.put("expireMore", { account, region, name, store, at });
}

/** Enters the items that were there before: a page of them at a time. */
export async function enterExpiries(
  { account, region, name, store, after }: Omit<Sweep, "at"> & { after?: [string, string] },
  ctx: Context,
): Promise<void> {
  const table = await tables.get(ctx.tx, account, region, name);
  if (table?.store !== store || table.timeToLive === undefined) return;
  const page = await items.list(ctx.tx, [account, region, store], {
    limit: sweepRows,
    ...(after && { after }),
  });
  const vault = await vaultOf(table, ctx);
  for (const { key, row } of page) {
    moveExpiry(table, { partition: key[3], sort: key[4] }, undefined, vault.open(row), ctx);
  }
  const last = page.at(-1)?.key;
  if (last !== undefined && page.length === sweepRows)
    ctx.outbox.put("enterExpiries", { account, region, name, store, after: [last[3], last[4]] });
}

/** Drops the places of the items when time to live is turned off. */
export async function dropExpiries(
  { account, region, store }: Pick<Sweep, "account" | "region" | "store">,
  ctx: Context,
): Promise<void> {
  const page = await expiries.list(ctx.tx, [account, region, store], { limit: sweepRows });
  for (const { key } of page) expiries.delete(ctx.tx, ...key);
  if (page.length === sweepRows) ctx.outbox.put("dropExpiries", { account, region, store });
}

/** Of a global table, all tables have it, and the one that is asked lets what is there expire. */
async function setTimeToLive(table: TableRow, attribute: string | undefined, ctx: Context): Promise<void> {
  for (const one of [table, ...(await othersOf(table, ctx))]) {
    const { account, region, name, store } = one;
    const { timeToLive: _, ...rest } = one;
    const changedAt = ctx.clock.now();
    const row: TableRow =
      attribute === undefined ? rest : { ...rest, timeToLive: { attribute, changedAt, status: "ENABLED" } };
    tables.put(ctx.tx, [account, region, name], row);
    if (attribute !== undefined && one !== table) continue;
    ctx.outbox.put(
      attribute === undefined ? "dropExpiries" : "enterExpiries",
      { account, region, name, store },
      { account, region, group: `expiries/${store}` },
    );
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html */
export const updateTimeToLive = dynamodb.operation("UpdateTimeToLive", {
  access: async (input, ctx) => {
    const named = await locate(input.TableName, ctx as Context);
    const regions = named.table?.replicas?.map(({ region }) => region) ?? [];
    const arns = regions.map((region) => tableArn(named.account, region, named.name));
    const others = await Promise.all(arns.map((arn) => locate(arn, ctx as Context)));
    return [named, ...others].map((one) => accessTo("UpdateTimeToLive", one));
  },
  async handle({ TableName, TimeToLiveSpecification: specification }, ctx) {
    const table = await existingTable(TableName, ctx);
    const { Enabled, AttributeName } = specification;
    const { timeToLive: held } = table;
    if (Enabled && held !== undefined) throw validation("TimeToLive is already enabled");
    if (!Enabled && held === undefined) throw validation("TimeToLive is already disabled");
    if (!Enabled && held !== undefined && held.attribute !== AttributeName) {
      throw validation(
        `TimeToLive is active on a different AttributeName: current AttributeName is ${held.attribute}`,
      );
    }
    await setTimeToLive(table, Enabled ? AttributeName : undefined, ctx as Context);
    return { TimeToLiveSpecification: specification };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html */
export const describeTimeToLive = dynamodb.operation("DescribeTimeToLive", {
  access: onTable("DescribeTimeToLive"),
  async handle({ TableName }, ctx) {
    const { timeToLive } = await existingTable(TableName, ctx);
    return {
      TimeToLiveDescription: {
        TimeToLiveStatus: timeToLive?.status ?? "DISABLED",
        ...(timeToLive && { AttributeName: timeToLive.attribute }),
      },
    };
  },
});
