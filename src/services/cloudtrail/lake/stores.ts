import type { AdvancedEventSelector, EventDataStore } from "@aws-sdk/client-cloudtrail";
import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import { BadMarker, pageOf } from "../../../kit/paging.ts";
import { cloudtrail } from "../contract.ts";
import { followIfNeeded } from "../logging.ts";
import { checkAdvanced } from "../selectors.ts";
import { checkTags } from "../tags.ts";
import { existingStore, onStore, storeArn, usableStore } from "./names.ts";
import { dayMs, ingesting, type StoreRow, stores } from "./rows.ts";

/** Event data stores. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-lake-concepts.html */

const maxStoresPerRegion = 10;
/** A deleted store can be restored for so long. */
const restorableMs = 7 * dayMs;
const defaultDays = { EXTENDABLE_RETENTION_PRICING: 366, FIXED_RETENTION_PRICING: 2557 };
const maxDays = { EXTENDABLE_RETENTION_PRICING: 3653, FIXED_RETENTION_PRICING: 2557 };

const byDefault: AdvancedEventSelector[] = [
  {
    Name: "Default management events",
    FieldSelectors: [{ Field: "eventCategory", Equals: ["Management"] }],
  },
];

function shown(row: StoreRow): Required<Pick<EventDataStore, "EventDataStoreArn">> & EventDataStore {
  return {
    EventDataStoreArn: row.arn,
    Name: row.name,
    Status: row.status,
    AdvancedEventSelectors: row.selectors,
    MultiRegionEnabled: row.multiRegion,
    OrganizationEnabled: false,
    RetentionPeriod: row.retentionDays,
    TerminationProtectionEnabled: row.terminationProtection,
    CreatedTimestamp: new Date(row.createdAt),
    UpdatedTimestamp: new Date(row.updatedAt),
  };
}

type Errors =
  | "UnsupportedOperationException"
  | "InvalidEventSelectorsException"
  | "InvalidParameterException"
  | "EventDataStoreAlreadyExistsException"
  | "TagsLimitExceededException";

interface Settings {
  AdvancedEventSelectors?: AdvancedEventSelector[] | undefined;
  OrganizationEnabled?: boolean | undefined;
  KmsKeyId?: string | undefined;
}

/** What is not built is refused, rather than left undone. */
function checkSettings(settings: Settings, ctx: Context<Errors>): void {
  if (settings.OrganizationEnabled)
    throw ctx.error("UnsupportedOperationException", "Event data stores of organizations are not built.");
  if (settings.KmsKeyId !== undefined) {
    throw ctx.error(
      "UnsupportedOperationException",
      "Event data stores under a KMS key of the customer are not built.",
    );
  }
  if (settings.AdvancedEventSelectors?.length) checkAdvanced(settings.AdvancedEventSelectors, ctx);
}

function checkDays(days: number, mode: keyof typeof maxDays, ctx: Context<Errors>): void {
  if (days > maxDays[mode]) {
    throw ctx.error(
      "InvalidParameterException",
      `RetentionPeriod may be ${maxDays[mode]} days at the most with this billing mode.`,
    );
  }
}

async function checkNameIsFree(name: string, own: string, ctx: Context<Errors>): Promise<number> {
  const rows = await stores.list(ctx.tx, [ctx.account, ctx.region]);
  if (rows.some(({ row }) => row.name === name && row.id !== own && row.status !== "PENDING_DELETION")) {
    throw ctx.error(
      "EventDataStoreAlreadyExistsException",
      `An event data store with the name ${name} already exists.`,
    );
  }
  return rows.length;
}

function put(row: StoreRow, ctx: Context): void {
  stores.put(ctx.tx, [ctx.account, ctx.region, row.id], row);
}

async function setIngesting({ id }: StoreRow, isIngesting: boolean, ctx: Context): Promise<void> {
  const key: [string, string, string] = [ctx.account, ctx.region, id];
  if (isIngesting) ingesting.put(ctx.tx, key, {});
  else ingesting.delete(ctx.tx, ...key);
  await followIfNeeded(ctx);
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateEventDataStore.html */
export const createEventDataStore = cloudtrail.operation("CreateEventDataStore", {
  access: ({ TagsList }, ctx) => ({
    action: "cloudtrail:CreateEventDataStore",
    resource: storeArn(ctx, "*"),
    requestTags: TagsList,
  }),
  async handle({ Name, TagsList = [], StartIngestion = true, ...input }, ctx) {
    checkSettings(input as Settings, ctx as Context<Errors>);
    if ((await checkNameIsFree(Name, "", ctx as Context<Errors>)) >= maxStoresPerRegion) {
      throw ctx.error(
        "EventDataStoreMaxLimitExceededException",
        `The account has ${maxStoresPerRegion} event data stores in the Region.`,
      );
    }
    const { BillingMode: billingMode = "EXTENDABLE_RETENTION_PRICING" } = input;
    const retentionDays = input.RetentionPeriod ?? defaultDays[billingMode];
    checkDays(retentionDays, billingMode, ctx as Context<Errors>);
    const id = uuid();
    const now = ctx.clock.now();
    const row: StoreRow = {
      id,
      arn: storeArn(ctx, id),
      name: Name,
      status: StartIngestion ? "ENABLED" : "STOPPED_INGESTION",
      selectors: (input.AdvancedEventSelectors as AdvancedEventSelector[] | undefined) ?? byDefault,
      multiRegion: input.MultiRegionEnabled ?? true,
      retentionDays,
      terminationProtection: input.TerminationProtectionEnabled ?? true,
      billingMode,
      createdAt: now,
      updatedAt: now,
      tags: checkTags(TagsList, {}, ctx as Context),
    };
    put(row, ctx as Context);
    await setIngesting(row, StartIngestion, ctx as Context);
    return {
      ...shown(row),
      Status: StartIngestion ? "CREATED" : row.status,
      BillingMode: billingMode,
      TagsList,
    };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventDataStore.html */
export const getEventDataStore = cloudtrail.operation("GetEventDataStore", {
  access: onStore("GetEventDataStore"),
  async handle({ EventDataStore }, ctx) {
    const row = await existingStore(EventDataStore, ctx);
    return { ...shown(row), BillingMode: row.billingMode, FederationStatus: "DISABLED" };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListEventDataStores.html */
export const listEventDataStores = cloudtrail.operation("ListEventDataStores", {
  access: () => ({ action: "cloudtrail:ListEventDataStores", resource: "*" }),
  async handle({ MaxResults: limit = 50, NextToken: marker }, ctx) {
    try {
      const page = await pageOf(stores, ctx.tx, [ctx.account, ctx.region], { limit, marker });
      return {
        EventDataStores: page.items.map(({ arn, name }) => ({ EventDataStoreArn: arn, Name: name })),
        ...(page.next !== undefined && { NextToken: page.next }),
      };
    } catch (error) {
      if (!(error instanceof BadMarker)) throw error;
      throw ctx.error("InvalidNextTokenException", "The token is invalid.");
    }
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateEventDataStore.html */
export const updateEventDataStore = cloudtrail.operation("UpdateEventDataStore", {
  access: onStore("UpdateEventDataStore"),
  async handle({ EventDataStore, ...input }, ctx) {
    const held = await usableStore(EventDataStore, ctx as Context<never>);
    checkSettings(input as Settings, ctx as Context<Errors>);
    const name = input.Name ?? held.name;
    await checkNameIsFree(name, held.id, ctx as Context<Errors>);
    const billingMode = input.BillingMode ?? held.billingMode;
    if (billingMode === "FIXED_RETENTION_PRICING" && held.billingMode !== billingMode) {
      throw ctx.error("InvalidParameterException", "The billing mode cannot be changed back.");
    }
    const retentionDays = input.RetentionPeriod ?? held.retentionDays;
    checkDays(retentionDays, billingMode, ctx as Context<Errors>);
    const row: StoreRow = {
      ...held,
      name,
      billingMode,
      retentionDays,
      selectors: (input.AdvancedEventSelectors as AdvancedEventSelector[] | undefined) ?? held.selectors,
      multiRegion: input.MultiRegionEnabled ?? held.multiRegion,
      terminationProtection: input.TerminationProtectionEnabled ?? held.terminationProtection,
      updatedAt: ctx.clock.now(),
    };
    put(row, ctx as Context);
    return { ...shown(row), BillingMode: billingMode, FederationStatus: "DISABLED" };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteEventDataStore.html */
export const deleteEventDataStore = cloudtrail.operation("DeleteEventDataStore", {
  access: onStore("DeleteEventDataStore"),
  async handle({ EventDataStore }, ctx) {
    const row = await usableStore(EventDataStore, ctx as Context<never>);
    if (row.terminationProtection) {
      throw ctx.error(
        "EventDataStoreTerminationProtectedException",
        "The event data store cannot be deleted because termination protection is enabled for it.",
      );
    }
    const deletedAtMs = ctx.clock.now() + restorableMs;
    put({ ...row, status: "PENDING_DELETION", statusBefore: row.status, deletedAtMs }, ctx as Context);
    ctx.timers.set(`eventDataStore/${row.id}`, "dropEventDataStore", deletedAtMs, { id: row.id });
    await setIngesting(row, false, ctx as Context);
    return {};
  },
});

/** Timer: nobody has restored it. Its log is no longer named, and is bounded as any. */
export async function dropEventDataStore({ id }: { id: string }, ctx: Context): Promise<void> {
  const row = await stores.get(ctx.tx, ctx.account, ctx.region, id);
  if (row?.status === "PENDING_DELETION") stores.delete(ctx.tx, ctx.account, ctx.region, id);
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_RestoreEventDataStore.html */
export const restoreEventDataStore = cloudtrail.operation("RestoreEventDataStore", {
  access: onStore("RestoreEventDataStore"),
  async handle({ EventDataStore }, ctx) {
    const held = await existingStore(EventDataStore, ctx);
    if (held.status !== "PENDING_DELETION" || held.deletedAtMs === undefined) {
      throw ctx.error(
        "InvalidEventDataStoreStatusException",
        "The event data store must be in PENDING_DELETION status to be restored.",
      );
    }
    const { deletedAtMs, statusBefore = "ENABLED", ...rest } = held;
    ctx.timers.cancel(`eventDataStore/${held.id}`, deletedAtMs);
    const row: StoreRow = { ...rest, status: statusBefore, updatedAt: ctx.clock.now() };
    put(row, ctx as Context);
    await setIngesting(row, row.status === "ENABLED", ctx as Context);
    return { ...shown(row), BillingMode: row.billingMode };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartEventDataStoreIngestion.html */
export const startEventDataStoreIngestion = cloudtrail.operation("StartEventDataStoreIngestion", {
  access: onStore("StartEventDataStoreIngestion"),
  async handle({ EventDataStore }, ctx) {
    await turn(EventDataStore, "STOPPED_INGESTION", "ENABLED", ctx as Context<TurnErrors>);
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopEventDataStoreIngestion.html */
export const stopEventDataStoreIngestion = cloudtrail.operation("StopEventDataStoreIngestion", {
  access: onStore("StopEventDataStoreIngestion"),
  async handle({ EventDataStore }, ctx) {
    await turn(EventDataStore, "ENABLED", "STOPPED_INGESTION", ctx as Context<TurnErrors>);
    return {};
  },
});

type TurnErrors = "InvalidEventDataStoreStatusException";

async function turn(
  arn: string,
  from: StoreRow["status"],
  to: StoreRow["status"],
  ctx: Context<TurnErrors>,
): Promise<void> {
  const row = await existingStore(arn, ctx as Context);
  if (row.status !== from) {
    throw ctx.error(
      "InvalidEventDataStoreStatusException",
      `The event data store must be in ${from} status.`,
    );
  }
  put({ ...row, status: to, updatedAt: ctx.clock.now() }, ctx);
  await setIngesting(row, to === "ENABLED", ctx);
}
