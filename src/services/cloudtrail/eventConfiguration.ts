import type { Context } from "../../kit/context.ts";
import { cloudtrail } from "./contract.ts";
import { existingStore, storeAccess, usableStore } from "./lake/names.ts";
import { type EventConfiguration, stores } from "./lake/rows.ts";

/**
 * How large events of an event data store may be, and what they are enriched with. It is kept; no event here is so
 * large that it is cut, and none is enriched. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-context-events.html
 */

interface Named {
  TrailName?: string | undefined;
  EventDataStore?: string | undefined;
}

const onNamed = (action: string) => (input: Named, ctx: Context) =>
  storeAccess(action, input.EventDataStore ?? "", ctx);

type Errors = "UnsupportedOperationException";

function storeOf({ EventDataStore, TrailName }: Named, ctx: Context<Errors>): string {
  if (EventDataStore !== undefined && TrailName === undefined) return EventDataStore;
  throw ctx.error(
    "UnsupportedOperationException",
    "Event configurations of trails, which aggregate events, are not built.",
  );
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventConfiguration.html */
export const putEventConfiguration = cloudtrail.operation("PutEventConfiguration", {
  access: (input, ctx) => onNamed("PutEventConfiguration")(input, ctx as Context),
  async handle({ MaxEventSize, ContextKeySelectors, AggregationConfigurations, ...named }, ctx) {
    const row = await usableStore(storeOf(named, ctx as Context<Errors>), ctx as Context<never>);
    if (AggregationConfigurations !== undefined) {
      throw ctx.error("InvalidParameterException", "Event data stores do not aggregate events.");
    }
    const selectors = ContextKeySelectors ?? row.configuration?.ContextKeySelectors ?? [];
    const size = MaxEventSize ?? row.configuration?.MaxEventSize ?? "Standard";
    if (selectors.length > 0 && size !== "Large") {
      throw ctx.error("InvalidParameterException", "MaxEventSize must be Large to add context to events.");
    }
    const configuration: EventConfiguration = {
      MaxEventSize: size,
      ContextKeySelectors: selectors as EventConfiguration["ContextKeySelectors"],
    };
    stores.put(ctx.tx, [ctx.account, ctx.region, row.id], { ...row, configuration });
    return { EventDataStoreArn: row.arn, ...configuration };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventConfiguration.html */
export const getEventConfiguration = cloudtrail.operation("GetEventConfiguration", {
  access: (input, ctx) => onNamed("GetEventConfiguration")(input, ctx as Context),
  async handle(named, ctx) {
    const row = await existingStore(storeOf(named, ctx as Context<Errors>), ctx as Context<never>);
    const { configuration = { MaxEventSize: "Standard" as const, ContextKeySelectors: [] } } = row;
    return { EventDataStoreArn: row.arn, ...configuration };
  },
});
