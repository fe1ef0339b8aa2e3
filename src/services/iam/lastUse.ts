import type { RoleLastUsed } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { newestEvents, serviceOf, type TrailEvent } from "../../kit/record.ts";
import { seconds } from "./shared.ts";
import type { RoleRow } from "./tables.ts";

/** When a key or role was last used, from the record of calls: nothing is written for it. */

/** AWS tells of the last 400 days. */
export const trackedMs = 400 * 24 * 60 * 60_000;

interface Use {
  atMs: number;
  region: string;
  /** "iam" */
  service: string;
}

/** The newest event that is wanted, among so many. */
async function latest(
  terms: string[],
  ctx: Context,
  { among, isWanted }: { among: number; isWanted: (event: TrailEvent) => boolean },
): Promise<Use | undefined> {
  const from = ctx.clock.now() - trackedMs;
  for await (const { atMs, event } of newestEvents({ from, terms, limit: among }, ctx)) {
    if (isWanted(event)) return { atMs, region: event.awsRegion, service: serviceOf(event) };
  }
  return undefined;
}

export function lastUseOfKey(accessKeyId: string, ctx: Context): Promise<Use | undefined> {
  return latest([`AccessKeyId=${accessKeyId}`], ctx, { among: 1, isWanted: () => true });
}

/** The last call of any of the role's sessions. */
export async function lastUseOfRole({ arn, createDate }: RoleRow, ctx: Context): Promise<RoleLastUsed> {
  const used = await latest([`Issuer=${arn}`], ctx, {
    // Copies of events for other accounts may stand before the role's own.
    among: 25,
    isWanted: ({ recipientAccountId }) => recipientAccountId === ctx.account,
  });
  // An earlier role of that name is another role.
  if (used === undefined || used.atMs < createDate) return {};
  return { LastUsedDate: seconds(used.atMs), Region: used.region };
}
