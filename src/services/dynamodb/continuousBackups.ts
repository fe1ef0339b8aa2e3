import type { Context } from "../../kit/context.ts";
import { onTable } from "./access.ts";
import { backedTable } from "./backups.ts";
import { dynamodb } from "./contract.ts";
import { sequenceAt } from "./records.ts";
import { recoverables, type TableRow, tables } from "./tables.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html */

const dayMs = 86_400_000;
const longestDays = 35;
const pruneRows = 1_000;

/** The span of times to which a table can be restored. */
export function restorable(
  { recovery }: TableRow,
  now: number,
): { earliest: number; latest: number } | undefined {
  if (recovery === undefined) return undefined;
  return { earliest: Math.max(recovery.since, now - recovery.days * dayMs), latest: now };
}

function shownRecovery(table: TableRow, now: number) {
  const span = restorable(table, now);
  if (span === undefined || table.recovery === undefined) {
    return {
      ContinuousBackupsStatus: "DISABLED" as const,
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" as const },
    };
  }
  return {
    ContinuousBackupsStatus: "ENABLED" as const,
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: "ENABLED" as const,
      RecoveryPeriodInDays: table.recovery.days,
      EarliestRestorableDateTime: new Date(span.earliest),
      LatestRestorableDateTime: new Date(span.latest),
    },
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html */
export const describeContinuousBackups = dynamodb.operation("DescribeContinuousBackups", {
  access: onTable("DescribeContinuousBackups"),
  async handle({ TableName }, ctx) {
    const table = await backedTable(TableName, ctx as Context);
    return { ContinuousBackupsDescription: shownRecovery(table, ctx.clock.now()) };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html */
export const updateContinuousBackups = dynamodb.operation("UpdateContinuousBackups", {
  access: onTable("UpdateContinuousBackups"),
  async handle({ TableName, PointInTimeRecoverySpecification: given }, ctx) {
    const table = await backedTable(TableName, ctx as Context);
    const { recovery: held, ...rest } = table;
    const now = Math.floor(ctx.clock.now());
    const days = given.RecoveryPeriodInDays ?? held?.days ?? longestDays;
    const changed: TableRow = given.PointInTimeRecoveryEnabled
      ? { ...rest, recovery: { since: held?.since ?? now, days } }
      : rest;
    const { account, region, name, store } = table;
    tables.put(ctx.tx, [account, region, name], changed);
    if (held === undefined && changed.recovery !== undefined) {
      ctx.timers.set(`prune/${store}`, "prune", now + dayMs, { account, region, name, store });
    }
    if (held !== undefined && changed.recovery === undefined)
      ctx.outbox.put("prune", { account, region, name, store }, { account, region });
    return { ContinuousBackupsDescription: shownRecovery(changed, now) };
  },
});

interface Store {
  account: string;
  region: string;
  name: string;
  store: string;
}

/** Deletes what is older than the table can be restored to: once a day, and all of it when recovery is turned off. */
export async function prune({ account, region, name, store }: Store, ctx: Context): Promise<void> {
  const table = await tables.get(ctx.tx, account, region, name);
  if (table?.store !== store) return;
  const now = Math.floor(ctx.clock.now());
  const until = table.recovery === undefined ? now + 1 : now - table.recovery.days * dayMs;
  const old = await ctx.peek((tx) =>
    recoverables.list(tx, [account, region, store], {
      limit: pruneRows,
      within: { to: { part: sequenceAt(Math.max(0, until)), inclusive: false } },
    }),
  );
  for (const { key } of old) recoverables.delete(ctx.tx, ...key);
  const hasMore = old.length === pruneRows;
  if (table.recovery === undefined && !hasMore) return;
  const at = hasMore ? now + 1 : now + dayMs;
  ctx.timers.set(`prune/${store}`, "prune", at, { account, region, name, store });
}
