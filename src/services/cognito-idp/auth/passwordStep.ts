import { AwsError } from "../../../kit/errors.ts";
import { shortName } from "../pools/poolRow.ts";
import { incorrect, invalid, notAuthorized } from "../refusals.ts";
import { checkCompromised } from "../risk/compromised.ts";
import { noteFailure } from "../risk/events.ts";
import { hasTrigger } from "../triggers/invoke.ts";
import { addMigrated } from "../triggers/migrate.ts";
import { isExpired } from "../users/passwords.ts";
import type { UserRow } from "../users/userRow.ts";
import { checkLock, guessesOf } from "./attempts.ts";
import { checkEnabled, phantomOf, type SignIn, theUser } from "./signIn.ts";
import { matches } from "./srp.ts";

/** The first factor, where it is a password that comes as it is. */

function lockKey({ pool, state }: SignIn): string {
  return `password/${pool.poolId}/${state.userKey}`;
}

/** Counts a wrong proof; the refusal. Nobody waits for the note of it: it is made for users who are there alone. */
export function wrong(signIn: SignIn): AwsError {
  const { pool, user, state, ctx } = signIn;
  guessesOf(ctx).passwords.failed(lockKey(signIn), ctx);
  if (user !== undefined) noteFailure(pool, state.userKey, ctx);
  return incorrect();
}

export function checkNotLocked(signIn: SignIn): void {
  checkLock(lockKey(signIn), signIn.ctx);
}

export function proved(signIn: SignIn): void {
  const { ctx } = signIn;
  ctx.afterCommit(() => guessesOf(ctx).passwords.succeeded(lockKey(signIn)));
}

/** Proves a password that came in the clear; the sign-in with its user. */
export async function provePassword(signIn: SignIn, password: string | undefined): Promise<SignIn> {
  if (password === undefined) throw invalid("Missing required parameter PASSWORD");
  checkNotLocked(signIn);
  const { pool, user } = signIn;
  if (user === undefined && hasTrigger(pool, "UserMigration")) {
    const migrated = await addMigrated(signIn, password);
    if (migrated !== undefined) {
      checkUser(signIn, migrated);
      return { ...signIn, user: migrated };
    }
  }
  checkImported(user);
  const phantom = await phantomOf(signIn);
  // As much work for a user who is not there as for one who is.
  const { name, ...known } = user?.password ? { ...user.password, name: user.username } : phantom;
  const isRight = matches(known, shortName(pool), name, password);
  if (user === undefined) theUserIfTold(signIn);
  if (user?.password === undefined || !isRight) throw wrong(signIn);
  checkUser(signIn, user);
  proved(signIn);
  const { client, state, ctx } = signIn;
  const isCompromised = await checkCompromised(pool, client.clientId, password, "SIGN_IN", ctx);
  return isCompromised ? { ...signIn, state: { ...state, isCompromised } } : signIn;
}

/** Who was imported has no password yet, and is sent to choose one. */
export function checkImported(user: UserRow | undefined): void {
  if (user?.status === "RESET_REQUIRED" && user.password === undefined) throw resetRequired();
}

function resetRequired(): AwsError {
  return new AwsError("PasswordResetRequiredException", "Password reset required for the user");
}

/** Where the client tells who is there, it tells so before the password is counted as wrong. */
export function theUserIfTold(signIn: SignIn): void {
  if (signIn.client.settings.PreventUserExistenceErrors !== "ENABLED") theUser(signIn);
}

/** What else keeps a user out whose password is right. */
export function checkUser({ pool, ctx }: SignIn, user: UserRow): void {
  checkEnabled(user);
  if (user.status === "UNCONFIRMED")
    throw new AwsError("UserNotConfirmedException", "User is not confirmed.");
  if (user.status === "RESET_REQUIRED") throw resetRequired();
  if (user.password !== undefined && isExpired(pool, user.password, ctx.clock.now()))
    throw notAuthorized("Temporary password has expired and must be reset by an administrator.");
}
