import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import type { Where } from "../pools/find.ts";
import { noIdentity } from "../refusals.ts";
import { identities, logins, places } from "../tables.ts";
import type { IdentityRow, Login } from "./identityRow.ts";

/** Identities, and the logins that lead to them. */

type Ctx = Where & Pick<Context, "clock">;

/** The pool of an identity that is here. */
export async function poolIdOf(
  identityId: string,
  { tx, account, region }: Where,
): Promise<string | undefined> {
  const place = await places.get(tx, identityId);
  const isHere = place?.account === account && place.region === region;
  return place !== undefined && isHere && place.poolId !== identityId ? place.poolId : undefined;
}

export interface Found {
  poolId: string;
  row: IdentityRow;
}

export async function existing(identityId: string, ctx: Where): Promise<Found> {
  const poolId = await poolIdOf(identityId, ctx);
  const row = poolId && (await identities.get(ctx.tx, ctx.account, ctx.region, poolId, identityId));
  if (!poolId || !row) throw noIdentity(identityId);
  return { poolId, row };
}

export function save(poolId: string, row: IdentityRow, { tx, account, region, clock }: Ctx): void {
  const changed: IdentityRow = { ...row, modifiedMs: clock.now() };
  identities.put(tx, [account, region, poolId, row.identityId], changed);
}

/** A new identity, not yet saved. */
export function newIdentity(poolId: string, { tx, account, region, clock }: Ctx): IdentityRow {
  const identityId = `${region}:${uuid()}`;
  places.put(tx, [identityId], { account, region, poolId });
  return { identityId, createdMs: clock.now(), modifiedMs: clock.now(), logins: [] };
}

/** Whose a login is; undefined for nobody's yet. */
export async function ownerOf(
  poolId: string,
  hash: string,
  { tx, account, region }: Where,
): Promise<string | undefined> {
  return (await logins.get(tx, account, region, poolId, hash))?.identityId;
}

/** The identity with further logins. Saves it. */
export function link(poolId: string, row: IdentityRow, added: readonly Login[], ctx: Ctx): IdentityRow {
  const linked: IdentityRow = { ...row, logins: [...row.logins, ...added] };
  for (const { hash } of added)
    logins.put(ctx.tx, [ctx.account, ctx.region, poolId, hash], { identityId: row.identityId });
  save(poolId, linked, ctx);
  return linked;
}

/** The identity without some logins; without any, nobody can be it any more. */
export function unlink(poolId: string, row: IdentityRow, removed: readonly Login[], ctx: Ctx): void {
  const left = row.logins.filter((login) => !removed.includes(login));
  for (const { hash } of removed) logins.delete(ctx.tx, ctx.account, ctx.region, poolId, hash);
  save(poolId, { ...row, logins: left, ...(left.length === 0 && { disabled: true as const }) }, ctx);
}

export function remove(poolId: string, row: IdentityRow, { tx, account, region }: Ctx): void {
  for (const { hash } of row.logins) logins.delete(tx, account, region, poolId, hash);
  identities.delete(tx, account, region, poolId, row.identityId);
  places.delete(tx, row.identityId);
}
