import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { makeVerifier, matches } from "../auth/srp.ts";
import { type PoolRow, shortName } from "../pools/poolRow.ts";
import type { PasswordRow, UserRow } from "./userRow.ts";

/** Passwords: what a pool asks of them, and how they are kept. */

const dayMs = 86_400_000;
/** Verifiers of old passwords that are kept, though the pool asks for fewer: its policy may change. */
const maxHistory = 24;

const symbols = /[\^$*.[\]{}()?\-"!@#%&/\\,><':;|_~`+= ]/;

/** https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html */
export function checkPolicy(
  { settings }: PoolRow,
  password: string,
  words = "Password did not conform with policy",
): void {
  const policy = settings.Policies?.PasswordPolicy ?? {};
  const problem =
    password.length < (policy.MinimumLength ?? 0)
      ? "Password not long enough"
      : policy.RequireUppercase && !/[A-Z]/.test(password)
        ? "Password must have uppercase characters"
        : policy.RequireLowercase && !/[a-z]/.test(password)
          ? "Password must have lowercase characters"
          : policy.RequireNumbers && !/\d/.test(password)
            ? "Password must have numeric characters"
            : policy.RequireSymbols && !symbols.test(password)
              ? "Password must have symbol characters"
              : undefined;
  if (problem !== undefined) throw new AwsError("InvalidPasswordException", `${words}: ${problem}`);
}

export function passwordRow(
  pool: PoolRow,
  username: string,
  password: string,
  nowMs: number,
  isTemporary = false,
): PasswordRow {
  const verifier = makeVerifier(shortName(pool), username, password);
  return { ...verifier, setMs: nowMs, ...(isTemporary && { isTemporary: true as const }) };
}

export function isPassword(pool: PoolRow, { username, password }: UserRow, given: string): boolean {
  return password !== undefined && matches(password, shortName(pool), username, given);
}

export function isExpired({ settings }: PoolRow, password: PasswordRow, nowMs: number): boolean {
  const days = settings.Policies?.PasswordPolicy?.TemporaryPasswordValidityDays ?? 0;
  return password.isTemporary === true && days > 0 && nowMs >= password.setMs + days * dayMs;
}

/** The user with a new password of its own choice. */
export function withPassword(
  pool: PoolRow,
  user: UserRow,
  password: string,
  { clock }: Pick<Context, "clock">,
  words?: string,
): UserRow {
  checkPolicy(pool, password, words);
  const size = pool.settings.Policies?.PasswordPolicy?.PasswordHistorySize ?? 0;
  const known = [...(user.password ? [user.password] : []), ...(user.oldPasswords ?? [])];
  // The present one counts as the first of the history.
  const isUsed = known.slice(0, size).some((old) => matches(old, shortName(pool), user.username, password));
  if (isUsed)
    throw new AwsError(
      "PasswordHistoryPolicyViolationException",
      "Password has previously been used and does not conform to the password history policy.",
    );
  return {
    ...user,
    password: passwordRow(pool, user.username, password, clock.now()),
    ...(size > 0 && {
      oldPasswords: known.slice(0, maxHistory).map(({ salt, verifier }) => ({ salt, verifier })),
    }),
  };
}
