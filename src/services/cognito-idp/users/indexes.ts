import { hashed, type PoolKeys } from "../pools/poolKeys.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { type AliasKind, aliasHash } from "./find.ts";
import type { UserRow } from "./userRow.ts";

/** What a user is found by, hashed. */

/** https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html#cognito-user-pools-searching-for-users-using-listusers-api */
const searchable = [
  "email",
  "phone_number",
  "name",
  "given_name",
  "family_name",
  "preferred_username",
  "sub",
] as const;

/** What ListUsers filters by, with names as filters have them. */
export const filterNames: ReadonlySet<string> = new Set([
  "username",
  ...searchable,
  "cognito:user_status",
  "status",
]);

/** Beginnings of values are indexed at these lengths; a longer one is found among those of the next shorter. */
export const prefixLengths = [1, 3, 6, 10] as const;
/** Values that nobody knows the beginning of. */
const wholeOnly = new Set(["sub", "cognito:user_status", "status"]);

/** Words of the statuses are not case-sensitive in filters. */
function comparable(name: string, value: string): string {
  return name === "cognito:user_status" ? value.toUpperCase() : value;
}

export function valueHash(keys: PoolKeys, name: string, value: string): string {
  return hashed(keys, `is/${name}`, comparable(name, value));
}

export function prefixHash(keys: PoolKeys, name: string, prefix: string): string {
  return hashed(keys, `begins/${name}`, comparable(name, prefix));
}

/** The value of a user that a filter compares. */
export function filteredValue(
  { username, attributes, status, enabled }: UserRow,
  name: string,
): string | undefined {
  if (name === "username") return username;
  if (name === "cognito:user_status") return status;
  if (name === "status") return enabled ? "Enabled" : "Disabled";
  return attributes[name];
}

/** Hashes under which a user stands in the index. */
export function indexHashes(keys: PoolKeys, user: UserRow): string[] {
  const hashes: string[] = [];
  for (const name of filterNames) {
    const value = filteredValue(user, name);
    if (value === undefined || value === "") continue;
    hashes.push(valueHash(keys, name, value));
    // A name that is the sub is random: nobody looks for its beginning.
    if (wholeOnly.has(name) || (name === "username" && value === user.sub)) continue;
    for (const length of prefixLengths) {
      if (value.length >= length) hashes.push(prefixHash(keys, name, value.slice(0, length)));
    }
  }
  return hashes;
}

export interface Alias {
  kind: AliasKind;
  hash: string;
}

/** Aliases by which a user signs in: those that stand in for a name, always; others once they are verified. */
export function aliasesOf(pool: PoolRow, keys: PoolKeys, user: UserRow): Alias[] {
  const { attributes } = user;
  const kinds = [
    ...pool.usernameAttributes,
    ...pool.aliasAttributes.filter(
      (kind) => kind === "preferred_username" || attributes[`${kind}_verified`] === "true",
    ),
  ];
  const found: Alias[] = [];
  // What another provider says of its users gives nobody the name of one of the pool's own.
  const named = user.status === "EXTERNAL_PROVIDER" ? [] : kinds;
  for (const kind of named) {
    const value = attributes[kind];
    // Whoever has not confirmed a sign-up takes an alias from nobody.
    const isHeld = pool.usernameAttributes.includes(kind) || user.status !== "UNCONFIRMED";
    if (value !== undefined && value !== "" && isHeld)
      found.push({ kind, hash: aliasHash(pool, keys, kind, value) });
  }
  for (const { providerName, userId, primary } of user.identities ?? []) {
    if (!primary)
      found.push({ kind: "identity", hash: aliasHash(pool, keys, `identity/${providerName}`, userId) });
  }
  return found;
}
