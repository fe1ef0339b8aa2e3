import type { PutEventsRequestEntry, PutEventsResultEntry } from "@aws-sdk/client-eventbridge";
import type { AwsEvent, Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { eventTime } from "../../kit/record.ts";
import { events } from "./contract.ts";
import { type Route, routeOf } from "./endpoints.ts";
import { checkSize, envelopeOf, failure } from "./entries.ts";
import { ingest } from "./ingest.ts";
import { busAccess, busArn, busNamed, defaultBus, findBus } from "./names.ts";
import { replicateLater } from "./replicate.ts";
import type { Envelope } from "./transform.ts";

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export const putEvents = events.operation("PutEvents", {
  access: async ({ Entries, EndpointId }, ctx) => {
    const accesses = Entries.map(async (entry) => {
      const route = EndpointId === undefined ? undefined : await routed(entry, EndpointId, ctx);
      return {
        ...(await busAccess("PutEvents", route ? busArn(route.bus) : entry.EventBusName, ctx)),
        context: { "events:source": entry.Source, "events:detail-type": entry.DetailType },
      };
    });
    return await Promise.all(accesses);
  },
  async handle({ Entries, EndpointId }, ctx) {
    checkSize(Entries, ctx);
    const results: PutEventsResultEntry[] = [];
    for (const entry of Entries) results.push(await put(entry, EndpointId, ctx));
    return {
      FailedEntryCount: results.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
      Entries: results,
    };
  },
  record: {
    data: true,
    request: (recorded, { Entries = [] }) => ({ ...recorded, entries: Entries.map(recordedEntry) }),
  },
});

/** The record says that events came, not what they hold. */
function recordedEntry({ Source, DetailType, EventBusName }: PutEventsRequestEntry): object {
  return { source: Source, detailType: DetailType, eventBusName: EventBusName };
}

async function put(
  entry: PutEventsRequestEntry,
  endpointId: string | undefined,
  ctx: Context,
): Promise<PutEventsResultEntry> {
  const route = await routed(entry, endpointId, ctx);
  if (route === undefined) {
    return failure(
      "InvalidArgument",
      "Parameter EventBusName is not valid. Reason: It is no event bus of the endpoint.",
    );
  }
  const id = uuid();
  const region = endpointId === undefined ? ctx.region : route.bus.region;
  const event = envelopeOf(entry, { id, account: ctx.account, region }, ctx);
  if ("ErrorCode" in event && event.ErrorCode === "InvalidArgument") return event;
  if (entry.Source?.startsWith("aws.") && !isForwarded(ctx))
    return failure("NotAuthorizedForSourceException", "Not authorized for the source.");
  if ("ErrorCode" in event) return event;
  // AWS takes events for a bus that does not exist, and drops them.
  if ((await findBus(route.bus, ctx)) === undefined) return { EventId: id };
  await ingest(event, route.bus, ctx);
  replicateLater(event, route, ctx);
  return { EventId: id };
}

/** Where an entry goes: by way of an endpoint, if one is named. */
async function routed(
  { EventBusName }: PutEventsRequestEntry,
  endpointId: string | undefined,
  ctx: Context,
): Promise<Route | undefined> {
  if (endpointId === undefined) return { bus: busNamed(EventBusName, ctx) };
  return await routeOf(endpointId, EventBusName, ctx);
}

/** EventBridge itself, which hands on what came onto another bus. */
function isForwarded({ caller }: Context): boolean {
  return (caller.principal.service ?? caller.session?.invokedBy) === "events.amazonaws.com";
}

/** Events of AWS services, as `ctx.emit` hands them on: onto the default bus. */
export const emit = {
  async settle({ events: list }: { events: AwsEvent[] }, ctx: Context): Promise<void> {
    const bus = { account: ctx.account, region: ctx.region, name: defaultBus };
    for (const { source, detailType, detail, resources = [], atMs } of list) {
      const event: Envelope = {
        version: "0",
        id: uuid(),
        "detail-type": detailType,
        source,
        account: ctx.account,
        time: eventTime(atMs ?? ctx.clock.now()),
        region: ctx.region,
        resources,
        detail,
      };
      await ingest(event, bus, ctx);
    }
  },
};
