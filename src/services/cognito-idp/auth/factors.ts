import type { ChallengeNameType } from "@aws-sdk/client-cognito-identity-provider";
import { AwsError } from "../../../kit/errors.ts";
import { send } from "../messages/send.ts";
import { askedOf, type MfaMethod, methodsOf, setupMethods } from "../mfa/methods.ts";
import { useTotp } from "../mfa/totp.ts";
import { codeMismatch, invalid, notAuthorized } from "../refusals.ts";
import { putUser } from "../users/put.ts";
import type { UserRow } from "../users/userRow.ts";
import { checkAllowance, guessesOf, sending, sessionGuesses } from "./attempts.ts";
import { isSameCode, newCode } from "./codes.ts";
import type { OpenedSession } from "./session.ts";
import { type AuthAnswer, challenge, type SignIn, theUser } from "./signIn.ts";

/** Second factors in the course of a sign-in. */

/** The challenge of a second factor; undefined where none is needed. */
export async function mfaChallenge(signIn: SignIn): Promise<AuthAnswer | undefined> {
  const user = theUser(signIn);
  const asked = askedOf(signIn.pool, user);
  if (asked === undefined) return undefined;
  if (asked === "setup") {
    return await challenge(signIn, "MFA_SETUP", {
      MFAS_CAN_SETUP: JSON.stringify(setupMethods(signIn.pool)),
      USER_ID_FOR_SRP: user.username,
    });
  }
  if (Array.isArray(asked)) {
    return await challenge(signIn, "SELECT_MFA_TYPE", {
      MFAS_CAN_CHOOSE: JSON.stringify(asked),
      USER_ID_FOR_SRP: user.username,
    });
  }
  return await methodChallenge(signIn, user, asked);
}

export async function methodChallenge(signIn: SignIn, user: UserRow, method: MfaMethod): Promise<AuthAnswer> {
  if (method === "SOFTWARE_TOKEN_MFA") {
    return await challenge(signIn, method, {
      USER_ID_FOR_SRP: user.username,
      ...(user.mfa.totpName && { FRIENDLY_DEVICE_NAME: user.mfa.totpName }),
    });
  }
  return await codeChallenge(signIn, user, method, method === "SMS_MFA" ? "phone_number" : "email");
}

/** Sends a code, and asks for it. */
export async function codeChallenge(
  signIn: SignIn,
  user: UserRow,
  name: ChallengeNameType,
  attribute: "email" | "phone_number",
  digits?: number,
): Promise<AuthAnswer> {
  const { pool, client, state, clientMetadata, ctx } = signIn;
  checkAllowance(`send/${pool.poolId}/${state.userKey}`, sending, ctx);
  const code = newCode(digits);
  const { Destination = "", DeliveryMedium = "" } = await send(
    {
      pool,
      user,
      source: "CustomMessage_Authentication",
      purpose: digits === undefined ? "mfa" : "otp",
      attribute,
      code,
      clientId: client.clientId,
      clientMetadata,
    },
    ctx,
  );
  const parameters = {
    CODE_DELIVERY_DELIVERY_MEDIUM: DeliveryMedium,
    CODE_DELIVERY_DESTINATION: Destination,
    USER_ID_FOR_SRP: user.username,
  };
  return await challenge(signIn, name, parameters, { code, codeTo: attribute });
}

const codeNames: Record<string, string> = {
  SMS_MFA: "SMS_MFA_CODE",
  EMAIL_OTP: "EMAIL_OTP_CODE",
  SMS_OTP: "SMS_OTP_CODE",
  SOFTWARE_TOKEN_MFA: "SOFTWARE_TOKEN_MFA_CODE",
};

/** Proves the code of a challenge; spends the session and, of an app, the code. The sign-in with its user as it is then. */
export async function proveCode(
  signIn: SignIn,
  session: OpenedSession,
  responses: Record<string, string>,
): Promise<SignIn> {
  const { pool, state, ctx } = signIn;
  const name = codeNames[state.challenge] ?? "";
  const given = responses[name];
  if (given === undefined) throw invalid(`Missing required parameter ${name}`);
  checkAllowance(`session/${session.id}`, sessionGuesses, ctx);
  // A new session is easily had by one who knows the password: guesses of a user's codes count together.
  const key = `mfa/${pool.poolId}/${state.userKey}`;
  const { passwords: guesses } = guessesOf(ctx);
  if (guesses.isLocked(key, ctx)) throw notAuthorized("Attempt limit exceeded, please try after some time.");
  try {
    const after = await provenBy(signIn, session, given);
    ctx.afterCommit(() => guesses.succeeded(key));
    return after;
  } catch (error) {
    if (error instanceof AwsError && error.code === "CodeMismatchException") guesses.failed(key, ctx);
    throw error;
  }
}

async function provenBy(signIn: SignIn, session: OpenedSession, given: string): Promise<SignIn> {
  const { pool, state, ctx } = signIn;
  if (state.challenge !== "SOFTWARE_TOKEN_MFA") {
    // Somebody who is not there has got no code either.
    if (state.code === undefined || !isSameCode(state.code, given) || signIn.user === undefined)
      throw codeMismatch("Invalid code or auth state for the user.");
    await session.use();
    return signIn;
  }
  const user = theUser(signIn);
  const after = useTotp(user, given, ctx);
  await session.use();
  await putUser(pool, { userKey: state.userKey, user }, after, ctx);
  return { ...signIn, user: after };
}

/** The second factor that was chosen among several. */
export async function chosenMethod(signIn: SignIn, answer: string | undefined): Promise<AuthAnswer> {
  const user = theUser(signIn);
  const method = methodsOf(signIn.pool, user).find((one) => one === answer);
  if (method === undefined) throw invalid("Missing required parameter ANSWER");
  return await methodChallenge(signIn, user, method);
}
