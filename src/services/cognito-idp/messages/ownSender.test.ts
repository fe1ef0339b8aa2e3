import { buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";
import { CreateKeyCommand, KMS, ListGrantsCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, optionsOf, policyOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
// The functions that pools ask are Lambda's: its tests know how to make some.
import { lambdaClient, lambdaRole, makeFunction } from "../../lambda/testing.ts";
import { iamUser, idpClient, mailsTo, newPool, password, smsRole, type TestPool } from "../testing.ts";

let cloudkeep: Cloudkeep;
let sender: string;
let KMSKeyID: string;

beforeAll(async () => {
  cloudkeep = await startForTest();
  const lambda = lambdaClient(cloudkeep);
  const code = "export const handler = async (event) => { console.log('EVENT ' + JSON.stringify(event)); };";
  await makeFunction(lambda, "sender", await lambdaRole(cloudkeep, "sender"), code);
  await lambda.addPermission({
    FunctionName: "sender",
    StatementId: "cognito",
    Action: "lambda:InvokeFunction",
    Principal: "cognito-idp.amazonaws.com",
  });
  sender = `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:sender`;
  KMSKeyID = await newKey();
});
afterAll(() => cloudkeep.stop());

async function newKey(Policy?: string): Promise<string> {
  const { kms } = clients(cloudkeep, cloudkeep.credentials);
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({ Policy, BypassPolicyLockoutSafetyCheck: true }),
  );
  return KeyMetadata?.Arn ?? "";
}

const senders = () => {
  const one = { LambdaVersion: "V1_0" as const, LambdaArn: sender };
  return { CustomEmailSender: one, CustomSMSSender: one, KMSKeyID };
};

interface SenderEvent {
  version: string;
  userPoolId: string;
  userName: string;
  triggerSource: string;
  callerContext: { clientId: string };
  request: {
    type: string;
    code: string;
    clientMetadata: Record<string, string> | null;
    userAttributes: Record<string, string>;
  };
}

/** What the function was handed for a pool, once there are so many events. */
async function eventsOf({ UserPoolId }: TestPool, count: number): Promise<SenderEvent[]> {
  const { logs } = clients(cloudkeep, cloudkeep.credentials);
  return await vi.waitFor(
    async () => {
      const { events = [] } = await logs.filterLogEvents({ logGroupName: "/aws/lambda/sender" });
      const said = events.flatMap(({ message = "" }) => /EVENT (\{.*\})/.exec(message)?.[1] ?? []);
      const own = said
        .map((text) => JSON.parse(text) as SenderEvent)
        .filter(({ userPoolId }) => userPoolId === UserPoolId);
      expect(own.length).toBeGreaterThanOrEqual(count);
      return own;
    },
    { timeout: 20_000, interval: 200 },
  );
}

/** As a customer's function reads a code, with AWS's own client. */
async function opened(code: string, UserPoolId: string): Promise<string> {
  const keyring = new KmsKeyringNode({
    keyIds: [KMSKeyID],
    clientProvider: () => new KMS(optionsOf(cloudkeep, cloudkeep.credentials)),
  });
  const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
  const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(code, "base64"));
  expect(messageHeader.encryptionContext).toEqual({ "userpool-id": UserPoolId });
  return plaintext.toString();
}

describe("a pool's own senders", () => {
  it("get sealed codes of sign-ups, sign-ins and passwords, and nothing is mailed", async () => {
    const pool = await newPool(cloudkeep, {
      LambdaConfig: senders(),
      AutoVerifiedAttributes: ["email"],
      Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } },
    });
    const { idp, ClientId, UserPoolId } = pool;
    await idp.signUp({
      ClientId,
      Username: "alice",
      Password: password,
      UserAttributes: [{ Name: "email", Value: "alice@own.example" }],
      ClientMetadata: { from: "app" },
    });
    const [first] = await eventsOf(pool, 1);
    expect(first).toMatchObject({
      version: "1",
      userName: "alice",
      triggerSource: "CustomEmailSender_SignUp",
      callerContext: { clientId: ClientId },
      request: {
        type: "customEmailSenderRequestV1",
        clientMetadata: { from: "app" },
        userAttributes: { email: "alice@own.example", "cognito:user_status": "UNCONFIRMED" },
      },
    });
    const code = await opened(first?.request.code ?? "", UserPoolId);
    await idp.confirmSignUp({ ClientId, Username: "alice", ConfirmationCode: code });
    await idp.forgotPassword({ ClientId, Username: "alice" });
    await idp.initiateAuth({
      AuthFlow: "USER_AUTH",
      ClientId,
      AuthParameters: { USERNAME: "alice", PREFERRED_CHALLENGE: "EMAIL_OTP" },
    });
    await idp.adminCreateUser({
      UserPoolId,
      Username: "bob",
      TemporaryPassword: 'A<b>&c"1234',
      DesiredDeliveryMediums: ["EMAIL"],
      UserAttributes: [{ Name: "email", Value: "bob@own.example" }],
    });
    const events = await eventsOf(pool, 4);
    const bySource = new Map(events.map((event) => [event.triggerSource, event]));
    expect([...bySource.keys()].sort()).toEqual([
      "CustomEmailSender_AdminCreateUser",
      "CustomEmailSender_Authentication",
      "CustomEmailSender_ForgotPassword",
      "CustomEmailSender_SignUp",
    ]);
    const invited = bySource.get("CustomEmailSender_AdminCreateUser");
    expect(invited?.callerContext.clientId).toBe("CLIENT_ID_NOT_APPLICABLE");
    expect(await opened(invited?.request.code ?? "", UserPoolId)).toBe("A&lt;b&gt;&amp;c&quot;1234");
    expect(await mailsTo(cloudkeep, "alice@own.example")).toEqual([]);
    expect(await mailsTo(cloudkeep, "bob@own.example")).toEqual([]);
  });

  it("get text messages and codes for attributes", async () => {
    const pool = await newPool(cloudkeep, {
      LambdaConfig: senders(),
      AutoVerifiedAttributes: ["email", "phone_number"],
      SmsConfiguration: { SnsCallerArn: await smsRole(cloudkeep, "own-sms") },
    });
    const { idp, ClientId, UserPoolId } = pool;
    const UserAttributes = [{ Name: "phone_number", Value: "+15555550123" }];
    await idp.signUp({ ClientId, Username: "carol", Password: password, UserAttributes });
    await idp.resendConfirmationCode({ ClientId, Username: "carol" });
    await idp.adminConfirmSignUp({ UserPoolId, Username: "carol" });
    const { AuthenticationResult } = await idp.initiateAuth({
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId,
      AuthParameters: { USERNAME: "carol", PASSWORD: password },
    });
    const AccessToken = AuthenticationResult?.AccessToken;
    const email = { Name: "email", Value: "carol@own.example" };
    await idp.updateUserAttributes({ AccessToken, UserAttributes: [email] });
    await idp.getUserAttributeVerificationCode({ AccessToken, AttributeName: "phone_number" });
    const events = await eventsOf(pool, 4);
    expect(events.map(({ triggerSource }) => triggerSource).sort()).toEqual([
      "CustomEmailSender_UpdateUserAttribute",
      "CustomSMSSender_ResendCode",
      "CustomSMSSender_SignUp",
      "CustomSMSSender_VerifyUserAttribute",
    ]);
    const last = events.find(({ triggerSource }) => triggerSource === "CustomSMSSender_VerifyUserAttribute");
    expect(last?.request.type).toBe("customSMSSenderRequestV1");
    const code = await opened(last?.request.code ?? "", UserPoolId);
    await idp.verifyUserAttribute({ AccessToken, AttributeName: "phone_number", Code: code });
    expect(await mailsTo(cloudkeep, "+15555550123")).toEqual([]);
  });

  it("work by a grant, which whoever sets the pool must be able to make", async () => {
    const root = `arn:aws:iam::${cloudkeep.accountId}:root`;
    const grantsOf = async (KeyId: string) => {
      const { kms } = clients(cloudkeep, cloudkeep.credentials);
      const { Grants = [] } = await kms.send(new ListGrantsCommand({ KeyId }));
      return Grants.map(({ GranteePrincipal, Constraints }) => ({ GranteePrincipal, Constraints }));
    };
    const credentials = await iamUser(cloudkeep, "setter", { Action: "cognito-idp:*", Resource: "*" });
    const setter = idpClient(cloudkeep, credentials);
    const mine = { PoolName: "mine", LambdaConfig: senders() };
    const denied = await errorOf(setter.createUserPool(mine));
    expect([denied.name, denied.message]).toEqual([
      "AccessDeniedException",
      expect.stringContaining("kms:CreateGrant"),
    ]);
    // The policy that AWS's page gives: Cognito itself may make the grant.
    const policy = JSON.parse(policyOf({ Principal: { AWS: root }, Action: "kms:*", Resource: "*" })) as {
      Statement: object[];
    };
    policy.Statement.push({
      Effect: "Allow",
      Principal: { Service: "cognito-idp.amazonaws.com" },
      Action: "kms:CreateGrant",
      Resource: "*",
      Condition: { StringEquals: { "aws:SourceAccount": cloudkeep.accountId } },
    });
    const key = await newKey(JSON.stringify(policy));
    const LambdaConfig = { ...senders(), KMSKeyID: key };
    const { UserPool } = await setter.createUserPool({ ...mine, LambdaConfig });
    expect(await grantsOf(key)).toEqual([
      {
        GranteePrincipal: "cognito-idp.amazonaws.com",
        Constraints: { EncryptionContextSubset: { "userpool-id": UserPool?.Id } },
      },
    ]);
    await setter.updateUserPool({ UserPoolId: UserPool?.Id });
    expect(await grantsOf(key)).toEqual([]);
  });
});
