import type { Context } from "../../kit/context.ts";
import type { JudgedUser, PasswordAttempt, PasswordJudgement, SignedIn } from "../../kit/signIn.ts";
import { loginProfiles, ownedDevices } from "./credentialTables.ts";
import { useMfaCode } from "./mfaDevices.ts";
import { expiryOf, passwordPolicyOf } from "./passwordPolicy.ts";
import { isPassword, noPasswordHash } from "./passwords.ts";
import { aliasOwners, type UserRow, users } from "./tables.ts";

/** Users who prove themselves by password and MFA device, for the sign-in page. */

/** As the contract of CreateLoginProfile has it: none is longer. */
const maxPasswordChars = 128;

export async function accountNamed(named: string, ctx: Context): Promise<string | undefined> {
  if (!/^\d{12}$/.test(named)) return (await aliasOwners.get(ctx.tx, named.toLowerCase()))?.account;
  const isKnown =
    named === String(ctx.host.status().account) || (await ctx.organizations.of(named, ctx.tx)) !== undefined;
  return isKnown ? named : undefined;
}

async function hasDevices(account: string, user: UserRow, ctx: Context): Promise<boolean> {
  return (await ownedDevices.list(ctx.tx, [account, user.userId], { limit: 1 })).length > 0;
}

async function found(accountId: string | undefined, userName: string, ctx: Context) {
  const user =
    accountId === undefined ? undefined : await users.get(ctx.tx, accountId, userName.toLowerCase());
  if (accountId === undefined || user === undefined) return {};
  return { user, profile: await loginProfiles.get(ctx.tx, accountId, user.userId) };
}

export async function judgePassword(
  { accountId, userName, password }: PasswordAttempt,
  ctx: Context,
): Promise<PasswordJudgement> {
  const { user, profile } = await found(accountId, userName, ctx);
  const isEqual = await isPassword(
    password.slice(0, maxPasswordChars),
    profile?.passwordHash ?? noPasswordHash,
  );
  return {
    ...(user && { user: { userName: user.userName, userId: user.userId } }),
    isRight: isEqual && profile !== undefined && password.length <= maxPasswordChars,
    // Whoever has no password cannot sign in: a device changes nothing.
    needsCode: profile !== undefined && (await hasDevices(accountId as string, user as UserRow, ctx)),
  };
}

export async function completeSignIn(
  { accountId, userName, userId, judgedMs }: JudgedUser,
  code: string | undefined,
  ctx: Context,
): Promise<SignedIn | undefined> {
  const user = await users.get(ctx.tx, accountId, userName.toLowerCase());
  if (user?.userId !== userId) return undefined;
  const profile = await loginProfiles.get(ctx.tx, accountId, userId);
  if (profile === undefined || profile.changedDate > judgedMs) return undefined;
  const policy = await passwordPolicyOf(accountId, ctx);
  const expiry = expiryOf(policy, profile.changedDate);
  const isExpired = expiry !== undefined && expiry <= ctx.clock.now();
  if (isExpired && policy.hardExpiry) return undefined;
  const caller = {
    principal: { kind: "user" as const, account: accountId, arn: user.arn, userId },
    userName: user.userName,
  };
  const mfaSerial = await usedDevice(caller, code, ctx);
  if (mfaSerial === undefined && (await hasDevices(accountId, user, ctx))) return undefined;
  users.put(ctx.tx, [accountId, user.userName.toLowerCase()], { ...user, passwordLastUsed: ctx.clock.now() });
  return {
    caller,
    ...(mfaSerial !== undefined && { mfaSerial }),
    mustChangePassword: profile.resetRequired || isExpired,
  };
}

/** Serial number of the user's device whose code this is; the code is spent. */
async function usedDevice(
  caller: SignedIn["caller"],
  code: string | undefined,
  ctx: Context,
): Promise<string | undefined> {
  if (code === undefined) return undefined;
  const { account, userId } = caller.principal;
  for (const { key } of await ownedDevices.list(ctx.tx, [account, userId]))
    if (await useMfaCode(caller, key[2], code, ctx)) return key[2];
  return undefined;
}
