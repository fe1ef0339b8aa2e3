import type { PutEventsRequestEntry, PutEventsResultEntry } from "@aws-sdk/client-eventbridge";
import type { AwsEvent, Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { eventTime } from "../../kit/record.ts";
import { events } from "./contract.ts";
import { ingest } from "./ingest.ts";
import { busAccess, busNamed, defaultBus, findBus } from "./names.ts";
import type { Envelope } from "./transform.ts";

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
const maxRequestBytes = 256 * 1024;
const timeBytes = 14;

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export const putEvents = events.operation("PutEvents", {
  access: async ({ Entries }, ctx) => {
    const accesses = Entries.map(async ({ EventBusName, Source, DetailType }) => ({
      ...(await busAccess("PutEvents", EventBusName, ctx)),
      context: { "events:source": Source, "events:detail-type": DetailType },
    }));
    return await Promise.all(accesses);
  },
  async handle({ Entries }, ctx) {
    const bytes = Entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (bytes > maxRequestBytes) {
      throw ctx.error("ValidationException", "Total size of the entries in the request is over the limit.");
    }
    const results: PutEventsResultEntry[] = [];
    for (const entry of Entries) results.push(await put(entry, ctx));
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

function sizeOf({
  Time,
  Source = "",
  DetailType = "",
  Detail = "",
  Resources = [],
}: PutEventsRequestEntry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time ? timeBytes : 0);
}

async function put(entry: PutEventsRequestEntry, ctx: Context): Promise<PutEventsResultEntry> {
  for (const name of ["Source", "DetailType", "Detail"] as const) {
    if (!entry[name]) {
      return failure(
        "InvalidArgument",
        `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      );
    }
  }
  const { Source = "", DetailType = "", Detail = "", Resources = [], Time, EventBusName } = entry;
  if (Source.startsWith("aws.") && !isForwarded(ctx)) {
    return failure("NotAuthorizedForSourceException", "Not authorized for the source.");
  }
  const detail = parsedDetail(Detail);
  if (detail === undefined) return failure("MalformedDetail", "Detail is malformed.");
  const id = uuid();
  const bus = busNamed(EventBusName, ctx);
  // AWS takes events for a bus that does not exist, and drops them.
  if ((await findBus(bus, ctx)) === undefined) return { EventId: id };
  const event: Envelope = {
    version: "0",
    id,
    "detail-type": DetailType,
    source: Source,
    account: ctx.account,
    time: eventTime((Time ?? new Date(ctx.clock.now())).getTime()),
    region: ctx.region,
    resources: Resources,
    detail,
  };
  await ingest(event, bus, ctx);
  return { EventId: id };
}

/** EventBridge itself, which hands on what came onto another bus. */
function isForwarded({ caller }: Context): boolean {
  return (caller.principal.service ?? caller.session?.invokedBy) === "events.amazonaws.com";
}

function failure(ErrorCode: string, ErrorMessage: string): PutEventsResultEntry {
  return { ErrorCode, ErrorMessage };
}

function parsedDetail(text: string): Record<string, unknown> | undefined {
  try {
    const detail: unknown = JSON.parse(text);
    const isObject = typeof detail === "object" && detail !== null && !Array.isArray(detail);
    return isObject ? (detail as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
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
