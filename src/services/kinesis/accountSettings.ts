import { onAll } from "./access.ts";
import { kinesis } from "./contract.ts";
import { dayMs } from "./limits.ts";
import { type AccountRow, accounts } from "./tables.ts";

/** An account's commitment to a minimum throughput, which changes its bill and nothing else. */

/** A commitment can be ended after so long. */
const commitmentMs = dayMs;

function shown(row: AccountRow | undefined) {
  if (row?.since === undefined)
    return { MinimumThroughputBillingCommitment: { Status: "DISABLED" as const } };
  const Status: "ENABLED" | "ENABLED_UNTIL_EARLIEST_ALLOWED_END" =
    row.billingCommitment === "ENABLED" ? "ENABLED" : "ENABLED_UNTIL_EARLIEST_ALLOWED_END";
  return {
    MinimumThroughputBillingCommitment: {
      Status,
      StartedAt: new Date(row.since),
      EarliestAllowedEndAt: new Date(row.since + commitmentMs),
    },
  };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html */
export const describeAccountSettings = kinesis.operation("DescribeAccountSettings", {
  access: onAll("DescribeAccountSettings"),
  async handle(_, ctx) {
    return shown(await accounts.get(ctx.tx, ctx.account, ctx.region));
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateAccountSettings.html */
export const updateAccountSettings = kinesis.operation("UpdateAccountSettings", {
  access: onAll("UpdateAccountSettings"),
  async handle({ MinimumThroughputBillingCommitment: { Status } }, ctx) {
    const held = await accounts.get(ctx.tx, ctx.account, ctx.region);
    const now = ctx.clock.now();
    const over = held?.since === undefined || now >= held.since + commitmentMs;
    const row: AccountRow =
      Status === "ENABLED"
        ? { billingCommitment: "ENABLED", since: held?.since ?? now }
        : { billingCommitment: "DISABLED", ...(!over && held.since !== undefined && { since: held.since }) };
    accounts.put(ctx.tx, [ctx.account, ctx.region], row);
    return shown(row);
  },
});
