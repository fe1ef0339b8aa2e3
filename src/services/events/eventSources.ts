import type { EventSource } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { events } from "./contract.ts";
import { namedPage } from "./lists.ts";
import { buses, type EventSourceRow, eventSources, offeredTo } from "./tables.ts";

/** Event sources of partners, as their customers see them. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-saas.html */

/** What is not taken up within this is gone. */
const pendingMs = 14 * 86_400_000;

export function eventSourceArn(name: string, region: string): string {
  return `arn:aws:events:${region}::event-source/${name}`;
}

/** ARNs of event sources name no account: whoever calls means his own. */
export function sourceAccess(action: string, name: string, ctx: Context) {
  return {
    action: `events:${action}`,
    resource: eventSourceArn(name, ctx.region),
    resourceAccount: ctx.account,
    resourceType: "AWS::Events::EventSource",
  };
}

interface SourceName {
  account: string;
  region: string;
  name: string;
}

export async function existingSource(
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<EventSourceRow> {
  const row = await eventSources.get(ctx.tx, ctx.account, ctx.region, name);
  if (row === undefined) throw ctx.error("ResourceNotFoundException", `Event source ${name} does not exist.`);
  return row;
}

export function putSource({ account, region, name }: SourceName, row: EventSourceRow, ctx: Context): void {
  eventSources.put(ctx.tx, [account, region, name], row);
}

/** A source that waits for its customer, for as long as that may take. */
export function pending(source: SourceName, row: Omit<EventSourceRow, "state">, ctx: Context): void {
  const expiresAt = ctx.clock.now() + pendingMs;
  putSource(source, { ...row, state: "PENDING", expiresAt }, ctx);
  const { account, region, name } = source;
  ctx.timers.set(`source/${account}/${region}/${name}`, "expireSource", expiresAt, { ...source, expiresAt });
}

/** Timer: nobody took it up. */
export async function expireSource(
  { account, region, name, expiresAt }: SourceName & { expiresAt: number },
  ctx: Context,
): Promise<void> {
  const row = await eventSources.get(ctx.tx, account, region, name);
  if (row?.state !== "PENDING" || row.expiresAt !== expiresAt) return;
  eventSources.delete(ctx.tx, account, region, name);
  offeredTo.delete(ctx.tx, row.partner, region, name, account);
}

/** A customer made the bus for a source. */
export function takeUp(source: SourceName, row: EventSourceRow, ctx: Context): void {
  const { expiresAt: _, ...rest } = row;
  putSource(source, { ...rest, state: "ACTIVE" }, ctx);
}

/** The bus of a source is gone. */
export async function letGo(source: SourceName, ctx: Context): Promise<void> {
  const { account, region, name } = source;
  const row = await eventSources.get(ctx.tx, account, region, name);
  if (row === undefined) return;
  if (row.state === "DELETED") eventSources.delete(ctx.tx, account, region, name);
  else pending(source, row, ctx);
}

async function hasBus(name: string, ctx: Context): Promise<boolean> {
  return (await buses.get(ctx.tx, ctx.account, ctx.region, name)) !== undefined;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ActivateEventSource.html */
export const activateEventSource = events.operation("ActivateEventSource", {
  access: ({ Name }, ctx) => sourceAccess("ActivateEventSource", Name, ctx),
  async handle({ Name }, ctx) {
    const row = await existingSource(Name, ctx);
    if (row.state !== "PENDING" || !(await hasBus(Name, ctx))) {
      throw ctx.error(
        "InvalidStateException",
        `Event source ${Name} must be in state PENDING, with a matching event bus, to be activated.`,
      );
    }
    takeUp({ account: ctx.account, region: ctx.region, name: Name }, row, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeactivateEventSource.html */
export const deactivateEventSource = events.operation("DeactivateEventSource", {
  access: ({ Name }, ctx) => sourceAccess("DeactivateEventSource", Name, ctx),
  async handle({ Name }, ctx) {
    const row = await existingSource(Name, ctx);
    if (row.state !== "ACTIVE") {
      throw ctx.error(
        "InvalidStateException",
        `Event source ${Name} must be in state ACTIVE to be deactivated.`,
      );
    }
    pending({ account: ctx.account, region: ctx.region, name: Name }, row, ctx);
    return {};
  },
});

/** "aws.partner/example.com/…": the partner goes by the second part. */
export function partnerOf(name: string): string {
  return name.split("/")[1] ?? "";
}

function shown(name: string, row: EventSourceRow, region: string): EventSource {
  return {
    Arn: eventSourceArn(name, region),
    CreatedBy: partnerOf(name),
    CreationTime: new Date(row.createdAt),
    ...(row.expiresAt !== undefined && { ExpirationTime: new Date(row.expiresAt) }),
    Name: name,
    State: row.state,
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventSource.html */
export const describeEventSource = events.operation("DescribeEventSource", {
  access: ({ Name }, ctx) => sourceAccess("DescribeEventSource", Name, ctx),
  handle: async ({ Name }, ctx) => shown(Name, await existingSource(Name, ctx), ctx.region),
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListEventSources.html */
export const listEventSources = events.operation("ListEventSources", {
  access: () => ({ action: "events:ListEventSources", resource: "*" }),
  async handle(input, ctx) {
    const { items, next } = await namedPage(eventSources, [ctx.account, ctx.region], input, ctx);
    return {
      EventSources: items.map(({ name, row }) => shown(name, row, ctx.region)),
      ...(next && { NextToken: next }),
    };
  },
});
