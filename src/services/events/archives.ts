import type { Archive } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { tooMany } from "./buses.ts";
import { events } from "./contract.ts";
import { namedPage } from "./lists.ts";
import { busNamed, existingBus, touchBus } from "./names.ts";
import { checkedPattern } from "./patterns.ts";
import { type ArchiveRow, archives } from "./tables.ts";

/** Archives keep what came onto a bus, to be replayed. */

const maxArchivesPerRegion = 100;
const pageEntries = 10_000;

export function archiveArn({ account, region }: Context, name: string): string {
  return `arn:aws:events:${region}:${account}:archive/${name}`;
}

function access(action: string, name: string, ctx: Context) {
  return {
    action: `events:${action}`,
    resource: archiveArn(ctx, name),
    resourceType: "AWS::Events::Archive",
  };
}

async function existing(name: string, ctx: Context<"ResourceNotFoundException">): Promise<ArchiveRow> {
  const row = await archives.get(ctx.tx, ctx.account, ctx.region, name);
  if (row !== undefined) return row;
  throw ctx.error("ResourceNotFoundException", `Archive ${name} does not exist.`);
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html */
export const createArchive = events.operation("CreateArchive", {
  access: ({ ArchiveName }, ctx) => access("CreateArchive", ArchiveName, ctx),
  async handle(
    { ArchiveName, EventSourceArn, Description, EventPattern, RetentionDays, KmsKeyIdentifier },
    ctx,
  ) {
    const bus = busNamed(EventSourceArn, ctx);
    await existingBus(bus, ctx);
    if ((await archives.get(ctx.tx, ctx.account, ctx.region, ArchiveName)) !== undefined)
      throw ctx.error("ResourceAlreadyExistsException", `Archive ${ArchiveName} already exists.`);
    const standing = await archives.list(ctx.tx, [ctx.account, ctx.region], { limit: maxArchivesPerRegion });
    if (standing.length >= maxArchivesPerRegion) throw tooMany(ctx);
    if (EventPattern) checkedPattern(EventPattern, ctx);
    const row: ArchiveRow = {
      busArn: EventSourceArn,
      ...(Description !== undefined && { description: Description }),
      ...(EventPattern && { pattern: EventPattern }),
      retentionDays: RetentionDays ?? 0,
      ...(KmsKeyIdentifier !== undefined && { kmsKey: KmsKeyIdentifier }),
      createdAt: ctx.clock.now(),
      log: `events/archive/${uuid()}`,
    };
    archives.put(ctx.tx, [ctx.account, ctx.region, ArchiveName], row);
    touchBus(bus, ctx);
    return summary(ArchiveName, row, ctx);
  },
});

function summary(name: string, { createdAt }: ArchiveRow, ctx: Context) {
  return {
    ArchiveArn: archiveArn(ctx, name),
    State: "ENABLED" as const,
    CreationTime: new Date(createdAt),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateArchive.html */
export const updateArchive = events.operation("UpdateArchive", {
  access: ({ ArchiveName }, ctx) => access("UpdateArchive", ArchiveName, ctx),
  async handle({ ArchiveName, Description, EventPattern, RetentionDays }, ctx) {
    if (Description === undefined && EventPattern === undefined && RetentionDays === undefined) {
      throw ctx.error(
        "ValidationException",
        "At least one of EventPattern, RetentionDays or Description must be provided.",
      );
    }
    const known = await existing(ArchiveName, ctx);
    if (EventPattern) checkedPattern(EventPattern, ctx);
    const row: ArchiveRow = {
      ...known,
      ...(Description !== undefined && { description: Description }),
      ...(EventPattern !== undefined && { pattern: EventPattern }),
      retentionDays: RetentionDays ?? known.retentionDays,
    };
    archives.put(ctx.tx, [ctx.account, ctx.region, ArchiveName], row);
    touchBus(busNamed(row.busArn, ctx), ctx);
    return summary(ArchiveName, row, ctx);
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeArchive.html */
export const describeArchive = events.operation("DescribeArchive", {
  access: ({ ArchiveName }, ctx) => access("DescribeArchive", ArchiveName, ctx),
  async handle({ ArchiveName }, ctx) {
    const row = await existing(ArchiveName, ctx);
    return {
      ...(await shown(ArchiveName, row, ctx)),
      ArchiveArn: archiveArn(ctx, ArchiveName),
      ...(row.description !== undefined && { Description: row.description }),
      ...(row.pattern !== undefined && { EventPattern: row.pattern }),
      ...(row.kmsKey !== undefined && { KmsKeyIdentifier: row.kmsKey }),
    };
  },
});

async function shown(name: string, row: ArchiveRow, ctx: Context): Promise<Archive> {
  const { count, bytes } = await contents(row, ctx);
  return {
    ArchiveName: name,
    EventSourceArn: row.busArn,
    State: "ENABLED",
    RetentionDays: row.retentionDays,
    SizeBytes: bytes,
    EventCount: count,
    CreationTime: new Date(row.createdAt),
  };
}

const dayMs = 86_400_000;

/** Since when an archive's events count, ms: what is older than its retention is gone. */
export function keptSinceMs({ retentionDays }: ArchiveRow, ctx: Context): number {
  return retentionDays === 0 ? 0 : ctx.clock.now() - retentionDays * dayMs;
}

/** Counted when asked for: a counter would be a row that all events of a bus contend for. */
async function contents(row: ArchiveRow, ctx: Context): Promise<{ count: number; bytes: number }> {
  let count = 0;
  let bytes = 0;
  let after: string | undefined;
  do {
    const from = keptSinceMs(row, ctx);
    const page = await ctx.log(row.log).read({ from, limit: pageEntries, ...(after && { after }) });
    count += page.entries.length;
    for (const { text } of page.entries) bytes += Buffer.byteLength(text);
    after = page.next;
  } while (after !== undefined);
  return { count, bytes };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListArchives.html */
export const listArchives = events.operation("ListArchives", {
  access: () => ({ action: "events:ListArchives", resource: "*" }),
  async handle({ EventSourceArn, State, ...input }, ctx) {
    const where = ({ busArn }: ArchiveRow) =>
      (EventSourceArn === undefined || busArn === EventSourceArn) && (State ?? "ENABLED") === "ENABLED";
    const { items, next } = await namedPage(archives, [ctx.account, ctx.region], input, ctx, where);
    const Archives: Archive[] = [];
    for (const { name, row } of items) Archives.push(await shown(name, row, ctx));
    return { Archives, ...(next && { NextToken: next }) };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteArchive.html */
export const deleteArchive = events.operation("DeleteArchive", {
  access: ({ ArchiveName }, ctx) => access("DeleteArchive", ArchiveName, ctx),
  async handle({ ArchiveName }, ctx) {
    const row = await existing(ArchiveName, ctx);
    archives.delete(ctx.tx, ctx.account, ctx.region, ArchiveName);
    touchBus(busNamed(row.busArn, ctx), ctx);
    return {};
  },
});
