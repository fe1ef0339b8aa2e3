import type { Context } from "../../../kit/context.ts";
import { hashed, keysOf, type PoolKeys } from "../pools/poolKeys.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { noUser } from "../refusals.ts";
import { aliases, users } from "../tables.ts";
import type { UserRow } from "./userRow.ts";

/** Users, by their names and aliases. */

export interface FoundUser {
  userKey: string;
  user: UserRow;
}

/** "email", "phone_number", "preferred_username", and "identity" for users of other providers. */
export type AliasKind = string;

function folded({ caseSensitive }: PoolRow, text: string): string {
  return caseSensitive ? text : text.toLowerCase();
}

export function userKeyOf(pool: PoolRow, keys: PoolKeys, username: string): string {
  return hashed(keys, "user", folded(pool, username));
}

export function aliasHash(pool: PoolRow, keys: PoolKeys, kind: AliasKind, value: string): string {
  return hashed(keys, `alias/${kind}`, folded(pool, value));
}

/** What a name that is given may be, beside a user's own. */
function kindsOf({ aliasAttributes, usernameAttributes }: PoolRow, name: string): AliasKind[] {
  return [...aliasAttributes, ...usernameAttributes].filter((kind) =>
    kind === "email" ? name.includes("@") : kind === "phone_number" ? name.startsWith("+") : true,
  );
}

export async function findByKey(
  pool: PoolRow,
  userKey: string,
  { tx }: Pick<Context, "tx">,
): Promise<FoundUser | undefined> {
  const user = await users.get(tx, ...keyOf(pool), userKey);
  return user && { userKey, user };
}

export async function findAlias(
  pool: PoolRow,
  kind: AliasKind,
  value: string,
  ctx: Pick<Context, "tx">,
): Promise<FoundUser | undefined> {
  const keys = await keysOf(pool, ctx);
  const alias = await aliases.get(ctx.tx, ...keyOf(pool), aliasHash(pool, keys, kind, value));
  return alias && (await findByKey(pool, alias.userKey, ctx));
}

/** The user that a name or an alias means. */
export async function findUser(
  pool: PoolRow,
  name: string,
  ctx: Pick<Context, "tx">,
): Promise<FoundUser | undefined> {
  const keys = await keysOf(pool, ctx);
  const found = await findByKey(pool, userKeyOf(pool, keys, name), ctx);
  if (found !== undefined) return found;
  for (const kind of kindsOf(pool, name)) {
    const byAlias = await findAlias(pool, kind, name, ctx);
    if (byAlias !== undefined) return byAlias;
  }
  return undefined;
}

export async function existingUser(
  pool: PoolRow,
  name: string,
  ctx: Pick<Context, "tx">,
): Promise<FoundUser> {
  const found = await findUser(pool, name, ctx);
  if (found === undefined) throw noUser();
  return found;
}
