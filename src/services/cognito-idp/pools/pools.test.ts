import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, optionsOf, policyOf } from "../../../../test/harness.ts";
import { type Cloudkeep, start } from "../../../start.ts";
import { MemoryStore } from "../../../storage/memory.ts";
import { idpClient, newPool, newUser, password, signIn, smsRole } from "../testing.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let idp: ReturnType<typeof idpClient>;
beforeAll(async () => {
  cloudkeep = await start({ store });
  idp = idpClient(cloudkeep);
});
afterAll(() => cloudkeep.stop());

describe("a user pool", () => {
  it("has AWS's defaults", async () => {
    const { UserPool } = await idp.createUserPool({ PoolName: "plain" });
    expect(UserPool).toMatchObject({
      Id: expect.stringMatching(/^us-east-1_[0-9A-Za-z]{9}$/),
      Arn: `arn:aws:cognito-idp:us-east-1:${cloudkeep.accountId}:userpool/${UserPool?.Id}`,
      MfaConfiguration: "OFF",
      EstimatedNumberOfUsers: 0,
      DeletionProtection: "INACTIVE",
      UserPoolTier: "ESSENTIALS",
      Policies: {
        PasswordPolicy: {
          MinimumLength: 8,
          RequireUppercase: true,
          RequireLowercase: true,
          RequireNumbers: true,
          RequireSymbols: true,
          TemporaryPasswordValidityDays: 7,
        },
        SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD"] },
      },
      AccountRecoverySetting: {
        RecoveryMechanisms: [
          { Priority: 1, Name: "verified_email" },
          { Priority: 2, Name: "verified_phone_number" },
        ],
      },
    });
    expect(UserPool?.SchemaAttributes).toHaveLength(21);
    const described = await idp.describeUserPool({ UserPoolId: UserPool?.Id });
    expect(described.UserPool).toEqual(UserPool);
  });

  it("is updated as a whole, listed, tagged, protected and deleted", async () => {
    const { UserPoolId, ClientId } = await newPool(cloudkeep, {
      DeletionProtection: "ACTIVE",
      UserPoolTags: { team: "a" },
      AutoVerifiedAttributes: ["email"],
    });
    const ResourceArn = `arn:aws:cognito-idp:us-east-1:${cloudkeep.accountId}:userpool/${UserPoolId}`;
    await idp.tagResource({ ResourceArn, Tags: { stage: "test" } });
    await idp.untagResource({ ResourceArn, TagKeys: ["team"] });
    expect((await idp.listTagsForResource({ ResourceArn })).Tags).toEqual({ stage: "test" });
    expect((await errorOf(idp.deleteUserPool({ UserPoolId }))).message).toContain("deletion protection");
    await idp.updateUserPool({ UserPoolId, EmailVerificationSubject: "Hello" });
    const { UserPool } = await idp.describeUserPool({ UserPoolId });
    expect(UserPool?.AutoVerifiedAttributes).toBeUndefined();
    expect(UserPool?.VerificationMessageTemplate?.EmailSubject).toBe("Hello");
    const pages: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await idp.listUserPools({ MaxResults: 1, NextToken });
      pages.push(...(page.UserPools ?? []).map(({ Id }) => Id));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(pages).toContain(UserPoolId);
    await idp.deleteUserPool({ UserPoolId });
    expect((await errorOf(idp.describeUserPool({ UserPoolId }))).message).toBe(
      `User pool ${UserPoolId} does not exist.`,
    );
    const gone = await errorOf(
      idp.initiateAuth({
        AuthFlow: "USER_PASSWORD_AUTH",
        ClientId,
        AuthParameters: { USERNAME: "a", PASSWORD: "b" },
      }),
    );
    expect(gone.message).toBe(`User pool client ${ClientId} does not exist.`);
  });

  it("takes attributes of its own", async () => {
    const { UserPoolId } = await newPool(cloudkeep, {
      Schema: [{ Name: "tenant", AttributeDataType: "String" }],
    });
    const add = (Name: string, more: object = {}) =>
      idp.addCustomAttributes({
        UserPoolId,
        CustomAttributes: [{ Name, AttributeDataType: "String", ...more }],
      });
    await add("level", { DeveloperOnlyAttribute: true });
    expect((await errorOf(add("tenant"))).message).toContain(
      "Existing attribute already has name custom:tenant",
    );
    expect((await errorOf(add("must", { Required: true }))).message).toBe(
      "Required custom attributes are not supported currently.",
    );
    const { UserPool } = await idp.describeUserPool({ UserPoolId });
    const names = UserPool?.SchemaAttributes?.map(({ Name }) => Name);
    expect(names).toEqual(expect.arrayContaining(["custom:tenant", "dev:custom:level"]));
  });

  it("refuses settings that contradict each other", async () => {
    const refused = async (settings: object) =>
      (await errorOf(idp.createUserPool({ PoolName: "odd", ...settings }))).message;
    expect(await refused({ AliasAttributes: ["email"], UsernameAttributes: ["email"] })).toContain(
      "Only one of",
    );
    expect(await refused({ MfaConfiguration: "ON" })).toContain("SMS configuration");
    expect(
      await refused({ SmsConfiguration: { SnsCallerArn: `arn:aws:iam::${cloudkeep.accountId}:role/none` } }),
    ).toBe("Role does not have a trust relationship allowing Cognito to assume the role");
    expect(await refused({ PoolName: "x".repeat(200) })).toMatch(/^1 validation error detected: Value/);
  });

  it("has second factors set in two ways", async () => {
    const SmsConfiguration = { SnsCallerArn: await smsRole(cloudkeep) };
    const { UserPoolId } = await newPool(cloudkeep);
    await idp.updateUserPool({ UserPoolId, SmsConfiguration, MfaConfiguration: "OPTIONAL" });
    expect((await idp.getUserPoolMfaConfig({ UserPoolId })).SmsMfaConfiguration).toEqual({
      SmsConfiguration,
    });
    await idp.setUserPoolMfaConfig({
      UserPoolId,
      SoftwareTokenMfaConfiguration: { Enabled: true },
      MfaConfiguration: "ON",
    });
    await idp.setUserPoolMfaConfig({ UserPoolId, WebAuthnConfiguration: { RelyingPartyId: "example.com" } });
    expect(await idp.getUserPoolMfaConfig({ UserPoolId })).toMatchObject({
      MfaConfiguration: "ON",
      SoftwareTokenMfaConfiguration: { Enabled: true },
      WebAuthnConfiguration: { RelyingPartyId: "example.com" },
    });
    const off = errorOf(idp.setUserPoolMfaConfig({ UserPoolId, MfaConfiguration: "ON" }));
    expect((await off).message).toContain("without any MFA method");
  });

  it("is of one account and Region alone", async () => {
    const { UserPoolId } = await newPool(cloudkeep);
    const elsewhere = idpClient(cloudkeep, cloudkeep.credentials, "eu-west-1");
    expect((await errorOf(elsewhere.describeUserPool({ UserPoolId }))).name).toBe(
      "ResourceNotFoundException",
    );
    const { UserPool } = await elsewhere.createUserPool({ PoolName: "abroad" });
    const { UserPoolClient } = await elsewhere.createUserPoolClient({
      UserPoolId: UserPool?.Id,
      ClientName: "app",
      ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH"],
    });
    const abroad = {
      idp: elsewhere,
      UserPoolId: UserPool?.Id ?? "",
      ClientId: UserPoolClient?.ClientId ?? "",
    };
    await newUser({ ...abroad, ClientSecret: undefined }, "alice");
    // A call that is not signed finds the pool by its client, whatever the Region of the asker.
    const answer = await signIn({ ...abroad, idp, ClientSecret: undefined }, "alice");
    expect(answer.AuthenticationResult?.AccessToken).toBeDefined();
  });

  it("is guarded by policies, by ARN and tag", async () => {
    const root = clients(cloudkeep, cloudkeep.credentials);
    const { UserPoolId } = await newPool(cloudkeep, { UserPoolTags: { team: "blue" } });
    const other = await newPool(cloudkeep, { UserPoolTags: { team: "red" } });
    await root.iam.send(new CreateUserCommand({ UserName: "blue" }));
    const PolicyDocument = policyOf({
      Action: "cognito-idp:*",
      Resource: "*",
      Condition: { StringEquals: { "aws:ResourceTag/team": "blue" } },
    });
    await root.iam.send(new PutUserPolicyCommand({ UserName: "blue", PolicyName: "p", PolicyDocument }));
    const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: "blue" }));
    const blue = idpClient(cloudkeep, credentialsOf(AccessKey));
    await blue.listUsers({ UserPoolId });
    expect((await errorOf(blue.listUsers({ UserPoolId: other.UserPoolId }))).name).toBe(
      "AccessDeniedException",
    );
  });
});

describe("clients", () => {
  it("refuse settings that do not go together", async () => {
    const { UserPoolId } = await newPool(cloudkeep);
    const refused = async (settings: object) =>
      (await errorOf(idp.createUserPoolClient({ UserPoolId, ClientName: "odd", ...settings }))).message;
    expect(await refused({ AccessTokenValidity: 4, TokenValidityUnits: { AccessToken: "minutes" } })).toBe(
      "Invalid range for token validity.",
    );
    expect(await refused({ ReadAttributes: ["custom:none"] })).toContain("Invalid read attributes");
    expect(await refused({ WriteAttributes: ["email_verified"] })).toContain("Invalid write attributes");
    expect(await refused({ ExplicitAuthFlows: ["ALLOW_USER_AUTH", "USER_PASSWORD_AUTH"] })).toContain(
      "combine",
    );
    expect(await refused({ AllowedOAuthFlowsUserPoolClient: true })).toContain("AllowedOAuthFlows");
  });

  it("show users what they may read, and no more", async () => {
    const pool = await newPool(cloudkeep, {}, { ReadAttributes: ["name"], WriteAttributes: ["name"] });
    await newUser(pool, "alice", { name: "Alice", email: "alice@example.com" });
    const { AuthenticationResult } = await signIn(pool, "alice");
    const { AccessToken } = AuthenticationResult ?? {};
    const { UserAttributes = [] } = await idp.getUser({ AccessToken });
    expect(UserAttributes.map(({ Name }) => Name)).toEqual(["sub", "name"]);
    const write = errorOf(
      idp.updateUserAttributes({ AccessToken, UserAttributes: [{ Name: "email", Value: "x@y.zz" }] }),
    );
    expect((await write).message).toBe("A client attempted to write unauthorized attribute");
  });
});

describe("the record", () => {
  it("shows clients and subs, and nothing personal or secret", async () => {
    const pool = await newPool(cloudkeep, { AutoVerifiedAttributes: ["email"] });
    const { ClientId, UserPoolId } = pool;
    const UserAttributes = [{ Name: "email", Value: "secret-person@example.com" }];
    await idp.signUp({ ClientId, Username: "secret-person", Password: password, UserAttributes });
    await idp.adminConfirmSignUp({ UserPoolId, Username: "secret-person" });
    const { AuthenticationResult } = await signIn(pool, "secret-person");
    await errorOf(signIn(pool, "secret-person", "Wrong-password-1"));
    await idp.listUsers({ UserPoolId, Filter: 'email = "secret-person@example.com"' });
    const { Events = [] } = await new CloudTrailClient(optionsOf(cloudkeep, cloudkeep.credentials)).send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: "EventSource", AttributeValue: "cognito-idp.amazonaws.com" }],
      }),
    );
    const { entries } = await store.log("record").read({ from: 0, terms: [], limit: 10_000 });
    expect(entries.filter(({ text: entry }) => entry.includes("secret-person"))).toEqual([]);
    const events = Events.map(({ CloudTrailEvent = "{}" }) => JSON.parse(CloudTrailEvent));
    const wrong = events.find(({ eventName, errorCode }) => eventName === "InitiateAuth" && errorCode);
    expect(wrong).toMatchObject({
      userIdentity: { type: "Unknown", principalId: "Anonymous" },
      errorCode: "NotAuthorizedException",
      errorMessage: "Incorrect username or password.",
      requestParameters: {
        authFlow: "USER_PASSWORD_AUTH",
        authParameters: "HIDDEN_DUE_TO_SECURITY_REASONS",
        clientId: ClientId,
      },
      additionalEventData: { sub: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      recipientAccountId: cloudkeep.accountId,
    });
    const text = JSON.stringify(events);
    for (const secret of [
      "secret-person",
      password,
      AuthenticationResult?.AccessToken ?? "",
      "Wrong-password-1",
    ])
      expect(text).not.toContain(secret);
    // Keys of rows are in the clear: nothing personal may stand in one.
    const rows = await store.transact((tx) => tx.range("cognito-idp/", "cognito-idp0"));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(([key]) => key.includes("secret-person"))).toEqual([]);
  });
});
