import type { Context } from "../../kit/context.ts";
import { maxShards } from "./limits.ts";
import { streams } from "./tables.ts";

/** What an account has in a Region. */
export interface Totals {
  /** Of provisioned streams. */
  openShards: number;
  onDemandStreams: number;
}

export async function totalsOf({ tx, account, region }: Context): Promise<Totals> {
  const rows = await streams.list(tx, [account, region]);
  const totals: Totals = { openShards: 0, onDemandStreams: 0 };
  for (const { row } of rows) {
    if (row.mode === "ON_DEMAND") totals.onDemandStreams += 1;
    else totals.openShards += row.openShards;
  }
  return totals;
}

export function checkShardLimit(open: number, added: number, ctx: Context<"LimitExceededException">): void {
  if (open + added <= maxShards) return;
  throw ctx.error(
    "LimitExceededException",
    `This request would exceed the shard limit for the account ${ctx.account} in ${ctx.region}. Current shard count for the account: ${open}. Limit: ${maxShards}. Number of additional shards that would have resulted from this request: ${added}. Refer to the AWS Service Limits page (https://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.`,
  );
}
