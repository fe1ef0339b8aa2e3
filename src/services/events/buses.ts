import type { EventBus } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { events } from "./contract.ts";
import { existingSource, letGo, takeUp } from "./eventSources.ts";
import { namedPage } from "./lists.ts";
import { busAccess, busArn, busNamed, defaultBus, existingBus, findBus, tagsOf, touchBus } from "./names.ts";
import { removeRule } from "./rules.ts";
import { type BusRow, buses, type EventSourceRow, rules } from "./tables.ts";

/** AWS's default quota. */
const maxBusesPerRegion = 100;

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html */
export const createEventBus = events.operation("CreateEventBus", {
  access: async ({ Name, Tags }, ctx) => ({
    ...(await busAccess("CreateEventBus", Name, ctx)),
    resourcePolicy: undefined,
    requestTags: Tags ?? [],
  }),
  async handle(
    { Name, EventSourceName, Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig, Tags },
    ctx,
  ) {
    if (Name === defaultBus || (await findBus(busNamed(Name, ctx), ctx)) !== undefined) {
      throw ctx.error("ResourceAlreadyExistsException", `Event bus ${Name} already exists.`);
    }
    const source = await sourceOf(Name, EventSourceName, ctx);
    const standing = await buses.list(ctx.tx, [ctx.account, ctx.region], { limit: maxBusesPerRegion });
    if (standing.length >= maxBusesPerRegion) throw tooMany(ctx);
    const now = ctx.clock.now();
    const row: BusRow = {
      tags: tagsOf(Tags),
      createdAt: now,
      changedAt: now,
      ...settings({ Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig }),
    };
    buses.put(ctx.tx, [ctx.account, ctx.region, Name], row);
    if (source !== undefined) takeUp(busNamed(Name, ctx), source, ctx);
    return { EventBusArn: busArn(busNamed(Name, ctx)), ...shownSettings(row) };
  },
});

/** The event source of a partner's bus, which has its name; undefined for a bus of the account's own. */
async function sourceOf(
  name: string,
  sourceName: string | undefined,
  ctx: Context<"ResourceNotFoundException" | "InvalidStateException">,
): Promise<EventSourceRow | undefined> {
  if (sourceName === undefined) {
    if (name.includes("/")) throw ctx.error("ValidationException", "Event bus name must not contain '/'.");
    return undefined;
  }
  if (sourceName !== name)
    throw ctx.error(
      "ValidationException",
      "The name of a partner event bus must be that of its event source.",
    );
  const source = await existingSource(sourceName, ctx);
  if (source.state !== "PENDING")
    throw ctx.error("InvalidStateException", `Event source ${sourceName} is not in state PENDING.`);
  return source;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateEventBus.html */
export const updateEventBus = events.operation("UpdateEventBus", {
  access: ({ Name }, ctx) => busAccess("UpdateEventBus", Name, ctx),
  async handle({ Name, ...changes }, ctx) {
    const bus = busNamed(Name, ctx);
    const row = { ...(await existingBus(bus, ctx)), ...settings(changes), changedAt: ctx.clock.now() };
    buses.put(ctx.tx, [bus.account, bus.region, bus.name], row);
    return { Arn: busArn(bus), Name: bus.name, ...shownSettings(row) };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html */
export const describeEventBus = events.operation("DescribeEventBus", {
  access: ({ Name }, ctx) => busAccess("DescribeEventBus", Name, ctx),
  async handle({ Name }, ctx) {
    const bus = busNamed(Name, ctx);
    const row = await existingBus(bus, ctx);
    return { ...shown(bus, row), ...shownSettings(row) };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListEventBuses.html */
export const listEventBuses = events.operation("ListEventBuses", {
  access: () => ({ action: "events:ListEventBuses", resource: "*" }),
  async handle(input, ctx) {
    const { items, next } = await namedPage(buses, [ctx.account, ctx.region], input, ctx);
    const EventBuses = items.map(({ name, row }) => shown(busNamed(name, ctx), row));
    const hasDefault = items.some(({ name }) => name === defaultBus);
    // It stands without a row, on the first page.
    const standing = await buses.get(ctx.tx, ctx.account, ctx.region, defaultBus);
    const fits = defaultBus.startsWith(input.NamePrefix ?? "") && input.NextToken === undefined;
    if (fits && !hasDefault && standing === undefined && EventBuses.length < (input.Limit ?? 100)) {
      EventBuses.push(shown(busNamed(undefined, ctx), { tags: {}, createdAt: 0, changedAt: 0 }));
      EventBuses.sort((a, b) => ((a.Name ?? "") < (b.Name ?? "") ? -1 : 1));
    }
    return { EventBuses, ...(next && { NextToken: next }) };
  },
});

/** Deletes a bus with its rules. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html */
export const deleteEventBus = events.operation("DeleteEventBus", {
  access: ({ Name }, ctx) => busAccess("DeleteEventBus", Name, ctx),
  async handle({ Name }, ctx) {
    if (Name === defaultBus) throw ctx.error("ValidationException", "Cannot delete event bus default.");
    const bus = busNamed(Name, ctx);
    if ((await findBus(bus, ctx)) === undefined) return {};
    for (const { key, row } of await rules.list(ctx.tx, [bus.account, bus.region, bus.name])) {
      await removeRule(bus, key[3], row, ctx);
    }
    buses.delete(ctx.tx, bus.account, bus.region, bus.name);
    touchBus(bus, ctx);
    if (bus.name.includes("/")) await letGo(bus, ctx);
    return {};
  },
});

interface Settings {
  Description?: string | undefined;
  KmsKeyIdentifier?: string | undefined;
  DeadLetterConfig?: { Arn?: string | undefined } | undefined;
  LogConfig?: object | undefined;
}

function settings({ Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig }: Settings): Partial<BusRow> {
  return {
    ...(Description !== undefined && { description: Description }),
    ...(KmsKeyIdentifier !== undefined && { kmsKey: KmsKeyIdentifier }),
    ...(DeadLetterConfig?.Arn !== undefined && { deadLetterArn: DeadLetterConfig.Arn }),
    ...(LogConfig !== undefined && { logConfig: { ...LogConfig } }),
  };
}

function shownSettings({ description, kmsKey, deadLetterArn, logConfig }: BusRow) {
  return {
    ...(description !== undefined && { Description: description }),
    ...(kmsKey !== undefined && { KmsKeyIdentifier: kmsKey }),
    ...(deadLetterArn !== undefined && { DeadLetterConfig: { Arn: deadLetterArn } }),
    ...(logConfig !== undefined && { LogConfig: logConfig }),
  };
}

function shown(bus: { account: string; region: string; name: string }, row: BusRow): EventBus {
  return {
    Name: bus.name,
    Arn: busArn(bus),
    ...(row.description !== undefined && { Description: row.description }),
    ...(row.policy !== undefined && { Policy: row.policy }),
    ...(row.createdAt > 0 && {
      CreationTime: new Date(row.createdAt),
      LastModifiedTime: new Date(row.changedAt),
    }),
  };
}

export function tooMany(ctx: Context<"LimitExceededException">): Error {
  return ctx.error("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
}
