import type { Context } from "../../../kit/context.ts";
import type { Access } from "../../../kit/service.ts";
import { type AlarmRow, alarms } from "../tables.ts";

interface Owner {
  account: string;
  region: string;
}

export function alarmArn(name: string, { account, region }: Owner): string {
  return `arn:aws:cloudwatch:${region}:${account}:alarm:${name}`;
}

/** An alarm's name, of its name or its ARN; undefined of an ARN of another place. */
export function alarmNameOf(nameOrArn: string, owner: Owner): string | undefined {
  if (!nameOrArn.startsWith("arn:")) return nameOrArn;
  const prefix = alarmArn("", owner);
  return nameOrArn.startsWith(prefix) ? nameOrArn.slice(prefix.length) : undefined;
}

export function findAlarm(name: string, ctx: Context) {
  return alarms.get(ctx.tx, ctx.account, ctx.region, name);
}

export function putAlarmRow(row: AlarmRow, ctx: Context): void {
  alarms.put(ctx.tx, [ctx.account, ctx.region, row.name], row);
}

/** Access to an alarm by name; "*" stands for all. */
export async function alarmAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const row = name === "*" ? undefined : await findAlarm(name, ctx);
  return {
    action: `cloudwatch:${action}`,
    resource: alarmArn(name, ctx),
    ...(row && { resourceTags: row.tags }),
  };
}

export function isComposite({ kind }: AlarmRow): boolean {
  return kind === "composite";
}
