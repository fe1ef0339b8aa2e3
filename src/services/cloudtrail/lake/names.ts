import type { Context } from "../../../kit/context.ts";
import type { Access } from "../../../kit/service.ts";
import { type StoreRow, stores } from "./rows.ts";

/** Event data stores by ARN, or by the id that ends it. */

export function storeArn({ account, region }: { account: string; region: string }, id: string): string {
  return `arn:aws:cloudtrail:${region}:${account}:eventdatastore/${id}`;
}

const arnForm = /^arn:aws:cloudtrail:([a-z0-9-]+):(\d{12}):eventdatastore\/([a-f0-9-]{36})$/;
const idForm = /^[a-f0-9-]{36}$/;

function partsOf(
  arnOrId: string,
  { account, region }: { account: string; region: string },
): [account: string, region: string, id: string] | undefined {
  if (idForm.test(arnOrId)) return [account, region, arnOrId];
  const [, itsRegion, itsAccount, id] = arnForm.exec(arnOrId) ?? [];
  return itsRegion === undefined ? undefined : [itsAccount as string, itsRegion, id as string];
}

export async function findStore(arnOrId: string, ctx: Context): Promise<StoreRow | undefined> {
  const parts = partsOf(arnOrId, ctx);
  return parts && (await stores.get(ctx.tx, ...parts));
}

/** Access to a store; its own policy lets in others. */
export async function storeAccess(action: string, arnOrId: string, ctx: Context): Promise<Access> {
  const [account, region, id] = partsOf(arnOrId, ctx) ?? [ctx.account, ctx.region, arnOrId];
  const row = await findStore(arnOrId, ctx);
  const arn = storeArn({ account, region }, id);
  return {
    action: `cloudtrail:${action}`,
    resource: arn,
    resourceType: "AWS::CloudTrail::EventDataStore",
    resourceTags: row?.tags ?? {},
    ...(row?.policy !== undefined && {
      resourcePolicy: { name: arn, document: row.policy, kind: "resource" as const },
    }),
  };
}

export const onStore =
  (action: string) =>
  ({ EventDataStore }: { EventDataStore: string }, ctx: Context) =>
    storeAccess(action, EventDataStore, ctx);

/** Of the caller's own account and Region. */
export async function existingStore(
  arnOrId: string,
  ctx: Context<"EventDataStoreARNInvalidException" | "EventDataStoreNotFoundException">,
): Promise<StoreRow> {
  const parts = partsOf(arnOrId, ctx);
  if (parts === undefined) {
    throw ctx.error("EventDataStoreARNInvalidException", `The event data store ARN ${arnOrId} is not valid.`);
  }
  const own = parts[0] === ctx.account && parts[1] === ctx.region;
  const row = own ? await stores.get(ctx.tx, ...parts) : undefined;
  if (row === undefined) {
    throw ctx.error(
      "EventDataStoreNotFoundException",
      `The specified event data store was not found: ${arnOrId}`,
    );
  }
  return row;
}

/** One that is not about to be deleted. */
export async function usableStore(
  arnOrId: string,
  ctx: Context<
    | "EventDataStoreARNInvalidException"
    | "EventDataStoreNotFoundException"
    | "InactiveEventDataStoreException"
  >,
): Promise<StoreRow> {
  const row = await existingStore(arnOrId, ctx);
  if (row.status === "PENDING_DELETION") {
    throw ctx.error("InactiveEventDataStoreException", `The event data store is inactive: ${row.arn}`);
  }
  return row;
}
