import type { Replay } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { keptSinceMs } from "./archives.ts";
import { events } from "./contract.ts";
import { ingest } from "./ingest.ts";
import { namedPage } from "./lists.ts";
import { busNamed, ruleOfArn } from "./names.ts";
import { archives, type ReplayRow, replays } from "./tables.ts";
import type { Envelope } from "./transform.ts";

/** Replays send an archive's events onto its bus again. */

const pageEvents = 100;
const maxActiveReplays = 10;

function replayArn({ account, region }: Context, name: string): string {
  return `arn:aws:events:${region}:${account}:replay/${name}`;
}

function access(action: string, name: string, ctx: Context) {
  return { action: `events:${action}`, resource: replayArn(ctx, name), resourceType: "AWS::Events::Replay" };
}

async function existing(name: string, ctx: Context<"ResourceNotFoundException">): Promise<ReplayRow> {
  const row = await replays.get(ctx.tx, ctx.account, ctx.region, name);
  if (row !== undefined) return row;
  throw ctx.error("ResourceNotFoundException", `Replay ${name} does not exist.`);
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html */
export const startReplay = events.operation("StartReplay", {
  access: ({ ReplayName }, ctx) => access("StartReplay", ReplayName, ctx),
  async handle({ ReplayName, EventSourceArn, EventStartTime, EventEndTime, Destination, Description }, ctx) {
    const invalid = (parameter: string, reason: string) =>
      ctx.error("ValidationException", `Parameter ${parameter} is not valid. Reason: ${reason}`);
    const archiveName = parseArn(EventSourceArn)?.resource.replace(/^archive\//, "") ?? "";
    const archive = await archives.get(ctx.tx, ctx.account, ctx.region, archiveName);
    if (archive === undefined) throw invalid("EventSourceArn", `Archive ${archiveName} does not exist.`);
    if (Destination.Arn !== archive.busArn)
      throw invalid("Destination.Arn", "Cross event bus replay is not permitted.");
    if (EventStartTime >= EventEndTime)
      throw invalid("EventEndTime", "EventStartTime must be before EventEndTime.");
    if ((await replays.get(ctx.tx, ctx.account, ctx.region, ReplayName)) !== undefined)
      throw ctx.error("ResourceAlreadyExistsException", `Replay ${ReplayName} already exists.`);
    await checkActive(ctx);
    const now = ctx.clock.now();
    const row: ReplayRow = {
      archiveArn: EventSourceArn,
      busArn: archive.busArn,
      ...(Destination.FilterArns && { filterArns: [...Destination.FilterArns] }),
      ...(Description !== undefined && { description: Description }),
      fromMs: EventStartTime.getTime(),
      toMs: EventEndTime.getTime(),
      state: "STARTING",
      startedAt: now,
    };
    replays.put(ctx.tx, [ctx.account, ctx.region, ReplayName], row);
    ctx.outbox.put("replay", { name: ReplayName });
    return { ReplayArn: replayArn(ctx, ReplayName), State: row.state, ReplayStartTime: new Date(now) };
  },
});

async function checkActive(ctx: Context<"LimitExceededException">): Promise<void> {
  const all = await replays.list(ctx.tx, [ctx.account, ctx.region]);
  const active = all.filter(({ row }) => row.state === "STARTING" || row.state === "RUNNING");
  if (active.length >= maxActiveReplays) {
    throw ctx.error("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
  }
}

/** One page of a replay, and work for the next. */
export const replay = {
  async settle({ name, after }: { name: string; after?: string }, ctx: Context): Promise<void> {
    const row = await replays.get(ctx.tx, ctx.account, ctx.region, name);
    if (row === undefined) return;
    const put = (changes: Partial<ReplayRow>) =>
      replays.put(ctx.tx, [ctx.account, ctx.region, name], { ...row, ...changes });
    if (row.state === "CANCELLING") return put({ state: "CANCELLED", endedAt: ctx.clock.now() });
    const archiveName = parseArn(row.archiveArn)?.resource.replace(/^archive\//, "") ?? "";
    const archive = await archives.get(ctx.tx, ctx.account, ctx.region, archiveName);
    if (archive === undefined)
      return put({ state: "FAILED", stateReason: "The archive was deleted.", endedAt: ctx.clock.now() });
    const from = Math.max(row.fromMs, keptSinceMs(archive, ctx));
    const to = row.toMs;
    const page = await ctx.log(archive.log).read({ from, to, limit: pageEvents, ...(after && { after }) });
    const ruleNames = row.filterArns?.flatMap((arn) => ruleOfArn(arn)?.rule ?? []);
    for (const { text } of page.entries) {
      const { resources, detail, ...head } = JSON.parse(text) as Envelope;
      const event: Envelope = { ...head, "replay-name": name, resources, detail };
      await ingest(event, busNamed(row.busArn, ctx), ctx, { replay: { ruleNames } });
    }
    const last = page.entries.at(-1);
    const lastReplayedAt = last ? { lastReplayedAt: last.at } : {};
    if (page.next === undefined)
      return put({ ...lastReplayedAt, state: "COMPLETED", endedAt: ctx.clock.now() });
    put({ ...lastReplayedAt, state: "RUNNING" });
    ctx.outbox.put("replay", { name, after: page.next });
  },
};

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CancelReplay.html */
export const cancelReplay = events.operation("CancelReplay", {
  access: ({ ReplayName }, ctx) => access("CancelReplay", ReplayName, ctx),
  async handle({ ReplayName }, ctx) {
    const row = await existing(ReplayName, ctx);
    if (row.state !== "STARTING" && row.state !== "RUNNING") {
      throw ctx.error(
        "IllegalStatusException",
        `Replay ${ReplayName} is not in a valid state for this operation.`,
      );
    }
    replays.put(ctx.tx, [ctx.account, ctx.region, ReplayName], { ...row, state: "CANCELLING" });
    return { ReplayArn: replayArn(ctx, ReplayName), State: "CANCELLING" as const };
  },
});

function shown(name: string, row: ReplayRow): Replay {
  return {
    ReplayName: name,
    EventSourceArn: row.archiveArn,
    State: row.state,
    ...(row.stateReason !== undefined && { StateReason: row.stateReason }),
    EventStartTime: new Date(row.fromMs),
    EventEndTime: new Date(row.toMs),
    ...(row.lastReplayedAt !== undefined && { EventLastReplayedTime: new Date(row.lastReplayedAt) }),
    ReplayStartTime: new Date(row.startedAt),
    ...(row.endedAt !== undefined && { ReplayEndTime: new Date(row.endedAt) }),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeReplay.html */
export const describeReplay = events.operation("DescribeReplay", {
  access: ({ ReplayName }, ctx) => access("DescribeReplay", ReplayName, ctx),
  async handle({ ReplayName }, ctx) {
    const row = await existing(ReplayName, ctx);
    return {
      ...shown(ReplayName, row),
      ReplayArn: replayArn(ctx, ReplayName),
      ...(row.description !== undefined && { Description: row.description }),
      Destination: { Arn: row.busArn, ...(row.filterArns && { FilterArns: row.filterArns }) },
    };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListReplays.html */
export const listReplays = events.operation("ListReplays", {
  access: () => ({ action: "events:ListReplays", resource: "*" }),
  async handle({ State, EventSourceArn, ...input }, ctx) {
    const where = (row: ReplayRow) =>
      (State === undefined || row.state === State) &&
      (EventSourceArn === undefined || row.archiveArn === EventSourceArn);
    const { items, next } = await namedPage(replays, [ctx.account, ctx.region], input, ctx, where);
    return { Replays: items.map(({ name, row }) => shown(name, row)), ...(next && { NextToken: next }) };
  },
});
