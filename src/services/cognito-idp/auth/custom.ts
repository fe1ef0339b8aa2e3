import { AwsError } from "../../../kit/errors.ts";
import { notAuthorized } from "../refusals.ts";
import { isRecord, trigger, triggerAttributes, unrecognizable } from "../triggers/invoke.ts";
import { mfaChallenge } from "./factors.ts";
import { finish } from "./finish.ts";
import { checkUser } from "./passwordStep.ts";
import type { PastChallenge } from "./session.ts";
import { type AuthAnswer, challenge, idForSrp, type SignIn, theUser } from "./signIn.ts";
import { srpParameters } from "./srpStep.ts";

/**
 * Challenges of the pool's own functions: one decides what comes next, one makes a challenge, one judges its answer.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html
 */

const maxChallenges = 20;

async function eventOf({ user, clientMetadata }: SignIn): Promise<Record<string, unknown>> {
  return {
    userAttributes: user === undefined ? {} : triggerAttributes(user),
    ...(clientMetadata && { clientMetadata }),
    ...(user === undefined && { userNotFound: true }),
  };
}

/** Asks what comes next; `srpA` where the client has begun with a password. */
export async function customStep(signIn: SignIn, srpA?: string): Promise<AuthAnswer> {
  const { pool, client, state, ctx } = signIn;
  const past = state.past ?? [];
  if (past.length > maxChallenges) throw notAuthorized("Incorrect username or password.");
  const decision = await trigger(
    {
      pool,
      name: "DefineAuthChallenge",
      source: "DefineAuthChallenge_Authentication",
      clientId: client.clientId,
      username: await idForSrp(signIn),
      request: { ...(await eventOf(signIn)), session: past },
      response: { challengeName: null, issueTokens: null, failAuthentication: null },
    },
    ctx,
  );
  if (decision === undefined)
    throw new AwsError("InvalidLambdaResponseException", "The pool has no function that defines challenges.");
  if (decision.failAuthentication === true) throw notAuthorized("Incorrect username or password.");
  if (decision.issueTokens === true) {
    checkUser(signIn, theUser(signIn));
    return await finish(signIn);
  }
  return await asked(signIn, decision.challengeName, srpA);
}

async function asked(signIn: SignIn, name: unknown, srpA: string | undefined): Promise<AuthAnswer> {
  if (name === "CUSTOM_CHALLENGE") return await createChallenge(signIn);
  if (name === "PASSWORD_VERIFIER" && srpA !== undefined) {
    const parameters = await srpParameters(signIn, srpA);
    return await challenge(signIn, "PASSWORD_VERIFIER", parameters);
  }
  const second = typeof name === "string" && /MFA$/.test(name) ? await mfaChallenge(signIn) : undefined;
  if (second === undefined) throw unrecognizable();
  return second;
}

async function createChallenge(signIn: SignIn): Promise<AuthAnswer> {
  const { pool, client, state, ctx } = signIn;
  const made = await trigger(
    {
      pool,
      name: "CreateAuthChallenge",
      source: "CreateAuthChallenge_Authentication",
      clientId: client.clientId,
      username: await idForSrp(signIn),
      request: { ...(await eventOf(signIn)), challengeName: "CUSTOM_CHALLENGE", session: state.past ?? [] },
      response: {
        publicChallengeParameters: null,
        privateChallengeParameters: null,
        challengeMetadata: null,
      },
    },
    ctx,
  );
  if (made === undefined)
    throw new AwsError("InvalidLambdaResponseException", "The pool has no function that creates challenges.");
  const { challengeMetadata } = made;
  return await challenge(
    signIn,
    "CUSTOM_CHALLENGE",
    { USERNAME: await idForSrp(signIn), ...textsOf(made.publicChallengeParameters) },
    {
      privateParameters: textsOf(made.privateChallengeParameters),
      ...(typeof challengeMetadata === "string" && { challengeMetadata }),
    },
  );
}

function textsOf(value: unknown): Record<string, string> {
  if (value === null || value === undefined) return {};
  if (!isRecord(value)) throw unrecognizable();
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, String(item)]));
}

/** Judges an answer, and goes on as the pool's function decides. */
export async function answerCustom(signIn: SignIn, answer: string): Promise<AuthAnswer> {
  const { pool, client, state, ctx } = signIn;
  const { privateParameters = {}, challengeMetadata } = state;
  const judged = await trigger(
    {
      pool,
      name: "VerifyAuthChallengeResponse",
      source: "VerifyAuthChallengeResponse_Authentication",
      clientId: client.clientId,
      username: await idForSrp(signIn),
      request: {
        ...(await eventOf(signIn)),
        privateChallengeParameters: privateParameters,
        challengeAnswer: answer,
      },
      response: { answerCorrect: null },
    },
    ctx,
  );
  const past: PastChallenge = {
    challengeName: "CUSTOM_CHALLENGE",
    challengeResult: judged?.answerCorrect === true,
    challengeMetadata,
  };
  return await customStep({
    ...signIn,
    state: {
      ...state,
      past: [...(state.past ?? []), past],
      privateParameters: undefined,
      challengeMetadata: undefined,
    },
  });
}
