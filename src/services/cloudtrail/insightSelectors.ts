import type { InsightSelector } from "@aws-sdk/client-cloudtrail";
import type { Context } from "../../kit/context.ts";
import { cloudtrail } from "./contract.ts";
import { existingStore, storeAccess, usableStore } from "./lake/names.ts";
import { stores } from "./lake/rows.ts";
import { checkHome, existingTrail, trailAccess, trailArn } from "./names.ts";
import { trails } from "./tables.ts";

/**
 * Which insights a trail or an event data store asks for. They are kept; nothing analyses the record for them.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-insights-events-with-cloudtrail.html
 */

interface Named {
  TrailName?: string | undefined;
  EventDataStore?: string | undefined;
}

const onNamed = (action: string) => (input: Named, ctx: Context) =>
  input.EventDataStore === undefined
    ? trailAccess(action, input.TrailName ?? "", ctx)
    : storeAccess(action, input.EventDataStore, ctx);

type NamedErrors = "InvalidParameterCombinationException";

/** One of the two is named. */
function checkNamed({ TrailName, EventDataStore }: Named, ctx: Context<NamedErrors>): void {
  if ((TrailName === undefined) === (EventDataStore === undefined)) {
    throw ctx.error(
      "InvalidParameterCombinationException",
      "Specify either TrailName or EventDataStore, and not both.",
    );
  }
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutInsightSelectors.html */
export const putInsightSelectors = cloudtrail.operation("PutInsightSelectors", {
  access: (input, ctx) => onNamed("PutInsightSelectors")(input, ctx as Context),
  async handle({ TrailName = "", EventDataStore, InsightsDestination, ...input }, ctx) {
    checkNamed({ TrailName: TrailName || undefined, EventDataStore }, ctx as Context<NamedErrors>);
    const selectors = input.InsightSelectors as InsightSelector[];
    if (selectors.some(({ InsightType }) => InsightType === undefined)) {
      throw ctx.error("InvalidInsightSelectorsException", "Each insight selector must say its InsightType.");
    }
    if (EventDataStore !== undefined) {
      const row = await usableStore(EventDataStore, ctx as Context<never>);
      const destination = InsightsDestination ?? row.insights?.destination;
      if (destination === undefined) {
        throw ctx.error("InvalidParameterException", "InsightsDestination must be given.");
      }
      const { arn } = await usableStore(destination, ctx as Context<never>);
      const insights = { selectors, destination: arn };
      stores.put(ctx.tx, [ctx.account, ctx.region, row.id], { ...row, insights });
      return { EventDataStoreArn: row.arn, InsightSelectors: selectors, InsightsDestination: arn };
    }
    const { trail, row } = await existingTrail(TrailName, ctx as Context<never>);
    checkHome(trail, ctx as Context<never>);
    const { insights: _, ...rest } = row;
    const next = selectors.length === 0 ? rest : { ...rest, insights: selectors };
    trails.put(ctx.tx, [trail.account, trail.region, trail.name], next);
    return { TrailARN: trailArn(trail), InsightSelectors: selectors };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetInsightSelectors.html */
export const getInsightSelectors = cloudtrail.operation("GetInsightSelectors", {
  access: (input, ctx) => onNamed("GetInsightSelectors")(input, ctx as Context),
  async handle({ TrailName, EventDataStore }, ctx) {
    checkNamed({ TrailName, EventDataStore }, ctx as Context<NamedErrors>);
    const notEnabled = (name: string) =>
      ctx.error(
        "InsightNotEnabledException",
        `${name} does not have Insights enabled. Edit the settings to enable Insights, and then try the operation again.`,
      );
    if (EventDataStore !== undefined) {
      const { arn, name, insights } = await existingStore(EventDataStore, ctx as Context<never>);
      if (insights === undefined) throw notEnabled(`Event data store ${name}`);
      const { selectors, destination } = insights;
      return { EventDataStoreArn: arn, InsightSelectors: selectors, InsightsDestination: destination };
    }
    const { trail, row } = await existingTrail(TrailName ?? "", ctx as Context<never>);
    if (row.insights === undefined) throw notEnabled(`Trail ${trail.name}`);
    return { TrailARN: trailArn(trail), InsightSelectors: row.insights };
  },
});
