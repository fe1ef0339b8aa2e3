import type { Context } from "../../../kit/context.ts";
import { maxAlarmsPerAccount, maxTagsPerResource } from "../limits.ts";
import { type AlarmRow, alarms, dependents } from "../tables.ts";
import { note } from "./history.ts";
import { alarmNameOf, findAlarm, putAlarmRow } from "./names.ts";
import { unwatch, watch } from "./watch.ts";

/** What making, changing and deleting has in common for all kinds of alarms. */

type TagList = readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined;

/** Tags count when an alarm is made; later, TagResource changes them. */
export function newTags(tags: TagList, ctx: Context): Record<string, string> {
  const made: Record<string, string> = {};
  for (const { Key = "", Value = "" } of tags ?? []) made[Key] = Value;
  if (Object.keys(made).length > maxTagsPerResource)
    throw ctx.error("ValidationError", `An alarm can have at most ${maxTagsPerResource} tags.`);
  if (Object.keys(made).some((key) => key.toLowerCase().startsWith("aws:")))
    throw ctx.error("ValidationError", "Tag keys starting with aws: are reserved for system use.");
  return made;
}

const actionForm = /^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[^:]*:.+/;

export function checkActions(lists: readonly (readonly string[] | undefined)[], ctx: Context): void {
  for (const arn of lists.flatMap((list) => list ?? []))
    if (!actionForm.test(arn)) throw ctx.error("ValidationError", `Invalid arn syntax: ${arn}`);
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html */
async function checkRoom(ctx: Context<"LimitExceededFault">): Promise<void> {
  const held = await ctx.peek((tx) =>
    alarms.list(tx, [ctx.account, ctx.region], { limit: maxAlarmsPerAccount }),
  );
  if (held.length >= maxAlarmsPerAccount)
    throw ctx.error("LimitExceededFault", "The maximum limit of alarms has been reached.");
}

/** Writes a new or changed alarm, and its history. */
export async function configure(row: AlarmRow, held: AlarmRow | undefined, ctx: Context): Promise<void> {
  if (held === undefined) await checkRoom(ctx);
  else await unlink(held, ctx);
  await link(row, ctx);
  putAlarmRow(row, ctx);
  const kind = held === undefined ? "Create" : "Update";
  const { state: _, tags: __, ...shown } = row;
  await note(
    row,
    {
      type: "ConfigurationUpdate",
      summary: `Alarm "${row.name}" ${held === undefined ? "created" : "updated"}`,
      data: { version: "1.0", type: kind, [held === undefined ? "createdAlarm" : "updatedAlarm"]: shown },
    },
    ctx,
  );
}

function dependenciesOf(row: AlarmRow & { kind: "composite" }, ctx: Context): string[] {
  const suppressor = row.suppressor === undefined ? undefined : alarmNameOf(row.suppressor, ctx);
  return [...new Set([...row.children, ...(suppressor === undefined ? [] : [suppressor])])];
}

async function link(row: AlarmRow, ctx: Context): Promise<void> {
  if (row.kind === "metric") return await watch(row, ctx);
  for (const name of dependenciesOf(row, ctx))
    dependents.put(ctx.tx, [ctx.account, ctx.region, name, row.name], {});
}

async function unlink(row: AlarmRow, ctx: Context): Promise<void> {
  if (row.kind === "metric") return await unwatch(row, ctx);
  for (const name of dependenciesOf(row, ctx))
    dependents.delete(ctx.tx, ctx.account, ctx.region, name, row.name);
}

/** Composite alarms that need an alarm. */
export async function compositesOn(name: string, ctx: Context): Promise<string[]> {
  const rows = await dependents.list(ctx.tx, [ctx.account, ctx.region, name]);
  return rows.map(({ key }) => key[3]);
}

export async function remove(name: string, ctx: Context): Promise<void> {
  const row = await findAlarm(name, ctx);
  if (row === undefined) return;
  await unlink(row, ctx);
  alarms.delete(ctx.tx, ctx.account, ctx.region, name);
  const { state: _, tags: __, ...shown } = row;
  await note(
    row,
    {
      type: "ConfigurationUpdate",
      summary: `Alarm "${name}" deleted`,
      data: { version: "1.0", type: "Delete", deletedAlarm: shown },
    },
    ctx,
  );
}
