import type { Context } from "../../kit/context.ts";
import { existingGroup, groupAccess, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { putGroup } from "./groups.ts";
import { dayMs, expiredBefore, retentionDays } from "./limits.ts";
import { deleteChunk } from "./store/chunkRows.ts";
import { parsePlace, placesOf, spansMs } from "./store/place.ts";
import { groupFacts, groups, index } from "./tables.ts";

/** How long lines are kept. Expired lines are not shown from the moment that they expire; once a day they are dropped. */

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
export const putRetentionPolicy = logs.operation("PutRetentionPolicy", {
  access: ({ logGroupName }, ctx) => groupAccess("PutRetentionPolicy", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName, retentionInDays }, ctx) {
    if (!retentionDays.includes(retentionInDays)) {
      throw ctx.error(
        "InvalidParameterException",
        `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${retentionDays.join(", ")}]`,
      );
    }
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    putGroup({ ...group, retentionInDays }, ctx);
    setTrim(group, ctx.clock.now() + dayMs, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteRetentionPolicy.html */
export const deleteRetentionPolicy = logs.operation("DeleteRetentionPolicy", {
  access: ({ logGroupName }, ctx) => groupAccess("DeleteRetentionPolicy", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName }, ctx) {
    const { retentionInDays: _, ...group } = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    putGroup(group, ctx);
    return {};
  },
});

interface Trim {
  name: string;
  groupId: string;
}

function setTrim({ name, groupId }: Trim, atMs: number, ctx: Context): void {
  // One timer for each group and day, however often the policy is put.
  const at = Math.ceil(atMs / dayMs) * dayMs;
  ctx.timers.set(`trim/${groupId}`, "trimGroup", at, { name, groupId } satisfies Trim);
}

/** Chunks that one transaction drops. */
const maxTrimmed = 500;

/** Timer: drops the chunks of a group all of whose lines are expired. */
export async function trimGroup({ name, groupId }: Trim, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const group = await groups.get(tx, account, region, name);
  if (group?.groupId !== groupId || group.retentionInDays === undefined) return;
  const cutoff = expiredBefore(group, ctx);
  let dropped = 0;
  let bytes = 0;
  for (const number of spansMs.keys()) {
    const [from] = placesOf(number, 0, 0);
    const rows = await index.list(tx, [account, region, groupId], { limit: maxTrimmed, after: [from] });
    for (const { key, row } of rows) {
      const place = parsePlace(key[3]);
      if (place.class !== number || place.min >= cutoff || dropped >= maxTrimmed) break;
      if (place.max >= cutoff) continue;
      index.delete(tx, ...key);
      deleteChunk(tx, { account, region, streamId: row.streamId }, key[3]);
      dropped += 1;
      bytes += row.bytes;
    }
  }
  const facts = await groupFacts.get(tx, account, region, groupId);
  if (facts !== undefined) {
    groupFacts.put(tx, [account, region, groupId], { storedBytes: Math.max(0, facts.storedBytes - bytes) });
  }
  if (dropped >= maxTrimmed) {
    ctx.timers.set(`trim/${groupId}/more`, "trimGroup", ctx.clock.now(), { name, groupId });
  } else setTrim({ name, groupId }, ctx.clock.now() + 1, ctx);
}
