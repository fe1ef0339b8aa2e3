import { AwsError } from "../../../kit/errors.ts";
import { answerChallenge } from "../auth/respond.ts";
import type { AuthAnswer } from "../auth/signIn.ts";
import { passkeyPage, waysOf, waysPage } from "./choiceViews.ts";
import { finishNew } from "./finish.ts";
import { errorPage } from "./html.ts";
import { changePage, choicePage, codePage, setupPage } from "./loginViews.ts";
import type { OAuthRequest } from "./oauthRequest.ts";
import { own } from "./own.ts";
import { linkTo } from "./views.ts";
import { type Answer, tried, type Visit } from "./visit.ts";

/** What a sign-in on the pages has come to, and what its forms answer. */

/** The page for what comes next. */
export async function present(
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
  const { words } = visit;
  switch (ChallengeName) {
    case "SMS_MFA":
    case "EMAIL_OTP":
    case "SMS_OTP":
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
    case "SELECT_CHALLENGE":
      return waysPage(visit, request, { ...asking, possible: waysOf(answer.AvailableChallenges) });
    case "WEB_AUTHN":
      return passkeyPage(visit, request, {
        heading: words.passkeyHeading,
        hint: words.passkeyHint,
        path: "/login",
        step: "WEB_AUTHN",
        hidden: { session, username },
        kind: "get",
        options: facts.CREDENTIAL_REQUEST_OPTIONS ?? "",
        otherwise: { to: linkTo(visit, "/login"), label: words.otherWay },
      });
    default:
      return errorPage(visit, "This way of signing in has no page.");
  }
}

export type Step = (visit: Visit, request: OAuthRequest) => Promise<Answer>;

interface Answered {
  session: string;
  username: string;
}

export function answeredBy({ form }: Visit): Answered {
  return { session: form.get("session") ?? "", username: form.get("username") ?? "" };
}

export async function answered(
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
export function isOver({ code, message }: AwsError): boolean {
  return code === "NotAuthorizedException" && message.startsWith("Invalid session");
}
