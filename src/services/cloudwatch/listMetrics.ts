import type { DimensionFilter } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import { cloudwatch } from "./contract.ts";
import { hourMs, maxAgeMs, metricsPerPage } from "./limits.ts";
import { type Metric, parseIdentity } from "./store/identity.ts";
import { metrics } from "./tables.ts";

/** Rows that one call looks at: a page may hold fewer metrics than it might, and say that more may follow. */
const maxLookedAt = 10_000;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html */
const recentMs = 3 * hourMs;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html */
export const listMetrics = cloudwatch.operation("ListMetrics", {
  access: () => ({ action: "cloudwatch:ListMetrics", resource: "*" }),
  async handle(input, ctx) {
    const { IncludeLinkedAccounts, OwningAccount } = input;
    if (OwningAccount !== undefined && OwningAccount !== ctx.account) return { Metrics: [] };
    const found = await pageOfMetrics(input, ctx);
    return {
      Metrics: found.metrics.map(({ namespace, name, dimensions }) => ({
        Namespace: namespace,
        MetricName: name,
        Dimensions: [...dimensions],
      })),
      ...(IncludeLinkedAccounts && { OwningAccounts: found.metrics.map(() => ctx.account) }),
      ...(found.next !== undefined && { NextToken: found.next }),
    };
  },
});

interface Filter {
  Namespace?: string | undefined;
  MetricName?: string | undefined;
  Dimensions?: DimensionFilter[] | undefined;
  NextToken?: string | undefined;
  RecentlyActive?: string | undefined;
}

async function pageOfMetrics(
  filter: Filter,
  ctx: Context<"InvalidParameterValueException">,
): Promise<{ metrics: Metric[]; next?: string }> {
  const { Namespace, MetricName, NextToken, RecentlyActive } = filter;
  const since = ctx.clock.now() - hourMs - (RecentlyActive === undefined ? maxAgeMs : recentMs);
  const scope = [ctx.account, ctx.region, ...(Namespace === undefined ? [] : [Namespace])];
  // Identities begin with the metric's name.
  const startsWith =
    Namespace === undefined || MetricName === undefined
      ? undefined
      : JSON.stringify([MetricName]).slice(0, -1);
  const after = NextToken === undefined ? undefined : position(NextToken, ctx);
  const rows = await ctx.peek((tx) =>
    metrics.list(tx, scope, {
      limit: maxLookedAt,
      ...(startsWith !== undefined && { startsWith }),
      ...(after && { after: after.slice(scope.length - 2) }),
    }),
  );
  const found: Metric[] = [];
  let last: string[] = [];
  for (const { key, row } of rows) {
    const [, , namespace, identity] = key;
    const metric = parseIdentity(namespace, identity);
    if (row.lastSeen >= since && matches(metric, filter)) {
      if (found.length === metricsPerPage) return { metrics: found, next: markerOf(last) };
      found.push(metric);
    }
    last = [namespace, identity];
  }
  return rows.length < maxLookedAt ? { metrics: found } : { metrics: found, next: markerOf(last) };
}

function position(token: string, ctx: Context<"InvalidParameterValueException">): string[] {
  try {
    const found = positionOf(token);
    if (found.length === 2) return found;
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
  }
  throw ctx.error("InvalidParameterValueException", "The value for parameter NextToken is invalid.");
}

function matches({ name, dimensions }: Metric, { MetricName, Dimensions = [] }: Filter): boolean {
  if (MetricName !== undefined && MetricName !== name) return false;
  return Dimensions.every(({ Name, Value }) =>
    dimensions.some((one) => one.Name === Name && (Value === undefined || one.Value === Value)),
  );
}
