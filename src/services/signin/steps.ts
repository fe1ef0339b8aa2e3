import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { PublicDocument, PublicRequest } from "../../kit/pages.ts";
import type { JudgedUser, SignedIn } from "../../kit/signIn.ts";
import { addressKey, attemptsOf, userKey } from "./attempts.ts";
import { type Cookies, cookieHeaders } from "./cookies.ts";
import { pageOf, redirect } from "./html.ts";
import { change, drop, keep, kept } from "./pendingRows.ts";
import { recordMfaCheck, recordSignIn } from "./record.ts";
import { changeView, maxChars, passwordView, type View } from "./views.ts";
import { words } from "./words.ts";

/** One visit: what was asked, and with which cookies. */
export interface Visit {
  asked: PublicRequest;
  /** As they came; and as they are now, with one for forms. */
  came: Cookies;
  cookies: Cookies;
  ctx: Context;
}

const path = "/signin";
/** As on AWS. https://docs.aws.amazon.com/IAM/latest/UserGuide/console_sign-in-enable.html */
const sessionMs = 12 * 60 * 60_000;
const maxTries = 5;

export function show(
  { came, ctx }: Visit,
  view: (cookies: Cookies) => View,
  cookies: Cookies,
  status = 200,
  more: readonly (readonly [string, string])[] = [],
): PublicDocument {
  const { heading, body } = view(cookies);
  return pageOf(heading, body, { status, headers: [...cookieHeaders(came, cookies, ctx.request), ...more] });
}

function goOn({ came, ctx }: Visit, cookies: Cookies): PublicDocument {
  return redirect(path, cookieHeaders(came, cookies, ctx.request));
}

const withoutPending = ({ form, session }: Cookies): Cookies => ({ form, session });

function again(visit: Visit, problem: string, status: number): PublicDocument {
  const { form } = visit.asked;
  const typed = { account: form.get("account") ?? "", user: form.get("user") ?? "", problem };
  const retryAfter = status === 429 || status === 503 ? [["retry-after", "60"] as const] : [];
  const view = (cookies: Cookies) => passwordView(cookies, typed);
  return show(visit, view, withoutPending(visit.cookies), status, retryAfter);
}

/** The first page was sent: account, user and password. */
export async function passwordStep(visit: Visit): Promise<PublicDocument> {
  const { asked, ctx } = visit;
  const account = (asked.form.get("account") ?? "").trim();
  const userName = (asked.form.get("user") ?? "").trim();
  const password = asked.form.get("password") ?? "";
  const isWhole = account !== "" && userName !== "" && password !== "";
  if (!isWhole || account.length > maxChars.account || userName.length > maxChars.user)
    return again(visit, words.incomplete, 400);
  const accountId = await ctx.directory.accountNamed(account, ctx);
  const attempts = attemptsOf(ctx);
  const now = ctx.clock.now();
  const attempt = ctx.requestId;
  if (!attempts.admit(userKey(accountId, userName), addressKey(ctx.request.sourceIp), attempt, now))
    return again(visit, words.tooMany, 429);
  const judged = await attempts.judge(() =>
    ctx.directory.judgePassword({ accountId, userName, password }, ctx),
  );
  if (judged === undefined) return again(visit, words.busy, 503);
  const { user, isRight, needsCode } = judged;
  if (accountId === undefined || user === undefined || (!isRight && !needsCode)) {
    if (accountId !== undefined) recordSignIn({ accountId, user, isSuccess: false, mfaUsed: false }, ctx);
    return again(visit, words.wrong, 403);
  }
  const judgedUser: JudgedUser = { accountId, ...user, judgedMs: now };
  if (needsCode) {
    recordMfaCheck({ accountId, user }, ctx);
    const pending = keep({ waitsFor: "code", ...judgedUser, isRight, attempt }, ctx);
    return goOn(visit, { ...visit.cookies, pending });
  }
  const signedIn = await ctx.directory.completeSignIn(judgedUser, undefined, ctx);
  return signedIn === undefined ? failed(visit, judgedUser, false) : proven(visit, signedIn, attempt);
}

function failed(visit: Visit, { accountId, ...user }: JudgedUser, mfaUsed: boolean): PublicDocument {
  recordSignIn({ accountId, user, isSuccess: false, mfaUsed }, visit.ctx);
  return again(visit, words.wrong, 403);
}

/** The second: the code of an MFA device. It is asked once for each password, right or wrong. */
export async function codeStep(visit: Visit): Promise<PublicDocument> {
  const { asked, ctx, cookies } = visit;
  const row = await kept(cookies.pending, ctx);
  if (row?.waitsFor !== "code" || cookies.pending === undefined) return again(visit, words.expired, 403);
  drop(cookies.pending, row, ctx);
  const { accountId, userName, userId, judgedMs, isRight, attempt } = row;
  const user = { accountId, userName, userId, judgedMs };
  const code = (asked.form.get("code") ?? "").trim();
  // A wrong password takes the same way, and leaves the code unspent.
  const before = ctx.tx.savepoint();
  const signedIn = await ctx.directory.completeSignIn(user, code, ctx);
  if (!isRight) ctx.tx.rollback(before);
  return isRight && signedIn !== undefined ? proven(visit, signedIn, attempt) : failed(visit, user, true);
}

/** Who it is, is proven: a session begins, or first the password is changed. */
async function proven(visit: Visit, signedIn: SignedIn, attempt: string): Promise<PublicDocument> {
  const { ctx } = visit;
  const { caller, mfaSerial, mustChangePassword } = signedIn;
  const { account } = caller.principal;
  const user = userKey(account, caller.userName ?? "");
  ctx.afterCommit(() => attemptsOf(ctx).succeeded(user, addressKey(ctx.request.sourceIp), attempt));
  const issuedAt = ctx.clock.now();
  const withSession: Caller = {
    ...caller,
    session: {
      by: "ConsoleLogin",
      issuedAt,
      expiresAt: issuedAt + sessionMs,
      ...(mfaSerial !== undefined && { mfaAt: issuedAt, mfaSerial }),
    },
  };
  if (!mustChangePassword) return await begin(visit, withSession);
  const pending = keep({ waitsFor: "newPassword", caller: withSession, tries: 0 }, ctx);
  return goOn(visit, { ...visit.cookies, pending });
}

/** The third, for whom must change the password: by ChangePassword, as the user. */
export async function changeStep(visit: Visit): Promise<PublicDocument> {
  const { asked, ctx, cookies } = visit;
  const row = await kept(cookies.pending, ctx);
  if (row?.waitsFor !== "newPassword" || cookies.pending === undefined)
    return again(visit, words.expired, 403);
  const { caller, tries } = row;
  if (tries >= maxTries) {
    drop(cookies.pending, row, ctx);
    return again(visit, words.tooMany, 429);
  }
  const problem = await changePassword(asked, caller, ctx);
  if (problem === undefined) {
    drop(cookies.pending, row, ctx);
    return await begin(visit, caller);
  }
  change(cookies.pending, { ...row, tries: tries + 1 }, ctx);
  return show(visit, (now) => changeView(now, problem), cookies, 400);
}

/** Why the password was not changed. */
async function changePassword(
  { form }: PublicRequest,
  caller: Caller,
  ctx: Context,
): Promise<string | undefined> {
  const [OldPassword, NewPassword, repeated] = ["old", "new", "again"].map((name) => form.get(name) ?? "");
  if (OldPassword === "" || NewPassword === "") return words.incomplete;
  if (NewPassword !== repeated) return words.different;
  try {
    await ctx.call("iam", "ChangePassword", { OldPassword, NewPassword }, { as: caller });
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error.message;
    throw error;
  }
}

async function begin(visit: Visit, caller: Caller): Promise<PublicDocument> {
  const { ctx, cookies } = visit;
  const { AccessKeyId, SessionToken } = await ctx.sessions.issue(caller);
  const { account, arn, userId } = caller.principal;
  const mfaSerial = caller.session?.mfaSerial;
  const user = { userName: caller.userName ?? "", userId, arn };
  recordSignIn(
    { accountId: account, user, isSuccess: true, mfaUsed: mfaSerial !== undefined, mfaSerial },
    ctx,
  );
  return goOn(visit, { form: cookies.form, session: `${AccessKeyId}.${SessionToken}` });
}

export async function signOutStep(visit: Visit): Promise<PublicDocument> {
  const { cookies, ctx } = visit;
  const row = await kept(cookies.pending, ctx);
  if (row !== undefined && cookies.pending !== undefined) drop(cookies.pending, row, ctx);
  return goOn(visit, { form: "" });
}
