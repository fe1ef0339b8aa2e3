import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { keysOf, type PoolKeys } from "../pools/poolKeys.ts";
import { type InPoolKey, keyOf, type PoolRow } from "../pools/poolRow.ts";
import { aliases, devices, members, userIndex, users } from "../tables.ts";
import { type FoundUser, findByKey, userKeyOf } from "./find.ts";
import { type Alias, aliasesOf, indexHashes } from "./indexes.ts";
import type { UserRow } from "./userRow.ts";

/** Writing users, with everything that they are found by. */

export interface PutOptions {
  /** An alias that another user has is taken from it, rather than refused. */
  takesAliases?: boolean;
  /** How a taken alias is refused. */
  refusal?: (kind: string) => AwsError;
}

function aliasExists(kind: string): AwsError {
  const what = kind === "identity" ? "identity" : kind === "preferred_username" ? "preferred_username" : kind;
  return new AwsError("AliasExistsException", `An account with the ${what} already exists.`);
}

/** A user as it is from now on; `before` is what it was. */
export async function putUser(
  pool: PoolRow,
  { userKey, user: before }: FoundUser,
  user: UserRow,
  ctx: Pick<Context, "tx">,
  options: PutOptions = {},
): Promise<void> {
  users.put(ctx.tx, [...keyOf(pool), userKey], user);
  const isFoundAsBefore =
    before.attributes === user.attributes &&
    before.status === user.status &&
    before.enabled === user.enabled &&
    before.identities === user.identities;
  if (isFoundAsBefore) return;
  const keys = await keysOf(pool, ctx);
  await putAliases(pool, keys, userKey, aliasesOf(pool, keys, before), user, ctx, options);
  reindex(keyOf(pool), userKey, indexHashes(keys, before), indexHashes(keys, user), ctx);
}

export async function addUser(
  pool: PoolRow,
  user: UserRow,
  ctx: Pick<Context, "tx">,
  options: PutOptions = {},
): Promise<FoundUser> {
  const keys = await keysOf(pool, ctx);
  const userKey = userKeyOf(pool, keys, user.username);
  users.put(ctx.tx, [...keyOf(pool), userKey], user);
  await putAliases(pool, keys, userKey, [], user, ctx, options);
  reindex(keyOf(pool), userKey, [], indexHashes(keys, user), ctx);
  return { userKey, user };
}

function reindex(
  key: InPoolKey,
  userKey: string,
  before: readonly string[],
  after: readonly string[],
  { tx }: Pick<Context, "tx">,
): void {
  const standing = new Set(before);
  const wanted = new Set(after);
  for (const hash of standing) if (!wanted.has(hash)) userIndex.delete(tx, ...key, hash, userKey);
  for (const hash of wanted) if (!standing.has(hash)) userIndex.put(tx, [...key, hash, userKey], {});
}

async function putAliases(
  pool: PoolRow,
  keys: PoolKeys,
  userKey: string,
  before: readonly Alias[],
  user: UserRow,
  ctx: Pick<Context, "tx">,
  { takesAliases = false, refusal = aliasExists }: PutOptions,
): Promise<void> {
  const key = keyOf(pool);
  const after = aliasesOf(pool, keys, user);
  for (const { hash } of before) {
    if (!after.some((alias) => alias.hash === hash)) aliases.delete(ctx.tx, ...key, hash);
  }
  for (const { kind, hash } of after) {
    if (before.some((alias) => alias.hash === hash)) continue;
    const holder = await aliases.get(ctx.tx, ...key, hash);
    if (holder !== undefined && holder.userKey !== userKey) {
      if (!takesAliases) throw refusal(kind);
      await loseAlias(pool, holder.userKey, kind, ctx);
    }
    aliases.put(ctx.tx, [...key, hash], { userKey });
  }
}

/** Who loses an alias keeps the attribute, no longer verified. */
async function loseAlias(
  pool: PoolRow,
  userKey: string,
  kind: string,
  ctx: Pick<Context, "tx">,
): Promise<void> {
  const holder = await findByKey(pool, userKey, ctx);
  if (holder === undefined) return;
  const attributes = { ...holder.user.attributes };
  if (kind === "preferred_username") delete attributes[kind];
  else attributes[`${kind}_verified`] = "false";
  const keys = await keysOf(pool, ctx);
  const user = { ...holder.user, attributes };
  users.put(ctx.tx, [...keyOf(pool), userKey], user);
  reindex(keyOf(pool), userKey, indexHashes(keys, holder.user), indexHashes(keys, user), ctx);
}

/** Deletes a user, and what belongs to it. */
export async function removeUser(
  pool: PoolRow,
  { userKey, user }: FoundUser,
  ctx: Pick<Context, "tx">,
): Promise<void> {
  const key = keyOf(pool);
  const keys = await keysOf(pool, ctx);
  users.delete(ctx.tx, ...key, userKey);
  for (const { hash } of aliasesOf(pool, keys, user)) aliases.delete(ctx.tx, ...key, hash);
  reindex(key, userKey, indexHashes(keys, user), [], ctx);
  for (const group of user.groups ?? []) members.delete(ctx.tx, ...key, group, userKey);
  for (const { row } of await devices.list(ctx.tx, [...key, userKey]))
    devices.delete(ctx.tx, ...key, userKey, row.deviceKey);
}
