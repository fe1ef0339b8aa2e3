import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { derivedUuid, keysOf } from "../pools/poolKeys.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import { isEmail, isPhone } from "./attributes.ts";
import { findAlias, findByKey, userKeyOf } from "./find.ts";
import type { UserRow, UserStatus } from "./userRow.ts";

/** New users, whoever makes them. */

/** The sub of a new user: the same in every run of the call, as the pool's functions are told of it. */
export async function newSub(pool: PoolRow, ctx: Context): Promise<string> {
  return derivedUuid(await keysOf(pool, ctx), "sub", ctx.requestId);
}

/** Where an address stands in for a name, the name is the user's sub, and the address an attribute. */
export async function nameAndAttributes(
  pool: PoolRow,
  given: string,
  attributes: Record<string, string>,
  ctx: Context,
): Promise<{ username: string; sub: string; attributes: Record<string, string> }> {
  return named(pool, given, attributes, await newSub(pool, ctx));
}

export function named(
  pool: PoolRow,
  given: string,
  attributes: Record<string, string>,
  sub: string,
): { username: string; sub: string; attributes: Record<string, string> } {
  const { usernameAttributes, aliasAttributes } = pool;
  if (usernameAttributes.length === 0) {
    if (aliasAttributes.includes("email") && isEmail(given))
      throw invalid("Username cannot be of email format, since user pool is configured for email alias.");
    if (aliasAttributes.includes("phone_number") && isPhone(given))
      throw invalid(
        "Username cannot be of phone number format, since user pool is configured for phone number alias.",
      );
    return { username: given, sub, attributes };
  }
  const kind = usernameAttributes.find((one) => (one === "email" ? isEmail(given) : isPhone(given)));
  if (kind === undefined) {
    const words =
      usernameAttributes.length > 1
        ? "either an email or a phone number"
        : usernameAttributes[0] === "email"
          ? "an email"
          : "a phone number";
    throw invalid(`Username should be ${words}.`);
  }
  return { username: sub, sub, attributes: { ...attributes, [kind]: given } };
}

export function newUser(
  { username, sub, attributes }: { username: string; sub: string; attributes: Record<string, string> },
  status: UserStatus,
  { clock }: Pick<Context, "clock">,
): UserRow {
  const now = clock.now();
  return {
    username,
    sub,
    attributes,
    status,
    enabled: true,
    createdMs: now,
    modifiedMs: now,
    mfa: { enabled: [] },
  };
}

export function usernameExists(message: string): AwsError {
  return new AwsError("UsernameExistsException", message);
}

/** Refuses a name that is taken: by a user, or by somebody's alias. */
export async function checkFree(pool: PoolRow, user: UserRow, words: string, ctx: Context): Promise<void> {
  const keys = await keysOf(pool, ctx);
  const known = await findByKey(pool, userKeyOf(pool, keys, user.username), ctx);
  if (known !== undefined) throw usernameExists(words);
  for (const kind of pool.usernameAttributes) {
    const value = user.attributes[kind];
    if (value && (await findAlias(pool, kind, value, ctx)) !== undefined)
      throw usernameExists(`An account with the given ${kind} already exists.`);
  }
}
