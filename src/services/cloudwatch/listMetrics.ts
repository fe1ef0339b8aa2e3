import type { DimensionFilter } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import { cloudwatch } from "./contract.ts";
import { hourMs, maxAgeMs, metricsPerPage } from "./limits.ts";
import { type Metric, parseIdentity } from "./store/identity.ts";
import { metrics } from "./tables.ts";

/** Rows that one call looks at: a page may hold fewer metrics than it might, and say that more may follow. */
const maxLookedAt = 10_000;
const readAtOnce = metricsPerPage + 1;
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
  const { NextToken, RecentlyActive } = filter;
  const since = ctx.clock.now() - hourMs - (RecentlyActive === undefined ? maxAgeMs : recentMs);
  const found: Metric[] = [];
  let last = NextToken === undefined ? undefined : position(NextToken, ctx);
  for (let looked = 0; looked < maxLookedAt; looked += readAtOnce) {
    const rows = await rowsAfter(last, filter, ctx);
    for (const { key, row } of rows) {
      const [, , namespace, identity] = key;
      if (row.lastSeen >= since) {
        const metric = parseIdentity(namespace, identity);
        const fits = matches(metric, filter);
        if (fits && found.length === metricsPerPage) return { metrics: found, next: markerOf(last ?? []) };
        if (fits) found.push(metric);
      }
      last = [namespace, identity];
    }
    if (rows.length < readAtOnce) return { metrics: found };
  }
  return { metrics: found, next: markerOf(last ?? []) };
}

function rowsAfter(last: string[] | undefined, { Namespace, MetricName }: Filter, ctx: Context) {
  const scope = [ctx.account, ctx.region, ...(Namespace === undefined ? [] : [Namespace])];
  // Identities begin with the metric's name.
  const startsWith =
    Namespace === undefined || MetricName === undefined ? "" : JSON.stringify([MetricName]).slice(0, -1);
  return ctx.peek((tx) =>
    metrics.list(tx, scope, {
      limit: readAtOnce,
      ...(startsWith !== "" && { startsWith }),
      ...(last && { after: last.slice(scope.length - 2) }),
    }),
  );
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
