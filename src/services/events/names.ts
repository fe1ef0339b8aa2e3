import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { parseArn } from "../../kit/targets.ts";
import { type BusRow, buses, busVersions, type RuleRow, rules } from "./tables.ts";

/** Where a bus is. */
export interface BusName {
  account: string;
  region: string;
  name: string;
}

export const defaultBus = "default";

/** A bus by its name or ARN, as a call names it. */
export function busNamed(
  nameOrArn: string | undefined,
  { account, region }: Pick<Context, "account" | "region">,
): BusName {
  if (nameOrArn === undefined) return { account, region, name: defaultBus };
  const arn = parseArn(nameOrArn);
  if (arn === undefined) return { account, region, name: nameOrArn };
  return { account: arn.account, region: arn.region, name: arn.resource.replace(/^event-bus\//, "") };
}

export function busArn({ account, region, name }: BusName): string {
  return `arn:aws:events:${region}:${account}:event-bus/${name}`;
}

/** ARN of a rule: one of the default bus does not name it. */
export function ruleArn({ account, region, name }: BusName, rule: string): string {
  return `arn:aws:events:${region}:${account}:rule/${name === defaultBus ? "" : `${name}/`}${rule}`;
}

/** The rule that an ARN names. */
export function ruleOfArn(arn: string): { bus: BusName; rule: string } | undefined {
  const parsed = parseArn(arn);
  const [kind, ...names] = parsed?.resource.split("/") ?? [];
  if (parsed === undefined || kind !== "rule" || names.length === 0) return undefined;
  const rule = names.at(-1) as string;
  const name = names.length > 1 ? names.slice(0, -1).join("/") : defaultBus;
  return { bus: { account: parsed.account, region: parsed.region, name }, rule };
}

/** The bus's row; of the default bus without one, what such a row would hold. Undefined if there is no such bus. */
export async function findBus({ account, region, name }: BusName, ctx: Context): Promise<BusRow | undefined> {
  const row = await buses.get(ctx.tx, account, region, name);
  if (row !== undefined || name !== defaultBus) return row;
  return { tags: {}, createdAt: 0, changedAt: 0 };
}

export async function existingBus(bus: BusName, ctx: Context<"ResourceNotFoundException">): Promise<BusRow> {
  const row = await findBus(bus, ctx);
  if (row === undefined)
    throw ctx.error("ResourceNotFoundException", `Event bus ${bus.name} does not exist.`);
  return row;
}

export async function existingRule(
  bus: BusName,
  rule: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<RuleRow> {
  await existingBus(bus, ctx);
  const row = await rules.get(ctx.tx, bus.account, bus.region, bus.name, rule);
  if (row === undefined) {
    throw ctx.error("ResourceNotFoundException", `Rule ${rule} does not exist on EventBus ${bus.name}.`);
  }
  return row;
}

/** What is compiled of the bus is out of date. */
export function touchBus({ account, region, name }: BusName, ctx: Context): void {
  busVersions.put(ctx.tx, [account, region, name], { version: uuid() });
}

/** The bus as a resource of an access declaration, its policy included. */
export async function busAccess(action: string, nameOrArn: string | undefined, ctx: Context) {
  const bus = busNamed(nameOrArn, ctx);
  const row = await findBus(bus, ctx);
  const arn = busArn(bus);
  return {
    action: `events:${action}`,
    resource: arn,
    resourceType: "AWS::Events::EventBus",
    resourceTags: row?.tags ?? {},
    resourcePolicy: row?.policy ? { name: arn, document: row.policy, kind: "resource" as const } : undefined,
  };
}

/** The rule as a resource of an access declaration. */
export async function ruleAccess(
  action: string,
  { Name, Rule, EventBusName }: { Name?: string; Rule?: string; EventBusName?: string | undefined },
  ctx: Context,
) {
  const bus = busNamed(EventBusName, ctx);
  const name = Name ?? Rule ?? "";
  const row = await rules.get(ctx.tx, bus.account, bus.region, bus.name, name);
  const policy = (await findBus(bus, ctx))?.policy;
  return {
    action: `events:${action}`,
    resource: ruleArn(bus, name),
    resourceType: "AWS::Events::Rule",
    resourceTags: row?.tags ?? {},
    context: row && { "events:creatorAccount": row.createdBy },
    resourcePolicy: policy ? { name: busArn(bus), document: policy, kind: "resource" as const } : undefined,
  };
}

export function tagsOf(list: readonly { Key?: string | undefined; Value?: string | undefined }[] = []) {
  return Object.fromEntries(list.map(({ Key = "", Value = "" }) => [Key, Value]));
}
