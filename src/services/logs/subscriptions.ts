import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { isRetriable, maxHops, retryDelayMs } from "../../kit/targets.ts";
import type { BatchViews } from "./batchViews.ts";
import { compilePattern, type Pattern } from "./patterns/index.ts";
import { formatPosition } from "./store/position.ts";
import { deliverTo, packed, type Subscription, targetOf } from "./subscriptionTargets.ts";
import { type GroupRow, type SubscriptionFilterRow, subscriptionFilters } from "./tables.ts";

/** How lines that match go on to subscribers. */

/** Of messages, before compression: compressed and in base64 it fits every target's own limit. */
const maxMessageBytes = 700_000;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html: for up to 24 hours. */
const maxRetryMs = 24 * 60 * 60_000;

/** A batch as it is being written. */
export interface Batch {
  streamName: string;
  views: BatchViews;
  /** Names the batch's lines, with their places in it: see `store/position.ts`. */
  at: number;
  number: number;
  firstItem: number;
}

/** What the outbox holds for `deliverSubscription`. */
interface Forwarding extends Subscription {
  filterName: string;
  groupName: string;
  stream: string;
  /** Compressed, in base64. */
  data: string;
  events: number;
  /** ms since the epoch */
  since: number;
  attempts: number;
}

interface LogEvent {
  id: string;
  timestamp: number;
  message: string;
  extractedFields?: Record<string, string>;
}

/** Leaves what subscription filters take of a batch to the outbox: the group's, and those of its account. */
export async function forwardMatches(
  group: GroupRow,
  batch: Batch,
  ofAccount: readonly SubscriptionFilterRow[],
  ctx: Context,
): Promise<void> {
  const own = group.subscriptionFilters
    ? await subscriptionFilters.list(ctx.tx, [ctx.account, ctx.region, group.name])
    : [];
  for (const row of [...own.map((one) => one.row), ...ofAccount]) {
    const matches = matching(batch, row, await compilePattern(row.filterPattern));
    if (matches.length === 0) continue;
    // What writes into the group that it is fed from would never end.
    if (ctx.hops >= maxHops) {
      count("DeliveryErrors", matches.length, { ...row, groupName: group.name }, ctx);
      continue;
    }
    const level = ofAccount.includes(row) ? { policyLevel: "ACCOUNT_LEVEL_POLICY" } : {};
    for (const logEvents of portions(matches)) {
      await forward(row, group, batch, { logEvents, ...level }, ctx);
    }
  }
}

function matching(
  { views, at, number, firstItem }: Batch,
  row: SubscriptionFilterRow,
  pattern: Pattern,
): LogEvent[] {
  const matches: LogEvent[] = [];
  views.for(row).forEach(({ timestamp, message }, i) => {
    if (!pattern.matches(message)) return;
    const id = formatPosition({ time: timestamp, at, number, item: firstItem + i });
    const one: LogEvent = { id, timestamp, message };
    if (pattern.kind === "fields") one.extractedFields = extracted(pattern.values(message));
    matches.push(one);
  });
  return matches;
}

/** The pattern's "$ip" is the subscriber's "ip". */
function extracted(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replace(/^\$/, ""), value]));
}

function* portions(events: readonly LogEvent[]): Generator<LogEvent[]> {
  let portion: LogEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = Buffer.byteLength(event.message);
    if (portion.length > 0 && bytes + size > maxMessageBytes) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(event);
    bytes += size;
  }
  yield portion;
}

async function forward(
  row: SubscriptionFilterRow,
  group: GroupRow,
  { streamName }: Batch,
  portion: { logEvents: LogEvent[]; policyLevel?: string },
  ctx: Context,
): Promise<void> {
  const { filterName, destinationArn, roleArn, distribution } = row;
  const data = await packed({
    messageType: "DATA_MESSAGE",
    owner: ctx.account,
    logGroup: group.name,
    logStream: streamName,
    subscriptionFilters: [filterName],
    ...portion,
  });
  const forwarding: Forwarding = {
    filterName,
    destinationArn,
    ...(roleArn !== undefined && { roleArn }),
    distribution,
    groupArn: group.arn,
    groupName: group.name,
    stream: streamName,
    data: data.toString("base64"),
    events: portion.logEvents.length,
    since: ctx.clock.now(),
    attempts: 0,
  };
  ctx.outbox.put("deliverSubscription", { ...forwarding }, { group: laneOf(forwarding) });
}

/** Lines of one stream arrive in order, for as long as their target takes them. */
function laneOf({ groupArn, filterName, stream }: Forwarding): string {
  return `${groupArn}/${filterName}/${stream}`;
}

/** Delivery: hands a portion to its target; tries again while that may help. */
export async function deliverSubscription(forwarding: Forwarding, ctx: Context): Promise<void> {
  const data = Buffer.from(forwarding.data, "base64");
  try {
    await deliverTo(forwarding, { data, stream: forwarding.stream }, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    failed(error, forwarding, ctx);
    return;
  }
  count("ForwardedLogEvents", forwarding.events, forwarding, ctx);
  count("ForwardedBytes", data.length, forwarding, ctx, "Bytes");
}

function failed(error: AwsError, forwarding: Forwarding, ctx: Context): void {
  const mayHelp = isRetriable(error);
  count(mayHelp ? "DeliveryThrottling" : "DeliveryErrors", 1, forwarding, ctx);
  const attempts = forwarding.attempts + 1;
  const delayMs = retryDelayMs(attempts);
  if (!mayHelp || ctx.clock.now() + delayMs > forwarding.since + maxRetryMs) return;
  const options = { delayMs, group: laneOf(forwarding), hops: ctx.hops - 1 };
  ctx.outbox.put("deliverSubscription", { ...forwarding, attempts }, options);
}

const destinationTypes = {
  kinesis: "Kinesis Stream",
  firehose: "Firehose",
  lambda: "Lambda",
  destination: "Cross-account destination",
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html */
function count(
  name: string,
  value: number,
  { groupName, destinationArn, filterName }: Pick<Forwarding, "groupName" | "destinationArn" | "filterName">,
  ctx: Context,
  unit = "Count",
): void {
  const kind = targetOf(destinationArn)?.kind ?? "destination";
  const dimensions = {
    LogGroupName: groupName,
    DestinationType: destinationTypes[kind],
    FilterName: filterName,
  };
  ctx.metric({ namespace: "AWS/Logs", name, dimensions, value, unit });
}
