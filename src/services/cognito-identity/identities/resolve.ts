import type { Context } from "../../../kit/context.ts";
import type { Where } from "../pools/find.ts";
import { existingPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { conflict, noMatch, notAuthorized, noUnauthenticated } from "../refusals.ts";
import { loginHash } from "../tokens/keys.ts";
import { existing, link, newIdentity, ownerOf, save } from "./find.ts";
import type { IdentityRow, Login } from "./identityRow.ts";
import { type Proof, proofsOf } from "./proofs.ts";

/** Which identity somebody is who shows logins. */

export type Logins = Readonly<Record<string, string>> | undefined;
type Ctx = Where & Pick<Context, "clock" | "lent" | "directory">;

interface Shown {
  login: Login;
  owner: string | undefined;
}

async function shownBy(poolId: string, proofs: readonly Proof[], ctx: Ctx): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (const { provider, subject, identityId } of proofs) {
    if (identityId !== undefined) continue;
    const hash = await loginHash(poolId, provider, subject, ctx.tx);
    shown.push({ login: { provider, hash }, owner: await ownerOf(poolId, hash, ctx) });
  }
  return shown;
}

/** An identity has one login of each provider. */
function withNew(poolId: string, row: IdentityRow, shown: readonly Shown[], ctx: Ctx): IdentityRow {
  const added = shown.filter(({ owner }) => owner === undefined).map(({ login }) => login);
  const held = new Set(row.logins.map(({ provider }) => provider));
  if (added.some(({ provider }) => held.has(provider))) throw noMatch();
  return added.length === 0 ? row : link(poolId, row, added, ctx);
}

function taken() {
  return conflict("Login is already linked to another account.");
}

/** The identity of these logins, made where there is none. */
export async function identityOf(pool: PoolRow, logins: Logins, ctx: Ctx): Promise<string> {
  const { poolId } = pool;
  const proofs = await proofsOf(pool, logins ?? {}, ctx);
  if (proofs.length === 0) {
    if (!pool.allowUnauthenticated) throw noUnauthenticated();
    const row = newIdentity(poolId, ctx);
    save(poolId, row, ctx);
    return row.identityId;
  }
  const shown = await shownBy(poolId, proofs, ctx);
  const owners = new Set(shown.flatMap(({ owner }) => owner ?? []));
  for (const { identityId } of proofs) if (identityId !== undefined) owners.add(identityId);
  if (owners.size > 1) throw taken();
  const [owner] = owners;
  const row = owner === undefined ? newIdentity(poolId, ctx) : (await existing(owner, ctx)).row;
  return withNew(poolId, row, shown, ctx).identityId;
}

export interface Resolved {
  pool: PoolRow;
  identityId: string;
  proofs: readonly Proof[];
}

/** An identity and what is shown for it: at least one of its logins, or, of a guest's, none or only new ones. */
export async function resolve(identityId: string, logins: Logins, ctx: Ctx): Promise<Resolved> {
  const { poolId, row } = await existing(identityId, ctx);
  const pool = await existingPool(poolId, ctx);
  const forbidden = () => notAuthorized(`Access to Identity '${identityId}' is forbidden.`);
  if (row.disabled) throw forbidden();
  const proofs = await proofsOf(pool, logins ?? {}, ctx);
  if (proofs.length === 0) {
    if (row.logins.length > 0) throw forbidden();
    if (!pool.allowUnauthenticated) throw noUnauthenticated();
    return { pool, identityId, proofs };
  }
  if (proofs.some((proof) => proof.identityId !== undefined && proof.identityId !== identityId))
    throw noMatch();
  const shown = await shownBy(poolId, proofs, ctx);
  const owners = new Set(shown.flatMap(({ owner }) => owner ?? []));
  const isProven = owners.delete(identityId) || proofs.some((proof) => proof.identityId === identityId);
  if (isProven || (row.logins.length === 0 && owners.size === 0)) {
    if (owners.size > 0) throw taken();
    withNew(poolId, row, shown, ctx);
    return { pool, identityId, proofs };
  }
  if (row.logins.length > 0) throw noMatch();
  return { pool, proofs, identityId: await merged(poolId, row, owners, shown, ctx) };
}

/** A guest who signs in as somebody known becomes that one. */
async function merged(
  poolId: string,
  guest: IdentityRow,
  owners: ReadonlySet<string>,
  shown: readonly Shown[],
  ctx: Ctx,
): Promise<string> {
  const [owner] = owners;
  if (owner === undefined || owners.size > 1) throw taken();
  save(poolId, { ...guest, disabled: true }, ctx);
  return withNew(poolId, (await existing(owner, ctx)).row, shown, ctx).identityId;
}
