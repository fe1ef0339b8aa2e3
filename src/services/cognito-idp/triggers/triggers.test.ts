import type { LambdaConfigType } from "@aws-sdk/client-cognito-identity-provider";
import type { Lambda } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
// The functions that pools ask are Lambda's: its tests know how to make some.
import { lambdaClient, lambdaRole, makeFunction } from "../../lambda/testing.ts";
import { claimsOf, mailsTo, newPool, newUser, password, signIn, tokensOf } from "../testing.ts";

let cloudkeep: Cloudkeep;
let lambda: Lambda;
let role: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  lambda = lambdaClient(cloudkeep);
  role = await lambdaRole(cloudkeep, "triggers");
});
afterAll(() => cloudkeep.stop());

let serial = 0;

/** A function that Cognito may invoke; its ARN. */
async function fn(body: string): Promise<string> {
  serial += 1;
  const name = `trigger-${serial}`;
  await makeFunction(lambda, name, role, `export const handler = async (event) => { ${body} };`);
  await lambda.addPermission({
    FunctionName: name,
    StatementId: "cognito",
    Action: "lambda:InvokeFunction",
    Principal: "cognito-idp.amazonaws.com",
  });
  return `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:${name}`;
}

const poolWith = (LambdaConfig: LambdaConfigType, more: object = {}) =>
  newPool(cloudkeep, { LambdaConfig, ...more });

const custom = `
  const { request, response, triggerSource } = event;
  if (triggerSource.startsWith("DefineAuthChallenge")) {
    const last = request.session.at(-1);
    if (last?.challengeResult) response.issueTokens = true;
    else if (request.session.length >= 2) response.failAuthentication = true;
    else response.challengeName = "CUSTOM_CHALLENGE";
  }
  if (triggerSource.startsWith("CreateAuthChallenge")) {
    response.publicChallengeParameters = { question: "6 x 7" };
    response.privateChallengeParameters = { answer: "forty-two" };
    response.challengeMetadata = "SUM";
  }
  if (triggerSource.startsWith("VerifyAuthChallenge"))
    response.answerCorrect = request.challengeAnswer === request.privateChallengeParameters.answer;
  return event;`;

describe("functions of a pool", () => {
  it("confirm a sign-up, or refuse it", async () => {
    const PreSignUp = await fn(`
      if (event.request.userAttributes.email?.endsWith("@bad.example")) throw new Error("Not from there");
      event.response = { autoConfirmUser: true, autoVerifyEmail: true };
      return event;`);
    const pool = await poolWith(
      { PreSignUp, PostConfirmation: PreSignUp },
      { UsernameAttributes: ["email"] },
    );
    const { idp, ClientId } = pool;
    const up = (Username: string) => idp.signUp({ ClientId, Username, Password: password });
    const { UserConfirmed, UserSub } = await up("a@good.example");
    expect(UserConfirmed).toBe(true);
    expect(claimsOf((await tokensOf(pool, "a@good.example")).IdToken)).toMatchObject({
      sub: UserSub,
      email_verified: true,
    });
    const refused = await errorOf(up("b@bad.example"));
    expect([refused.name, refused.message]).toEqual([
      "UserLambdaValidationException",
      "PreSignUp failed with error Not from there.",
    ]);
  });

  it("see a sign-in before and after, and change its tokens", async () => {
    const both = await fn(`
      if (event.triggerSource === "PreAuthentication_Authentication" && event.userName === "mallory")
        throw new Error("Not you");
      if (event.triggerSource.startsWith("TokenGeneration"))
        event.response.claimsAndScopeOverrideDetails = {
          idTokenGeneration: { claimsToAddOrOverride: { tier: "gold", sub: "forged" }, claimsToSuppress: ["email"] },
          accessTokenGeneration: { claimsToAddOrOverride: { rights: ["a", 1] }, scopesToAdd: ["orders/read"] },
          groupOverrideDetails: { groupsToOverride: ["from-function"] },
        };
      return event;`);
    const pool = await poolWith({
      PreAuthentication: both,
      PostAuthentication: both,
      PreTokenGenerationConfig: { LambdaVersion: "V2_0", LambdaArn: both },
    });
    await newUser(pool, "alice", { email: "alice@example.com" });
    await newUser(pool, "mallory");
    const { IdToken, AccessToken } = await tokensOf(pool, "alice");
    const id = claimsOf(IdToken);
    expect(id).toMatchObject({ tier: "gold", "cognito:groups": ["from-function"] });
    expect(id.email).toBeUndefined();
    expect(id.sub).not.toBe("forged");
    expect(claimsOf(AccessToken)).toMatchObject({
      rights: ["a", 1],
      scope: "aws.cognito.signin.user.admin orders/read",
    });
    expect((await errorOf(signIn(pool, "mallory"))).message).toBe(
      "PreAuthentication failed with error Not you.",
    );
  });

  it("make challenges of their own", async () => {
    const all = await fn(custom);
    const pool = await poolWith({
      DefineAuthChallenge: all,
      CreateAuthChallenge: all,
      VerifyAuthChallengeResponse: all,
    });
    const { idp, ClientId } = pool;
    await newUser(pool, "alice");
    const begin = () =>
      idp.initiateAuth({ AuthFlow: "CUSTOM_AUTH", ClientId, AuthParameters: { USERNAME: "alice" } });
    const answer = (Session: string | undefined, ANSWER: string) =>
      idp.respondToAuthChallenge({
        ClientId,
        ChallengeName: "CUSTOM_CHALLENGE",
        Session,
        ChallengeResponses: { USERNAME: "alice", ANSWER },
      });
    const asked = await begin();
    expect(asked.ChallengeParameters).toMatchObject({ question: "6 x 7" });
    expect(JSON.stringify(asked)).not.toContain("forty-two");
    const again = await answer(asked.Session, "41");
    expect(again.ChallengeName).toBe("CUSTOM_CHALLENGE");
    expect((await answer(again.Session, "forty-two")).AuthenticationResult?.AccessToken).toBeDefined();
    const wrong = await answer((await begin()).Session, "1");
    expect((await errorOf(answer(wrong.Session, "2"))).message).toBe("Incorrect username or password.");
    expect((await errorOf(answer(asked.Session, "forty-two"))).message).toBe("Invalid session for the user.");
  });

  it("know users from elsewhere, and word messages", async () => {
    const UserMigration = await fn(`
      if (event.request.password !== ${JSON.stringify(password)}) throw new Error("Bad password");
      event.response.userAttributes = { email: "old@else.example", email_verified: "true" };
      event.response.finalUserStatus = "CONFIRMED";
      return event;`);
    const CustomMessage = await fn(`
      event.response.emailSubject = "For " + event.userName;
      event.response.emailMessage = "Use " + event.request.codeParameter;
      return event;`);
    const pool = await poolWith({ UserMigration, CustomMessage });
    expect((await errorOf(signIn(pool, "old", "Wrong-password-1"))).name).toBe("UserNotFoundException");
    expect((await signIn(pool, "old")).AuthenticationResult).toBeDefined();
    await pool.idp.forgotPassword({ ClientId: pool.ClientId, Username: "old" });
    const [mail] = await mailsTo(cloudkeep, "old@else.example");
    expect([mail?.Subject, mail?.Body]).toEqual(["For old", expect.stringMatching(/^Use \d{6}$/)]);
  });

  it("must be invocable, and answer what Cognito understands", async () => {
    const nonsense = await fn('return "nonsense";');
    const pool = await poolWith({ PreAuthentication: nonsense });
    await newUser(pool, "alice");
    const odd = await errorOf(signIn(pool, "alice"));
    expect([odd.name, odd.message]).toEqual([
      "InvalidLambdaResponseException",
      "Unrecognizable lambda output",
    ]);
    const name = nonsense.slice(nonsense.lastIndexOf(":") + 1);
    await lambda.removePermission({ FunctionName: name, StatementId: "cognito" });
    const denied = await errorOf(signIn(pool, "alice"));
    expect([denied.name, denied.message]).toEqual([
      "UnexpectedLambdaException",
      "PreAuthentication invocation failed due to error AccessDeniedException.",
    ]);
  });
});
