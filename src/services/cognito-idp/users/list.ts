import type { Context } from "../../../kit/context.ts";
import { keyedPageOf, markerOf, positionOf } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { hidden } from "../recorded.ts";
import { invalid } from "../refusals.ts";
import { userIndex, users } from "../tables.ts";
import { type Filter, filterOf } from "./filter.ts";
import { findByKey } from "./find.ts";
import { filteredValue, prefixHash, prefixLengths, valueHash } from "./indexes.ts";
import { shownUser } from "./shown.ts";
import type { UserRow } from "./userRow.ts";

/** Users, a page at a time. */

const pageSize = 60;
/** Users whose value begins as the index knows that one call looks at: a page may be shorter, and go on. */
const candidatesAtOnce = 500;

interface Found {
  items: UserRow[];
  next?: string;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html */
export const listUsers = idp.operation("ListUsers", {
  access: onPool("ListUsers"),
  async handle({ UserPoolId, AttributesToGet, Limit, PaginationToken, Filter }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const unknown = AttributesToGet?.find((name) => !pool.schema.some(({ Name }) => Name === name));
    if (unknown !== undefined) throw invalid(`Invalid attribute name: ${unknown}`);
    const limit = Limit || pageSize;
    const filter = Filter === undefined || Filter.trim() === "" ? undefined : filterOf(Filter);
    const { items, next } = await page(() => read(pool, filter, limit, PaginationToken, ctx as Context));
    return {
      Users: items.map((user) => shownUser(user, AttributesToGet)),
      ...(next && { PaginationToken: next }),
    };
  },
  record: { request: hidden("filter", "paginationToken") },
});

async function read(
  pool: PoolRow,
  filter: Filter | undefined,
  limit: number,
  marker: string | undefined,
  ctx: Context,
): Promise<Found> {
  if (filter === undefined || (filter.isPrefix && filter.value === "")) {
    const { items, next } = await keyedPageOf(users, ctx.tx, keyOf(pool), { limit, marker });
    return { items: items.map(({ row }) => row), ...(next && { next }) };
  }
  return filter.isPrefix
    ? await beginning(pool, filter, limit, marker, ctx)
    : await equal(pool, filter, limit, marker, ctx);
}

async function equal(
  pool: PoolRow,
  { name, value }: Filter,
  limit: number,
  marker: string | undefined,
  ctx: Context,
): Promise<Found> {
  const hash = valueHash(await keysOf(pool, ctx), name, value);
  const { items, next } = await keyedPageOf(userIndex, ctx.tx, [...keyOf(pool), hash], { limit, marker });
  const found = await Promise.all(items.map(({ key }) => findByKey(pool, key[4], ctx)));
  return { items: found.flatMap((one) => (one === undefined ? [] : [one.user])), ...(next && { next }) };
}

/** Looks through those whose value begins with as much of the prefix as the index knows. */
async function beginning(
  pool: PoolRow,
  { name, value }: Filter,
  limit: number,
  marker: string | undefined,
  ctx: Context,
): Promise<Found> {
  const length = prefixLengths.findLast((one) => one <= value.length) ?? prefixLengths[0];
  const hash = prefixHash(await keysOf(pool, ctx), name, value.slice(0, length));
  const after = marker === undefined ? undefined : positionOf(marker);
  const candidates = await userIndex.list(ctx.tx, [...keyOf(pool), hash], {
    limit: candidatesAtOnce,
    ...(after && { after }),
  });
  const items: UserRow[] = [];
  let last = "";
  for (const { key } of candidates) {
    if (items.length === limit) return { items, next: markerOf([last]) };
    last = key[4];
    const found = await findByKey(pool, last, ctx);
    if (found !== undefined && filteredValue(found.user, name)?.startsWith(value)) items.push(found.user);
  }
  return { items, ...(candidates.length === candidatesAtOnce && { next: markerOf([last]) }) };
}
