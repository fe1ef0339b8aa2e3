import type { Caller } from "./caller.ts";
import type { Context } from "./context.ts";

/** What IAM tells of users who sign in by password. */

export interface PasswordAttempt {
  /** Undefined if there is no such account. */
  accountId: string | undefined;
  userName: string;
  password: string;
}

export interface PasswordJudgement {
  /** Undefined if the account has no such user. */
  user?: { userName: string; userId: string };
  isRight: boolean;
  /** The user has MFA devices: a code of one is needed, too. */
  needsCode: boolean;
}

/** A user whose password was right at a time. */
export interface JudgedUser {
  accountId: string;
  userName: string;
  userId: string;
  judgedMs: number;
}

export interface SignedIn {
  /** Without a session. */
  caller: Caller;
  /** The MFA device whose code was used. */
  mfaSerial?: string;
  mustChangePassword: boolean;
}

export interface SignIn {
  /** The account of that id or alias. */
  accountNamed(idOrAlias: string, ctx: Context): Promise<string | undefined>;
  /** Takes as long for users and accounts that do not exist, and for users without a password. */
  judgePassword(attempt: PasswordAttempt, ctx: Context): Promise<PasswordJudgement>;
  /**
   * Ends what `judgePassword` began: spends the code of a device and notes when the password was used. Undefined if
   * the code is wrong or was used before, or the user or its password is no longer the one that was judged.
   */
  completeSignIn(user: JudgedUser, code: string | undefined, ctx: Context): Promise<SignedIn | undefined>;
}
