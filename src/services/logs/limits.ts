import type { Context } from "../../kit/context.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */

export const maxBatchBytes = 1_048_576;
/** What each event of a batch counts beside its message. */
export const eventOverheadBytes = 26;
export const maxBatchSpanMs = 24 * 60 * 60_000;
export const maxEventAgeMs = 14 * 24 * 60 * 60_000;
export const maxEventLeadMs = 2 * 60 * 60_000;
export const maxMetricFiltersPerGroup = 100;
export const maxSubscriptionFiltersPerGroup = 2;
/** Of metric filters and the like whose pattern holds a regular expression. */
export const maxRegexFiltersPerGroup = 5;
export const maxResourcePolicies = 10;
export const maxTagsPerResource = 50;
export const maxQueryDefinitions = 1_000;
export const maxGroupsPerQuery = 50;
export const maxEventsPerPage = 10_000;
/** Of messages, with what each event counts beside. */
export const maxPageBytes = 1_048_576;

export const dayMs = 24 * 60 * 60_000;

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
export const retentionDays: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** The time before which a group's lines are expired. */
export function expiredBefore(
  { retentionInDays }: { retentionInDays?: number },
  { clock }: Pick<Context, "clock">,
): number {
  return retentionInDays === undefined ? 0 : clock.now() - retentionInDays * dayMs;
}
