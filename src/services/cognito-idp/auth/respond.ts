import type { Context } from "../../../kit/context.ts";
import { clientAndPool, existingClient, type PoolAndClient } from "../clients/find.ts";
import { checkSecretHash } from "../clients/secretHash.ts";
import { idp } from "../contract.ts";
import { answerDevice, startDevice } from "../devices/signIn.ts";
import { proveWebAuthn } from "../passkeys/challenge.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { hidden, hiddenAnswer } from "../recorded.ts";
import { invalid, invalidSession } from "../refusals.ts";
import { findUser } from "../users/find.ts";
import { chosen } from "./choice.ts";
import { answerCustom, customStep } from "./custom.ts";
import { chosenMethod, proveCode } from "./factors.ts";
import { setNewPassword } from "./newPassword.ts";
import { goOn, withProof } from "./next.ts";
import { checkUser, provePassword } from "./passwordStep.ts";
import { type OpenedSession, openSession } from "./session.ts";
import {
  type AuthAnswer,
  challenge,
  checkEnabled,
  hostedFlow,
  resumeSignIn,
  type SignIn,
  theUser,
} from "./signIn.ts";
import { claimOf, openBlock, proveSrp, srpParameters } from "./srpStep.ts";

/** How a sign-in goes on. */

interface Answered {
  name: string;
  responses: Record<string, string>;
  session: string | undefined;
  clientMetadata: Record<string, string> | undefined;
}

type Answer = (
  signIn: SignIn,
  responses: Record<string, string>,
  session: OpenedSession,
) => Promise<AuthAnswer>;

/** A code was right: a first factor of its own, or a second. */
const code: Answer = async (signIn, responses, session) => {
  const name = signIn.state.challenge;
  const isByChoice = signIn.state.flow === "USER_AUTH" || signIn.state.flow === hostedFlow;
  const isFirst = signIn.state.proven.length === 0 && isByChoice;
  const proven = await proveCode(signIn, session, responses);
  if (isFirst) checkUser(proven, theUser(proven));
  const next = withProof(proven, isFirst ? "OTP" : name);
  if (signIn.state.flow !== "CUSTOM_AUTH") return await goOn(next);
  const past = [...(next.state.past ?? []), { challengeName: name, challengeResult: true }];
  return await customStep({ ...next, state: { ...next.state, past } });
};

/** Answers to challenges that have a session. */
const answers: Record<string, Answer> = {
  SMS_MFA: code,
  EMAIL_OTP: code,
  SMS_OTP: code,
  SOFTWARE_TOKEN_MFA: code,
  SELECT_MFA_TYPE: (signIn, { ANSWER }, session) => session.use().then(() => chosenMethod(signIn, ANSWER)),
  SELECT_CHALLENGE: chosen,
  PASSWORD: async (signIn, { PASSWORD }, session) => {
    const proven = await provePassword(signIn, PASSWORD);
    await session.use();
    return await goOn(withProof(proven, "PASSWORD"));
  },
  PASSWORD_SRP: async (signIn, { SRP_A }, session) => {
    await session.use();
    return await challenge(signIn, "PASSWORD_VERIFIER", await srpParameters(signIn, SRP_A));
  },
  WEB_AUTHN: async (signIn, { CREDENTIAL }, session) => {
    const proven = await proveWebAuthn(signIn, CREDENTIAL);
    await session.use();
    return await goOn(withProof(proven, "WEB_AUTHN"));
  },
  NEW_PASSWORD_REQUIRED: async (signIn, responses, session) => {
    const changed = await setNewPassword(signIn, responses);
    await session.use();
    return await goOn(changed);
  },
  MFA_SETUP: async (signIn, _, session) => {
    if (!signIn.state.proven.includes("SOFTWARE_TOKEN_MFA")) throw invalid("No MFA method was set up.");
    await session.use();
    return await goOn(signIn);
  },
  CUSTOM_CHALLENGE: async (signIn, { ANSWER }, session) => {
    if (ANSWER === undefined) throw invalid("Missing required parameter ANSWER");
    await session.use();
    return await answerCustom(signIn, ANSWER);
  },
  DEVICE_SRP_AUTH: async (signIn, responses, session) => {
    await session.use();
    return await startDevice(signIn, responses);
  },
};

async function respond(
  named: PoolAndClient,
  { name, responses, session, clientMetadata }: Answered,
  ctx: Context,
): Promise<AuthAnswer> {
  if (name === "PASSWORD_VERIFIER" || name === "DEVICE_PASSWORD_VERIFIER") {
    checkHash(named, responses);
    return await answerSrp(named, name, responses, clientMetadata, ctx);
  }
  if (!Object.hasOwn(answers, name)) throw invalid("Challenge name is not supported.");
  if (session === undefined) throw invalid("Missing required parameter Session");
  checkHash(named, responses);
  return await answerChallenge(named, { name, responses, session, clientMetadata }, ctx);
}

/** Answers a challenge that has a session, for a client that has proved itself or is the hosted pages. */
export async function answerChallenge(
  named: PoolAndClient,
  { name, responses, session = "", clientMetadata }: Answered,
  ctx: Context,
): Promise<AuthAnswer> {
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (answer === undefined) throw invalid("Challenge name is not supported.");
  const opened = await openSession(named.pool, session, ctx);
  if (opened.challenge !== name) throw invalidSession();
  const signIn = await resumeSignIn(named, opened, clientMetadata, ctx);
  checkEnabled(signIn.user);
  await checkName(signIn, responses.USERNAME);
  return await answer(signIn, responses, opened);
}

function checkHash({ client }: PoolAndClient, { USERNAME, SECRET_HASH }: Record<string, string>): void {
  if (client.secrets.length > 0 && USERNAME === undefined)
    throw invalid("Missing required parameter USERNAME");
  checkSecretHash(client, USERNAME ?? "", SECRET_HASH);
}

/** The name in an answer is that of the session, or another of the same user. */
async function checkName({ pool, state, user, ctx }: SignIn, name: string | undefined): Promise<void> {
  if (name === undefined || name === state.name || name === user?.username) return;
  const found = await findUser(pool, name, ctx);
  if (found !== undefined && found.userKey !== state.userKey) throw invalidSession();
}

async function answerSrp(
  named: PoolAndClient,
  name: string,
  responses: Record<string, string>,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<AuthAnswer> {
  const claim = claimOf(responses);
  const block = await openBlock(named.pool, claim.secretBlock, ctx);
  const resumed = await resumeSignIn(named, block.state, clientMetadata, ctx);
  const { DEVICE_KEY } = responses;
  const state = DEVICE_KEY === undefined ? resumed.state : { ...resumed.state, deviceKey: DEVICE_KEY };
  const signIn = { ...resumed, state };
  if (name === "DEVICE_PASSWORD_VERIFIER") {
    theUser(signIn);
    return await answerDevice(signIn, block, claim);
  }
  if (block.device !== undefined) throw invalidSession();
  await proveSrp(signIn, block, claim);
  const next = withProof(signIn, "PASSWORD");
  if (state.flow !== "CUSTOM_AUTH") return await goOn(next);
  const past = [...(state.past ?? []), { challengeName: "PASSWORD_VERIFIER", challengeResult: true }];
  return await goOn({ ...next, state: { ...next.state, past } });
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html */
export const respondToAuthChallenge = idp.operation("RespondToAuthChallenge", {
  access: { noPermissionNeeded: "Who signs in proves itself by what it knows; AWS takes the call unsigned." },
  async handle({ ClientId, ChallengeName, ChallengeResponses = {}, Session, ClientMetadata }, ctx) {
    const named = await clientAndPool(ClientId, ctx as Context);
    const answered = {
      name: ChallengeName,
      responses: ChallengeResponses,
      session: Session,
      clientMetadata: ClientMetadata,
    };
    return await respond(named, answered, ctx as Context);
  },
  record: { request: hidden("challengeResponses", "session"), response: hiddenAnswer },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html */
export const adminRespondToAuthChallenge = idp.operation("AdminRespondToAuthChallenge", {
  access: onPool("AdminRespondToAuthChallenge"),
  async handle(
    { UserPoolId, ClientId, ChallengeName, ChallengeResponses = {}, Session, ClientMetadata },
    ctx,
  ) {
    const pool = await existingPool(UserPoolId, ctx);
    const client = await existingClient(UserPoolId, ClientId, ctx);
    const answered = {
      name: ChallengeName,
      responses: ChallengeResponses,
      session: Session,
      clientMetadata: ClientMetadata,
    };
    return await respond({ pool, client }, answered, ctx as Context);
  },
  record: { request: hidden("challengeResponses", "session"), response: hiddenAnswer },
});
