import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { mailsTo, newPool, newUser, password, signIn } from "../testing.ts";

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

const watching = (AdvancedSecurityMode: "AUDIT" | "ENFORCED") =>
  newPool(cloudkeep, { UserPoolAddOns: { AdvancedSecurityMode }, UserPoolTier: "PLUS" });
const blocking = { Actions: { EventAction: "BLOCK" as const } };
const common = "Password1!";

describe("a pool that watches", () => {
  it("refuses passwords that everybody knows", async () => {
    const pool = await watching("ENFORCED");
    const { idp, UserPoolId, ClientId } = pool;
    await newUser(pool, "alice");
    await idp.adminSetUserPassword({ UserPoolId, Username: "alice", Password: common, Permanent: true });
    expect((await signIn(pool, "alice", common)).AuthenticationResult).toBeDefined();
    await idp.setRiskConfiguration({ UserPoolId, CompromisedCredentialsRiskConfiguration: blocking });
    expect((await errorOf(signIn(pool, "alice", common))).name).toBe("PasswordResetRequiredException");
    const up = await errorOf(idp.signUp({ ClientId, Username: "bob", Password: common }));
    expect([up.name, up.message]).toEqual([
      "InvalidPasswordException",
      "Provided password cannot be used for security reasons.",
    ]);
    await idp.signUp({ ClientId, Username: "bob", Password: password });
    const { RiskConfiguration } = await idp.describeRiskConfiguration({ UserPoolId });
    expect(RiskConfiguration?.CompromisedCredentialsRiskConfiguration).toEqual(blocking);
  });

  it("notes who signed in and who failed to, and takes what an administrator makes of it", async () => {
    const pool = await watching("AUDIT");
    const { idp, UserPoolId } = pool;
    const named = { UserPoolId, Username: "alice" };
    await newUser(pool, "alice");
    await errorOf(signIn(pool, "alice", "Wrong-password-1"));
    await signIn(pool, "alice");
    const events = await vi.waitFor(async () => {
      const { AuthEvents = [] } = await idp.adminListUserAuthEvents(named);
      expect(AuthEvents).toHaveLength(2);
      return AuthEvents;
    });
    expect(
      events.map(({ EventResponse, ChallengeResponses }) => [EventResponse, ChallengeResponses?.[0]]),
    ).toEqual(
      expect.arrayContaining([
        ["Pass", { ChallengeName: "Password", ChallengeResponse: "Success" }],
        ["Fail", { ChallengeName: "Password", ChallengeResponse: "Failure" }],
      ]),
    );
    await idp.adminUpdateAuthEventFeedback({
      ...named,
      EventId: events[0]?.EventId,
      FeedbackValue: "Invalid",
    });
    const { AuthEvents = [] } = await idp.adminListUserAuthEvents({ ...named, MaxResults: 1 });
    expect(AuthEvents[0]?.EventFeedback?.FeedbackValue).toBe("Invalid");
  });

  it("keeps addresses out", async () => {
    const pool = await watching("ENFORCED");
    const { idp, UserPoolId, ClientId } = pool;
    await newUser(pool, "alice");
    const block = (range: string) =>
      idp.setRiskConfiguration({
        UserPoolId,
        ClientId,
        RiskExceptionConfiguration: { BlockedIPRangeList: [range] },
      });
    expect((await errorOf(block("nonsense"))).name).toBe("InvalidParameterException");
    await block("127.0.0.0/8");
    expect((await errorOf(signIn(pool, "alice"))).message).toContain("security reasons");
    await block("192.0.2.0/24");
    expect((await signIn(pool, "alice")).AuthenticationResult).toBeDefined();
  });
});

it("users hear of a sign-in that was kept out, and say what they think of it", async () => {
  const pool = await watching("ENFORCED");
  const { idp, UserPoolId } = pool;
  const named = { UserPoolId, Username: "alice" };
  await newUser(pool, "alice", { email: "alice@risk.example", email_verified: "true" });
  await newUser(pool, "bob", { email: "bob@risk.example" });
  await idp.setRiskConfiguration({
    UserPoolId,
    RiskExceptionConfiguration: { BlockedIPRangeList: ["127.0.0.0/8"] },
    AccountTakeoverRiskConfiguration: {
      NotifyConfiguration: {
        SourceArn: `arn:aws:ses:us-east-1:${cloudkeep.accountId}:identity/risk.example`,
        From: "security@risk.example",
        BlockEmail: {
          Subject: "Was it you?",
          TextBody: "{username} {ip-address} {event-id} {feedback-token}",
        },
      },
      Actions: { HighAction: { Notify: true, EventAction: "BLOCK" } },
    },
  });
  await errorOf(signIn(pool, "alice"));
  await errorOf(signIn(pool, "bob"));
  const mail = await vi.waitFor(async () => {
    const [one] = await mailsTo(cloudkeep, "alice@risk.example");
    expect(one).toMatchObject({ Subject: "Was it you?", Body: expect.stringContaining("alice 127.0.0.1") });
    return one;
  });
  const [, , EventId, FeedbackToken = ""] = mail?.Body.split(" ") ?? [];
  const nobody = new CognitoIdentityProvider({ endpoint: cloudkeep.endpoint, region: "us-east-1" });
  const say = (more: object) =>
    nobody.updateAuthEventFeedback({ ...named, EventId, FeedbackToken, FeedbackValue: "Invalid", ...more });
  for (const forged of [
    { FeedbackToken: `${FeedbackToken.slice(0, -2)}AA` },
    { EventId: "11111111-1111-4111-8111-111111111111" },
    { Username: "bob" },
  ])
    expect((await errorOf(say(forged))).name).toBe("NotAuthorizedException");
  await say({});
  const { AuthEvents = [] } = await idp.adminListUserAuthEvents(named);
  expect(AuthEvents[0]).toMatchObject({
    EventId,
    EventRisk: { RiskDecision: "Block" },
    EventFeedback: { FeedbackValue: "Invalid", Provider: "User" },
  });
  // An address that nobody has proven is told nothing.
  expect(await mailsTo(cloudkeep, "bob@risk.example")).toEqual([]);
});

it("a pool that does not watch says so", async () => {
  const { idp, UserPoolId } = await newPool(cloudkeep);
  expect((await errorOf(idp.setRiskConfiguration({ UserPoolId }))).name).toBe(
    "UserPoolAddOnNotEnabledException",
  );
});
