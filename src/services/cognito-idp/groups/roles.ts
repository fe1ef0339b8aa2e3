import type { Context } from "../../../kit/context.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { groups } from "../tables.ts";
import type { UserRow } from "../users/userRow.ts";
import type { GroupRow } from "./groupRow.ts";

/** What a user's groups give it. */

export interface GroupFacts {
  groups: string[];
  roles: string[];
  preferredRole?: string;
}

/** Lowest number first; groups without one come last. */
export function byPrecedence(a: GroupRow, b: GroupRow): number {
  const order = (group: GroupRow) => group.precedence ?? Number.POSITIVE_INFINITY;
  const difference = order(a) - order(b);
  return Number.isNaN(difference) || difference === 0 ? a.name.localeCompare(b.name) : difference;
}

export async function groupsOf(
  pool: PoolRow,
  user: UserRow,
  { tx }: Pick<Context, "tx">,
): Promise<GroupRow[]> {
  if (user.groups === undefined || user.groups.length === 0) return [];
  const rows = await Promise.all(user.groups.map((name) => groups.get(tx, ...keyOf(pool), name)));
  return rows.filter((row) => row !== undefined).sort(byPrecedence);
}

/**
 * The preferred role is that of the first group; where two groups with different roles are first together, there is none.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html#assigning-precedence-values-to-groups
 */
export async function groupFacts(
  pool: PoolRow,
  user: UserRow,
  ctx: Pick<Context, "tx">,
): Promise<GroupFacts> {
  const rows = await groupsOf(pool, user, ctx);
  const withRoles = rows.filter(({ roleArn }) => roleArn !== undefined);
  const [first] = withRoles;
  const equals = withRoles.filter(({ precedence }) => precedence === first?.precedence);
  const isClear = first !== undefined && equals.every(({ roleArn }) => roleArn === first.roleArn);
  return {
    groups: rows.map(({ name }) => name),
    roles: [...new Set(withRoles.map(({ roleArn }) => roleArn as string))],
    ...(isClear && { preferredRole: first.roleArn as string }),
  };
}
