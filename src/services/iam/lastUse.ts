import type { RoleLastUsed } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { seconds } from "./shared.ts";
import type { RoleRow } from "./tables.ts";

/** When a key or role was last used, from the record of calls: nothing is written for it. */

const recordLog = "record";
/** AWS tells of the last 400 days. */
const trackedMs = 400 * 24 * 60 * 60_000;

interface Use {
  atMs: number;
  region: string;
  /** "iam" */
  service: string;
  event: RecordedEvent;
}

interface RecordedEvent {
  eventSource: string;
  awsRegion: string;
  errorCode?: string;
  recipientAccountId: string;
}

async function latest(terms: string[], ctx: Context, isWanted?: (event: RecordedEvent) => boolean) {
  // Refused attempts may stand before the one that succeeded; the search for it is bounded.
  const limit = isWanted === undefined ? 1 : 25;
  const from = ctx.clock.now() - trackedMs;
  const page = await ctx.log(recordLog).read({ from, terms, reverse: true, limit });
  for (const { at, text } of page.entries) {
    const { event } = JSON.parse(text) as { event: RecordedEvent };
    if (isWanted?.(event) === false) continue;
    const service = event.eventSource.replace(/\.amazonaws\.com$/, "");
    return { atMs: at, region: event.awsRegion, service, event } satisfies Use;
  }
  return undefined;
}

export function lastUseOfKey(accessKeyId: string, ctx: Context): Promise<Use | undefined> {
  return latest([`AccessKeyId=${accessKeyId}`], ctx);
}

/** The last call of any of the role's sessions. */
export async function lastUseOfRole({ arn, createDate }: RoleRow, ctx: Context): Promise<RoleLastUsed> {
  const used = await latest(
    [`Issuer=${arn}`],
    ctx,
    ({ recipientAccountId }) => recipientAccountId === ctx.account,
  );
  // An earlier role of that name is another role.
  if (used === undefined || used.atMs < createDate) return {};
  return { LastUsedDate: seconds(used.atMs), Region: used.region };
}
