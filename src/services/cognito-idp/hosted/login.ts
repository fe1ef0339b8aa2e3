import { AwsError } from "../../../kit/errors.ts";
import { preAuthentication } from "../auth/initiate.ts";
import { goOn, withProof } from "../auth/next.ts";
import { provePassword } from "../auth/passwordStep.ts";
import { answerChallenge } from "../auth/respond.ts";
import { type AuthAnswer, beginSignIn, hostedFlow } from "../auth/signIn.ts";
import { checkAddress } from "../risk/notices.ts";
import { askCode } from "./accounts.ts";
import { hasFormToken } from "./cookies.ts";
import { finishNew } from "./finish.ts";
import { errorPage } from "./html.ts";
import { attributePrefix, changePage, choicePage, codePage, loginPage, setupPage } from "./loginViews.ts";
import { type OAuthRequest, oauthRequest, offers } from "./oauthRequest.ts";
import { own } from "./own.ts";
import { resetPage } from "./passwordPages.ts";
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

/** Signs in by a password, here or at the end of a sign-up. */
export async function signInBy(
  visit: Visit,
  request: OAuthRequest,
  username: string,
  password: string,
): Promise<Answer> {
  const { pool, ctx, words } = visit;
  const answer = await tried(ctx, async () => {
    await checkAddress(pool, request.client.clientId, username, ctx);
    const signIn = await beginSignIn({ pool, client: request.client }, username, hostedFlow, undefined, ctx);
    await preAuthentication(signIn);
    return await goOn(withProof(await provePassword(signIn, password), "PASSWORD"));
  });
  if (!(answer instanceof AwsError)) return await present(visit, request, answer, username);
  // The password was right: what is still to do is asked for.
  if (answer.code === "UserNotConfirmedException") return await askCode(visit, request, username);
  if (answer.code === "PasswordResetRequiredException") return resetPage(visit, { username });
  return await loginPage(visit, request, { problem: problemOf(words, answer), username });
}

/** The page for what comes next. */
async function present(
  visit: Visit,
  request: OAuthRequest,
  answer: AuthAnswer,
  username: string,
): Promise<Answer> {
  const { ChallengeName = "", Session: session = "", ChallengeParameters: facts = {}, hosted } = answer;
  if (hosted?.user !== undefined) {
    const { user, state } = hosted;
    const authMs = visit.ctx.clock.now();
    return await finishNew(visit, request, { user, userKey: state.userKey, authMs });
  }
  const asking = { session, username };
  switch (ChallengeName) {
    case "SMS_MFA":
    case "EMAIL_OTP":
    case "SOFTWARE_TOKEN_MFA": {
      const destination = facts.CODE_DELIVERY_DESTINATION ?? "";
      return codePage(visit, request, { ...asking, challenge: ChallengeName, destination });
    }
    case "SELECT_MFA_TYPE":
      return choicePage(visit, request, asking, JSON.parse(facts.MFAS_CAN_CHOOSE ?? "[]"));
    case "NEW_PASSWORD_REQUIRED": {
      const names = JSON.parse(facts.requiredAttributes ?? "[]") as string[];
      const required = names.map((name) => name.replace("userAttributes.", ""));
      return changePage(visit, request, { ...asking, required });
    }
    case "MFA_SETUP": {
      const made = await tried(visit.ctx, () => own(visit, "AssociateSoftwareToken", { Session: session }));
      if (made instanceof AwsError) return errorPage(visit, made.message);
      const { SecretCode, Session } = made as { SecretCode: string; Session: string };
      return setupPage(visit, request, { session: Session, username, key: SecretCode });
    }
    default:
      return errorPage(visit, "This way of signing in has no page.");
  }
}

type Step = (visit: Visit, request: OAuthRequest) => Promise<Answer>;

interface Answered {
  session: string;
  username: string;
}

function answeredBy({ form }: Visit): Answered {
  return { session: form.get("session") ?? "", username: form.get("username") ?? "" };
}

async function answered(
  visit: Visit,
  { client }: OAuthRequest,
  name: string,
  responses: Record<string, string>,
  session: string,
): Promise<AuthAnswer | AwsError> {
  const { pool, ctx } = visit;
  return await tried(ctx, () =>
    answerChallenge({ pool, client }, { name, responses, session, clientMetadata: undefined }, ctx),
  );
}

/** A session that cannot be answered any more begins anew. */
function isOver({ code, message }: AwsError): boolean {
  return code === "NotAuthorizedException" && message.startsWith("Invalid session");
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
  SELECT_MFA_TYPE: chooseStep,
  NEW_PASSWORD_REQUIRED: changeStep,
  MFA_SETUP: setupStep,
};
