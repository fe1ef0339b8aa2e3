import type { Context } from "../../kit/context.ts";
import { type FoundIdentity, findIdentity } from "./find.ts";
import { addLogins, newIdentity, ownerOf } from "./identities.ts";
import type { IdentityRow } from "./identityRow.ts";
import { identityOfOwnToken, type Logins, type ProvenLogin, proveLogins } from "./logins.ts";
import type { PoolRow } from "./poolRow.ts";
import { conflict, forbidden, notAuthorized } from "./refusals.ts";

/** Which identity somebody has who brings logins, or none. */

export interface Somebody {
  pool: PoolRow;
  row: IdentityRow;
  /** Logins that were proven; none for visitors. */
  proven: readonly ProvenLogin[];
  /** What tokens say of how they came in. */
  amr: readonly string[];
  /** Session tags that a developer's token carries. */
  tags?: Readonly<Record<string, string>> | undefined;
}

export const noVisitors = () =>
  notAuthorized("Unauthenticated access is not supported for this identity pool.");
const noMatch = () =>
  notAuthorized(
    "Logins don't match. Please include at least one valid login for this identity or identity pool.",
  );

/** The identity of these logins, or a new one; without logins, a visitor's. */
export async function identityFor(pool: PoolRow, logins: Logins, ctx: Context): Promise<IdentityRow> {
  const own = await identityOfOwnToken(pool, logins, ctx);
  const proven = await proveLogins(pool, logins, ctx);
  if (own !== undefined)
    return await addLogins(pool, (await knownIdentity(own.identityId, ctx)).row, proven, ctx);
  if (proven.length === 0) {
    if (!pool.allowsUnauthenticated) throw noVisitors();
    return newIdentity(pool, [], ctx);
  }
  const owners = new Set<string>();
  for (const login of proven) {
    const owner = await ownerOf(pool, login, ctx);
    if (owner !== undefined) owners.add(owner);
  }
  if (owners.size > 1) throw conflict("Logins are already linked to another account");
  const [owner] = owners;
  if (owner === undefined) return newIdentity(pool, proven.map(bare), ctx);
  return await addLogins(pool, (await knownIdentity(owner, ctx)).row, proven, ctx);
}

function bare({ provider, subject }: ProvenLogin) {
  return { provider, subject };
}

/** An identity that was not merged into another. */
async function knownIdentity(identityId: string, ctx: Context): Promise<FoundIdentity> {
  const found = await findIdentity(identityId, ctx);
  if (found.row.mergedInto !== undefined) throw forbidden(identityId);
  return found;
}

/** Somebody who names an identity and brings logins: one of them must be its own, or it takes them on. */
export async function somebody(identityId: string, logins: Logins, ctx: Context): Promise<Somebody> {
  const { pool, row } = await knownIdentity(identityId, ctx);
  const own = await identityOfOwnToken(pool, logins, ctx);
  const proven = await proveLogins(pool, logins, ctx);
  if (own !== undefined) {
    if (own.identityId !== identityId) throw noMatch();
    return {
      pool,
      row: await addLogins(pool, row, proven, ctx),
      proven,
      amr: own.amr,
      tags: tagsOf(own.claims),
    };
  }
  if (proven.length === 0) {
    if (row.logins.length > 0) throw forbidden(identityId);
    if (!pool.allowsUnauthenticated) throw noVisitors();
    return { pool, row, proven, amr: ["unauthenticated"] };
  }
  const isKnown = proven.some(({ provider, subject }) =>
    row.logins.some((login) => login.provider === provider && login.subject === subject),
  );
  if (!isKnown && row.logins.length > 0) throw noMatch();
  const linked = await addLogins(pool, row, proven, ctx);
  const amr = ["authenticated", ...proven.flatMap((login) => [login.provider, login.amr])];
  return { pool, row: linked, proven, amr };
}

function tagsOf(claims: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  const { principal_tags: tags } = (claims["https://aws.amazon.com/tags"] ?? {}) as {
    principal_tags?: Record<string, string[]>;
  };
  return tags && Object.fromEntries(Object.entries(tags).map(([name, [value = ""]]) => [name, value]));
}
