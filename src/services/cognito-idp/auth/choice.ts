import type { ChallengeNameType } from "@aws-sdk/client-cognito-identity-provider";
import { masked } from "../messages/send.ts";
import { methodsOf } from "../mfa/methods.ts";
import { webAuthnChallenge } from "../passkeys/challenge.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { incorrect, invalid, notAuthorized } from "../refusals.ts";
import type { UserRow } from "../users/userRow.ts";
import { longDigits } from "./codes.ts";
import { codeChallenge } from "./factors.ts";
import { finish } from "./finish.ts";
import { goOn, withProof } from "./next.ts";
import { provePassword } from "./passwordStep.ts";
import { openSession } from "./session.ts";
import { type AuthAnswer, challenge, idForSrp, resumeSignIn, type SignIn, tells, theUser } from "./signIn.ts";
import { srpParameters } from "./srpStep.ts";

/**
 * Sign-in by what the user chooses: a password, a code, a passkey.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-selection-sdk.html#authentication-flows-selection-choice
 */

const passwords: ChallengeNameType[] = ["PASSWORD", "PASSWORD_SRP"];

/** First factors that a user has. */
export function factorsOf(pool: PoolRow, user: UserRow | undefined): ChallengeNameType[] {
  const allowed: string[] = pool.settings.Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? [];
  // Who is not there has what anybody may have.
  if (user === undefined) return allowed.includes("EMAIL_OTP") ? [...passwords, "EMAIL_OTP"] : passwords;
  const factors: ChallengeNameType[] = [];
  if (user.password !== undefined) factors.push(...passwords);
  // A code or a passkey is one factor: who must have two signs in with a password.
  const needsSecond = pool.mfa.configuration === "ON" || methodsOf(pool, user).length > 0;
  const { email, email_verified, phone_number, phone_number_verified } = user.attributes;
  if (
    allowed.includes("WEB_AUTHN") &&
    (user.passkeys?.length ?? 0) > 0 &&
    (!needsSecond || countsTwice(pool))
  )
    factors.push("WEB_AUTHN");
  if (needsSecond) return factors;
  if (allowed.includes("EMAIL_OTP") && email && email_verified === "true") factors.push("EMAIL_OTP");
  if (allowed.includes("SMS_OTP") && phone_number && phone_number_verified === "true")
    factors.push("SMS_OTP");
  return factors;
}

function countsTwice({ mfa }: PoolRow): boolean {
  return mfa.webAuthn?.FactorConfiguration === "MULTI_FACTOR_WITH_USER_VERIFICATION";
}

/** Begins: with the factor that the client prefers, or with the choice. */
export async function beginChoice(signIn: SignIn, parameters: Record<string, string>): Promise<AuthAnswer> {
  if (signIn.user === undefined && tells(signIn.client)) theUser(signIn);
  const factors = factorsOf(signIn.pool, signIn.user);
  const preferred = factors.find((factor) => factor === parameters.PREFERRED_CHALLENGE);
  if (preferred !== undefined) {
    const answer = await withFactor(signIn, preferred, parameters);
    return { ...answer, ...(answer.ChallengeName && { AvailableChallenges: factors }) };
  }
  const asked = await challenge(signIn, "SELECT_CHALLENGE", { USERNAME: await idForSrp(signIn) });
  return { ...asked, AvailableChallenges: factors };
}

/** Goes on with the factor that was chosen. */
export async function chosen(signIn: SignIn, responses: Record<string, string>): Promise<AuthAnswer> {
  const factor = factorsOf(signIn.pool, signIn.user).find((one) => one === responses.ANSWER);
  if (factor === undefined) throw invalid("Selected challenge is not available.");
  return await withFactor(signIn, factor, responses);
}

async function withFactor(
  signIn: SignIn,
  factor: ChallengeNameType,
  given: Record<string, string>,
): Promise<AuthAnswer> {
  switch (factor) {
    case "PASSWORD":
      // A password that did not come with the choice is asked for.
      if (given.PASSWORD === undefined)
        return await challenge(signIn, "PASSWORD", { USERNAME: await idForSrp(signIn) });
      return await goOn(withProof(await provePassword(signIn, given.PASSWORD), "PASSWORD"));
    case "PASSWORD_SRP":
      if (given.SRP_A === undefined)
        return await challenge(signIn, "PASSWORD_SRP", { USERNAME: await idForSrp(signIn) });
      return await challenge(signIn, "PASSWORD_VERIFIER", await srpParameters(signIn, given.SRP_A));
    case "EMAIL_OTP":
      if (signIn.user === undefined) return await pretendedCode(signIn);
      return await codeChallenge(signIn, theUser(signIn), "EMAIL_OTP", "email", longDigits);
    case "SMS_OTP":
      return await codeChallenge(signIn, theUser(signIn), "SMS_OTP", "phone_number", longDigits);
    case "WEB_AUTHN":
      return await webAuthnChallenge(signIn, theUser(signIn));
    default:
      throw incorrect();
  }
}

/** As if a code had been sent to somebody who is not there: no answer to it is right. */
async function pretendedCode(signIn: SignIn): Promise<AuthAnswer> {
  const { name } = signIn.state;
  return await challenge(signIn, "EMAIL_OTP", {
    CODE_DELIVERY_DELIVERY_MEDIUM: "EMAIL",
    CODE_DELIVERY_DESTINATION: masked("email", name.includes("@") ? name : `${name}@${name}`),
    USER_ID_FOR_SRP: await idForSrp(signIn),
  });
}

/** Goes on with the session of a sign-up that has just been confirmed: the user need not prove anything again. */
export async function continueSignUp(signIn: SignIn, session: string): Promise<AuthAnswer> {
  const { pool, client, clientMetadata, ctx } = signIn;
  const opened = await openSession(pool, session, ctx);
  if (opened.flow !== "SIGN_UP" || opened.challenge !== "" || !opened.proven.includes("SIGN_UP"))
    throw notAuthorized("Invalid session for the user.");
  const resumed = await resumeSignIn({ pool, client }, opened, clientMetadata, ctx);
  if (opened.userKey !== signIn.state.userKey) throw notAuthorized("Invalid session for the user.");
  await opened.use();
  if (theUser(resumed).status !== "CONFIRMED") throw notAuthorized("Invalid session for the user.");
  return await finish(resumed);
}
