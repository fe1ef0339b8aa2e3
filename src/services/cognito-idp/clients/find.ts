import type { Context } from "../../../kit/context.ts";
import type { Place } from "../../../kit/service.ts";
import type { Reads } from "../../../storage/store.ts";
import { findPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { notFound } from "../refusals.ts";
import { clients, places } from "../tables.ts";
import type { ClientRow } from "./clientRow.ts";

/** Clients of pools. */

export interface PoolAndClient {
  pool: PoolRow;
  client: ClientRow;
}

export async function existingClient(
  poolId: string,
  clientId: string,
  { tx, account, region }: Pick<Context, "tx" | "account" | "region">,
): Promise<ClientRow> {
  const client = await clients.get(tx, account, region, poolId, clientId);
  if (client === undefined) throw notFound(`User pool client ${clientId} does not exist.`);
  return client;
}

/** The client that an unsigned call names, and its pool. */
export async function clientAndPool(clientId: string, ctx: Context): Promise<PoolAndClient> {
  const { tx, account, region } = ctx;
  const place = await places.get(tx, "client", clientId);
  const isHere = place?.account === account && place.region === region;
  const pool = isHere ? await findPool(place.poolId, ctx) : undefined;
  const client = pool && (await clients.get(tx, account, region, pool.poolId, clientId));
  if (pool === undefined || client === undefined)
    throw notFound(`User pool client ${clientId} does not exist.`);
  return { pool, client };
}

export async function placeOfClient(clientId: string, tx: Reads): Promise<Place | undefined> {
  return await places.get(tx, "client", clientId);
}

export async function placeOfPool(poolId: string, tx: Reads): Promise<Place | undefined> {
  return await places.get(tx, "pool", poolId);
}
