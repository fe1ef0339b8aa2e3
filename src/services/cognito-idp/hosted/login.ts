import { AwsError } from "../../../kit/errors.ts";
import { beginChoice } from "../auth/choice.ts";
import { preAuthentication } from "../auth/initiate.ts";
import { goOn, withProof } from "../auth/next.ts";
import { provePassword } from "../auth/passwordStep.ts";
import { beginSignIn, hostedFlow, type SignIn } from "../auth/signIn.ts";
import { checkAddress } from "../risk/notices.ts";
import { askCode } from "./accounts.ts";
import { isByChoice, waysOf, waysPage } from "./choiceViews.ts";
import { hasFormToken } from "./cookies.ts";
import { attributePrefix, changePage, codePage, loginPage, setupPage } from "./loginViews.ts";
import { type OAuthRequest, oauthRequest, offers } from "./oauthRequest.ts";
import { own } from "./own.ts";
import { resetPage } from "./passwordPages.ts";
import { answered, answeredBy, isOver, present, type Step } from "./present.ts";
import { type Answer, isForeign, tried, type Visit } from "./visit.ts";
import { problemOf } from "./words.ts";

/** Signing in by the pages. The steps are those of the API; who is proven, `finish.ts` sends on to the app. */

export async function login(visit: Visit): Promise<Answer> {
  const request = await oauthRequest(visit);
  const { words, form, method } = visit;
  if (method === "GET") return await loginPage(visit, request, messageOf(visit));
  if (isForeign(visit) || !hasFormToken(visit) || !offers(request.client, "COGNITO"))
    return await loginPage(visit, request, { problem: words.expired });
  const step = form.get("step") ?? "";
  if (step === "password") return await passwordStep(visit, request);
  if (step === "name") return await nameStep(visit, request);
  const answer = Object.hasOwn(steps, step) ? steps[step] : undefined;
  if (answer === undefined) return await loginPage(visit, request, { problem: words.expired });
  return await answer(visit, request);
}

/** What the page before has done. */
function messageOf({ query, words }: Visit): { message?: string } {
  return query.get("done") === "confirmed" ? { message: words.confirmed } : {};
}

async function passwordStep(visit: Visit, request: OAuthRequest): Promise<Answer> {
  const { form, words } = visit;
  const username = (form.get("username") ?? "").trim();
  const password = form.get("password") ?? "";
  if (username === "" || password === "")
    return await loginPage(visit, request, { problem: words.incomplete, username });
  return await signInBy(visit, request, username, password);
}

/** The name alone, where the user then chooses. */
async function nameStep(visit: Visit, request: OAuthRequest): Promise<Answer> {
  const { form, words } = visit;
  const username = (form.get("username") ?? "").trim();
  if (username === "" || !isByChoice(visit, request))
    return await loginPage(visit, request, { problem: words.incomplete, username });
  const answer = await tried(visit.ctx, async () => beginChoice(await begun(visit, request, username), {}));
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  return await loginPage(visit, request, { problem: problemOf(words, answer), username });
}

async function begun({ pool, ctx }: Visit, { client }: OAuthRequest, username: string): Promise<SignIn> {
  await checkAddress(pool, client.clientId, username, ctx);
  const signIn = await beginSignIn({ pool, client }, username, hostedFlow, undefined, ctx);
  await preAuthentication(signIn);
  return signIn;
}

/** Signs in by a password, here or at the end of a sign-up. */
export async function signInBy(
  visit: Visit,
  request: OAuthRequest,
  username: string,
  password: string,
): Promise<Answer> {
  const answer = await tried(visit.ctx, async () => {
    const signIn = await begun(visit, request, username);
    return await goOn(withProof(await provePassword(signIn, password), "PASSWORD"));
  });
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  const toDo = await stillToDo(visit, request, answer, username);
  if (toDo !== undefined) return toDo;
  return await loginPage(visit, request, { problem: problemOf(visit.words, answer), username });
}

/** What was proven was right, and something is still to do: it is asked for. */
async function stillToDo(
  visit: Visit,
  request: OAuthRequest,
  { code }: AwsError,
  username: string,
): Promise<Answer | undefined> {
  if (code === "UserNotConfirmedException") return await askCode(visit, request, username);
  return code === "PasswordResetRequiredException" ? resetPage(visit, { username }) : undefined;
}

/** The code of a second factor. */
const codeStep: Step = async (visit, request) => {
  const { form, words } = visit;
  const challenge = form.get("step") ?? "";
  const { session, username } = answeredBy(visit);
  const responses = { [`${challenge}_CODE`]: (form.get("code") ?? "").trim() };
  const answer = await answered(visit, request, challenge, responses, session);
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  const problem = problemOf(words, answer);
  if (isOver(answer)) return await loginPage(visit, request, { problem: words.expired, username });
  const destination = form.get("destination") ?? "";
  return codePage(visit, request, { challenge, destination, session, username }, problem);
};

const chooseStep: Step = async (visit, request) => {
  const { session, username } = answeredBy(visit);
  const ANSWER = visit.form.get("answer") ?? "";
  const answer = await answered(visit, request, "SELECT_MFA_TYPE", { ANSWER }, session);
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  return await loginPage(visit, request, { problem: problemOf(visit.words, answer), username });
};

const changeStep: Step = async (visit, request) => {
  const { form, words } = visit;
  const { session, username } = answeredBy(visit);
  const required = (form.get("required") ?? "").split(" ").filter((name) => name !== "");
  const asked = { session, username, required };
  const NEW_PASSWORD = form.get("password") ?? "";
  if (NEW_PASSWORD !== form.get("again")) return changePage(visit, request, asked, words.different);
  const given = required.map((name) => [
    `userAttributes.${name}`,
    form.get(`${attributePrefix}${name}`) ?? "",
  ]);
  const responses = { NEW_PASSWORD, ...(Object.fromEntries(given) as Record<string, string>) };
  const answer = await answered(visit, request, "NEW_PASSWORD_REQUIRED", responses, session);
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  if (isOver(answer)) return await loginPage(visit, request, { problem: words.expired, username });
  return changePage(visit, request, asked, problemOf(words, answer));
};

/** A way to sign in, of those that the user has. */
const wayStep: Step = async (visit, request) => {
  const { form, words } = visit;
  const { session, username } = answeredBy(visit);
  const ANSWER = form.get("answer") ?? "";
  const responses = { ANSWER, ...(ANSWER === "PASSWORD" && { PASSWORD: form.get("password") ?? "" }) };
  const answer = await answered(visit, request, "SELECT_CHALLENGE", responses, session);
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  if (isOver(answer)) return await loginPage(visit, request, { problem: words.expired, username });
  const toDo = await stillToDo(visit, request, answer, username);
  if (toDo !== undefined) return toDo;
  const possible = waysOf((form.get("possible") ?? "").split(" "));
  return waysPage(visit, request, { session, username, possible }, problemOf(words, answer));
};

const passkeyStep: Step = async (visit, request) => {
  const { form, words } = visit;
  const { session, username } = answeredBy(visit);
  const CREDENTIAL = form.get("credential") ?? "";
  const answer = await answered(visit, request, "WEB_AUTHN", { CREDENTIAL }, session);
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  const toDo = await stillToDo(visit, request, answer, username);
  if (toDo !== undefined) return toDo;
  const problem = isOver(answer) ? words.expired : words.passkeyFailed;
  return await loginPage(visit, request, { problem, username });
};

/** The first code of an authenticator app. */
const setupStep: Step = async (visit, request) => {
  const { form, words, ctx } = visit;
  const { session, username } = answeredBy(visit);
  const UserCode = (form.get("code") ?? "").trim();
  const verified = await tried(ctx, () => own(visit, "VerifySoftwareToken", { Session: session, UserCode }));
  if (verified instanceof AwsError) {
    if (isOver(verified)) return await loginPage(visit, request, { problem: words.expired, username });
    const key = form.get("key") ?? "";
    return setupPage(visit, request, { session, username, key }, problemOf(words, verified));
  }
  const { Session } = verified as { Session: string };
  const answer = await answered(visit, request, "MFA_SETUP", {}, Session);
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  return await loginPage(visit, request, { problem: problemOf(words, answer), username });
};

const steps: Record<string, Step> = {
  SMS_MFA: codeStep,
  EMAIL_OTP: codeStep,
  SOFTWARE_TOKEN_MFA: codeStep,
  SMS_OTP: codeStep,
  SELECT_MFA_TYPE: chooseStep,
  SELECT_CHALLENGE: wayStep,
  WEB_AUTHN: passkeyStep,
  NEW_PASSWORD_REQUIRED: changeStep,
  MFA_SETUP: setupStep,
};
