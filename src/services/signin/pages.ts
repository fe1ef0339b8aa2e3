import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { PublicDocument, PublicRequest } from "../../kit/pages.ts";
import { type Cookies, cookiesOf, isFormToken, newSecret } from "./cookies.ts";
import { kept } from "./pendingRows.ts";
import { changeStep, codeStep, passwordStep, show, signOutStep, type Visit } from "./steps.ts";
import { changeView, codeView, landingView, maxChars, passwordView } from "./views.ts";
import { words } from "./words.ts";

/** One address: what is shown depends on how far the browser's user has come. */

const steps: Record<string, (visit: Visit) => Promise<PublicDocument>> = {
  password: passwordStep,
  code: codeStep,
  change: changeStep,
  signOut: signOutStep,
};

export async function pages(asked: PublicRequest, ctx: Context): Promise<PublicDocument> {
  const came = cookiesOf(asked, ctx.request);
  const cookies: Cookies = { ...came, form: came.form || newSecret() };
  const visit: Visit = { asked, came, cookies, ctx };
  if (asked.method === "GET") return await presentPage(visit);
  const step = steps[asked.form.get("step") ?? ""];
  if (step === undefined || !isFormToken(asked.form.get("token") ?? "", came))
    return await presentPage(visit, words.expired);
  return await step(visit);
}

async function presentPage(visit: Visit, problem?: string): Promise<PublicDocument> {
  const { asked, cookies, ctx } = visit;
  const status = problem === undefined ? 200 : 403;
  const caller = await signedInCaller(cookies.session, ctx);
  if (caller !== undefined) return show(visit, (now) => landingView(now, caller), cookies, status);
  const unsigned: Cookies = { ...cookies, session: undefined };
  const row = await kept(cookies.pending, ctx);
  if (row?.waitsFor === "code") return show(visit, codeView, unsigned, status);
  if (row?.waitsFor === "newPassword")
    return show(visit, (now) => changeView(now, problem), unsigned, status);
  const account = (asked.query.get("account") ?? "").slice(0, maxChars.account);
  const view = (now: Cookies) => passwordView(now, { account, problem });
  return show(visit, view, { ...unsigned, pending: undefined }, status);
}

/** Who the browser's session says it is, if it is one that began here and holds. */
async function signedInCaller(cookie: string | undefined, ctx: Context): Promise<Caller | undefined> {
  const mark = cookie?.indexOf(".") ?? -1;
  if (cookie === undefined || mark < 0) return undefined;
  const caller = await ctx.sessions.open(cookie.slice(0, mark), cookie.slice(mark + 1));
  return caller?.session?.by === "ConsoleLogin" ? caller : undefined;
}
