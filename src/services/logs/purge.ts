import type { Context } from "../../kit/context.ts";
import { indexPolicies } from "./indexPolicies.ts";
import { protections } from "./protection/versions.ts";
import { chunksBetween, deleteChunk } from "./store/chunkRows.ts";
import { groupFacts, index, journal, streamFacts, streams, streamsByLast } from "./tables.ts";
import { transformers } from "./transform/versions.ts";

/** Dropping what belonged to a deleted stream or group, in pieces that a transaction can hold. */

const maxPurged = 500;

interface PurgedStream {
  groupId: string;
  streamId: string;
}

/** Drops a stream's lines: some at once, so that mostly nothing is left when the call is answered. */
export async function purgeStream({ groupId, streamId }: PurgedStream, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const key = { account, region, streamId };
  const chunks = await chunksBetween(tx, key, ["", "~"], { limit: maxPurged, reverse: false });
  let bytes = 0;
  for (const { place } of chunks) {
    deleteChunk(tx, key, place);
    bytes += (await index.get(tx, account, region, groupId, place))?.bytes ?? 0;
    index.delete(tx, account, region, groupId, place);
  }
  const facts = await groupFacts.get(tx, account, region, groupId);
  if (facts !== undefined && bytes > 0) {
    groupFacts.put(tx, [account, region, groupId], { storedBytes: Math.max(0, facts.storedBytes - bytes) });
  }
  if (chunks.length === maxPurged) {
    ctx.timers.set(`purge/${streamId}`, "purgeStream", ctx.clock.now(), { groupId, streamId });
  }
}

/** Timer: drops what belonged to a group that is deleted. */
export async function purgeGroup({ groupId }: { groupId: string }, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const scope = [account, region, groupId] as const;
  const limit = maxPurged;
  const found = await index.list(tx, scope, { limit });
  for (const { key, row } of found) {
    deleteChunk(tx, { account, region, streamId: row.streamId }, key[3]);
    index.delete(tx, ...key);
  }
  const waiting = await journal.list(tx, scope, { limit });
  for (const { key } of waiting) journal.delete(tx, ...key);
  const named = await streams.list(tx, scope, { limit });
  for (const { key } of named) streams.delete(tx, ...key);
  const facts = await streamFacts.list(tx, scope, { limit });
  for (const { key } of facts) streamFacts.delete(tx, ...key);
  const ordered = await streamsByLast.list(tx, scope, { limit });
  for (const { key } of ordered) streamsByLast.delete(tx, ...key);
  groupFacts.delete(tx, ...scope);
  protections.delete(tx, ...scope);
  transformers.delete(tx, ...scope);
  indexPolicies.delete(tx, ...scope);
  const lists = [found, waiting, named, facts, ordered];
  if (lists.some(({ length }) => length === limit)) {
    ctx.timers.set(`purge/${groupId}`, "purgeGroup", ctx.clock.now(), { groupId });
  }
}
