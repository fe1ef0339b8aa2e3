import {
  AuthenticationDetails,
  CognitoUser,
  CognitoUserPool,
  type CognitoUserSession,
  type ICognitoStorage,
} from "amazon-cognito-identity-js";
import { JwtVerifier } from "aws-jwt-verify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import { codeAt, fromBase32, stepAt } from "../../../kit/totp.ts";
import type { Cloudkeep } from "../../../start.ts";
import {
  claimsOf,
  codeTo,
  newPool,
  newUser,
  password,
  secretHash,
  signIn,
  smsRole,
  type TestPool,
  tokensOf,
} from "../testing.ts";

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

const memory = () => {
  const items = new Map<string, string>();
  return {
    setItem: (key: string, value: string) => void items.set(key, value),
    getItem: (key: string) => items.get(key) ?? (null as unknown as string),
    removeItem: (key: string) => void items.delete(key),
    clear: () => items.clear(),
  } satisfies ICognitoStorage;
};

function clientUser({ UserPoolId, ClientId }: TestPool, Username: string, Storage = memory()): CognitoUser {
  const Pool = new CognitoUserPool({ UserPoolId, ClientId, endpoint: cloudkeep.endpoint, Storage });
  return new CognitoUser({ Username, Pool, Storage });
}

/** Signs in as apps in browsers do. */
function srp(
  user: CognitoUser,
  Username: string,
  Password = password,
  more: object = {},
): Promise<CognitoUserSession> {
  return new Promise((onSuccess, onFailure) => {
    user.authenticateUser(new AuthenticationDetails({ Username, Password }), {
      onSuccess,
      onFailure,
      ...more,
    });
  });
}

describe("sign-in by SRP, with the client that apps use", () => {
  it("gives tokens that verify against the published keys", async () => {
    const pool = await newPool(cloudkeep);
    await newUser(pool, "alice", { email: "alice@example.com" });
    const session = await srp(clientUser(pool, "alice"), "alice");
    const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${pool.UserPoolId}`;
    const jwksUri = `${cloudkeep.endpoint}/${pool.UserPoolId}/.well-known/jwks.json`;
    const jwks = (await (await fetch(jwksUri)).json()) as { keys: object[] };
    expect(jwks.keys).toHaveLength(2);
    const verifier = JwtVerifier.create({ issuer, audience: pool.ClientId, jwksUri });
    verifier.cacheJwks(jwks as never);
    const claims = await verifier.verify(session.getIdToken().getJwtToken());
    expect(claims).toMatchObject({
      token_use: "id",
      email: "alice@example.com",
      "cognito:username": "alice",
      iss: issuer,
    });
    const { AccessToken } = { AccessToken: session.getAccessToken().getJwtToken() };
    expect(claimsOf(AccessToken)).toMatchObject({
      token_use: "access",
      client_id: pool.ClientId,
      scope: "aws.cognito.signin.user.admin",
      username: "alice",
    });
    expect((await pool.idp.getUser({ AccessToken })).Username).toBe("alice");
  });

  it("refuses a wrong password as it refuses a wrong name", async () => {
    const pool = await newPool(cloudkeep, {}, { PreventUserExistenceErrors: "ENABLED" });
    await newUser(pool, "alice");
    for (const [name, secret] of [
      ["alice", "Wrong-password-1"],
      ["nobody", password],
    ] as const) {
      const error = await errorOf(srp(clientUser(pool, name), name, secret));
      expect([error.name, error.message]).toEqual([
        "NotAuthorizedException",
        "Incorrect username or password.",
      ]);
    }
  });

  it("tells who is not there only where the client says so", async () => {
    const pool = await newPool(cloudkeep);
    const error = await errorOf(srp(clientUser(pool, "nobody"), "nobody"));
    expect([error.name, error.message]).toEqual(["UserNotFoundException", "User does not exist."]);
  });

  it("takes the same name for an address, and refuses clients without the flow", async () => {
    const pool = await newPool(
      cloudkeep,
      { UsernameAttributes: ["email"], UsernameConfiguration: { CaseSensitive: false } },
      { ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH"] },
    );
    await newUser(pool, "bob@example.com");
    const session = await srp(clientUser(pool, "BOB@example.com"), "BOB@example.com");
    const claims = claimsOf(session.getIdToken().getJwtToken());
    expect(claims["cognito:username"]).toBe(claims.sub);
    const error = await errorOf(signIn(pool, "bob@example.com"));
    expect([error.name, error.message]).toEqual([
      "InvalidParameterException",
      "USER_PASSWORD_AUTH flow not enabled for this client",
    ]);
  });

  it("asks for a new password first", async () => {
    const pool = await newPool(cloudkeep);
    await pool.idp.adminCreateUser({
      UserPoolId: pool.UserPoolId,
      Username: "carol",
      TemporaryPassword: "Temporary-1",
      MessageAction: "SUPPRESS",
    });
    const user = clientUser(pool, "carol");
    const session = await new Promise<CognitoUserSession>((onSuccess, onFailure) => {
      user.authenticateUser(new AuthenticationDetails({ Username: "carol", Password: "Temporary-1" }), {
        onSuccess: () => onFailure(new Error("No new password was asked for.")),
        onFailure,
        newPasswordRequired: () => user.completeNewPasswordChallenge(password, {}, { onSuccess, onFailure }),
      });
    });
    expect(session.isValid()).toBe(true);
    const { UserStatus } = await pool.idp.adminGetUser({ UserPoolId: pool.UserPoolId, Username: "carol" });
    expect(UserStatus).toBe("CONFIRMED");
  });

  it("remembers a device, and lets it in without a second factor", async () => {
    const pool = await newPool(cloudkeep, {
      DeviceConfiguration: { ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: false },
    });
    await newUser(pool, "dave");
    const storage = memory();
    const user = clientUser(pool, "dave", storage);
    await srp(user, "dave");
    const { Devices = [] } = await pool.idp.adminListDevices({
      UserPoolId: pool.UserPoolId,
      Username: "dave",
    });
    expect(Devices).toHaveLength(1);
    const again = await srp(clientUser(pool, "dave", storage), "dave");
    expect(claimsOf(again.getAccessToken().getJwtToken()).device_key).toBe(Devices[0]?.DeviceKey);
    const after = await pool.idp.adminListDevices({ UserPoolId: pool.UserPoolId, Username: "dave" });
    expect(after.Devices).toHaveLength(1);
  });
});

describe("second factors", () => {
  it("are codes of an app that count once", async () => {
    const pool = await newPool(cloudkeep);
    await pool.idp.setUserPoolMfaConfig({
      UserPoolId: pool.UserPoolId,
      SoftwareTokenMfaConfiguration: { Enabled: true },
      MfaConfiguration: "ON",
    });
    await newUser(pool, "alice");
    const { Session, ChallengeName, ChallengeParameters } = await signIn(pool, "alice");
    expect([ChallengeName, ChallengeParameters?.MFAS_CAN_SETUP]).toEqual([
      "MFA_SETUP",
      '["SOFTWARE_TOKEN_MFA"]',
    ]);
    const made = await pool.idp.associateSoftwareToken({ Session });
    const secret = fromBase32(made.SecretCode ?? "");
    const code = () => codeAt(secret, stepAt(cloudkeep.clock.now()));
    const wrong = await errorOf(pool.idp.verifySoftwareToken({ Session: made.Session, UserCode: "000000" }));
    expect(wrong.name).toBe("EnableSoftwareTokenMFAException");
    const used = code();
    const verified = await pool.idp.verifySoftwareToken({ Session: made.Session, UserCode: used });
    const done = await pool.idp.respondToAuthChallenge({
      ClientId: pool.ClientId,
      ChallengeName: "MFA_SETUP",
      Session: verified.Session,
      ChallengeResponses: { USERNAME: "alice" },
    });
    expect(done.AuthenticationResult?.AccessToken).toBeDefined();

    const second = await signIn(pool, "alice");
    expect(second.ChallengeName).toBe("SOFTWARE_TOKEN_MFA");
    const answer = (SOFTWARE_TOKEN_MFA_CODE: string) =>
      pool.idp.respondToAuthChallenge({
        ClientId: pool.ClientId,
        ChallengeName: "SOFTWARE_TOKEN_MFA",
        Session: second.Session,
        ChallengeResponses: { USERNAME: "alice", SOFTWARE_TOKEN_MFA_CODE },
      });
    expect((await errorOf(answer(used))).message).toBe("Your software token has already been used once.");
    expect((await errorOf(answer("000000"))).name).toBe("CodeMismatchException");
    await cloudkeep.clock.advance(30_000);
    expect((await answer(code())).AuthenticationResult?.IdToken).toBeDefined();
    await cloudkeep.clock.advance(30_000);
    expect((await errorOf(answer(code()))).message).toBe("Invalid session for the user.");
  });

  it("are codes by e-mail and by text message", async () => {
    const pool = await newPool(cloudkeep, {
      SmsConfiguration: { SnsCallerArn: await smsRole(cloudkeep), ExternalId: "app" },
    });
    await pool.idp.setUserPoolMfaConfig({
      UserPoolId: pool.UserPoolId,
      EmailMfaConfiguration: {},
      SmsMfaConfiguration: { SmsConfiguration: { SnsCallerArn: await smsRole(cloudkeep, "sms2") } },
      MfaConfiguration: "OPTIONAL",
    });
    await newUser(pool, "erin", { email: "erin@example.com", phone_number: "+15551112222" });
    await pool.idp.adminSetUserMFAPreference({
      UserPoolId: pool.UserPoolId,
      Username: "erin",
      SMSMfaSettings: { Enabled: true },
      EmailMfaSettings: { Enabled: true },
    });
    const begun = await signIn(pool, "erin");
    expect(begun.ChallengeName).toBe("SELECT_MFA_TYPE");
    for (const [ANSWER, name, to] of [
      ["SMS_MFA", "SMS_MFA_CODE", "+15551112222"],
      ["EMAIL_OTP", "EMAIL_OTP_CODE", "erin@example.com"],
    ] as const) {
      const { Session } = await signIn(pool, "erin");
      const asked = await pool.idp.respondToAuthChallenge({
        ClientId: pool.ClientId,
        ChallengeName: "SELECT_MFA_TYPE",
        Session,
        ChallengeResponses: { USERNAME: "erin", ANSWER },
      });
      expect(asked.ChallengeName).toBe(ANSWER);
      const done = await pool.idp.respondToAuthChallenge({
        ClientId: pool.ClientId,
        ChallengeName: ANSWER,
        Session: asked.Session,
        ChallengeResponses: { USERNAME: "erin", [name]: await codeTo(cloudkeep, to) },
      });
      expect(done.AuthenticationResult?.AccessToken).toBeDefined();
    }
  });
});

describe("codes", () => {
  it("cannot be guessed by beginning again and again", async () => {
    const pool = await newPool(cloudkeep);
    await pool.idp.setUserPoolMfaConfig({
      UserPoolId: pool.UserPoolId,
      SoftwareTokenMfaConfiguration: { Enabled: true },
      MfaConfiguration: "OPTIONAL",
    });
    await newUser(pool, "frank");
    const { AccessToken } = await tokensOf(pool, "frank");
    const { SecretCode = "" } = await pool.idp.associateSoftwareToken({ AccessToken });
    const code = () => codeAt(fromBase32(SecretCode), stepAt(cloudkeep.clock.now()));
    await pool.idp.verifySoftwareToken({ AccessToken, UserCode: code() });
    await pool.idp.setUserMFAPreference({ AccessToken, SoftwareTokenMfaSettings: { Enabled: true } });
    await cloudkeep.clock.advance(60_000);
    const answer = async (SOFTWARE_TOKEN_MFA_CODE: string) => {
      const { Session } = await signIn(pool, "frank");
      return await pool.idp.respondToAuthChallenge({
        ClientId: pool.ClientId,
        ChallengeName: "SOFTWARE_TOKEN_MFA",
        Session,
        ChallengeResponses: { USERNAME: "frank", SOFTWARE_TOKEN_MFA_CODE },
      });
    };
    const wrong = String((Number(code()) + 1) % 1_000_000).padStart(6, "0");
    for (let i = 0; i < 5; i += 1) expect((await errorOf(answer(wrong))).name).toBe("CodeMismatchException");
    expect((await errorOf(answer(code()))).message).toBe(
      "Attempt limit exceeded, please try after some time.",
    );
    await cloudkeep.clock.advance(60_000);
    expect((await answer(code())).AuthenticationResult?.AccessToken).toBeDefined();
  });

  it("are not sent to who is not there, and nobody learns it", async () => {
    const pool = await newPool(
      cloudkeep,
      { Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } } },
      { PreventUserExistenceErrors: "ENABLED" },
    );
    const asked = await pool.idp.initiateAuth({
      AuthFlow: "USER_AUTH",
      ClientId: pool.ClientId,
      AuthParameters: { USERNAME: "nobody@example.com", PREFERRED_CHALLENGE: "EMAIL_OTP" },
    });
    expect(asked.ChallengeParameters).toMatchObject({ CODE_DELIVERY_DESTINATION: "n***@e***" });
    const answer = pool.idp.respondToAuthChallenge({
      ClientId: pool.ClientId,
      ChallengeName: "EMAIL_OTP",
      Session: asked.Session,
      ChallengeResponses: { USERNAME: "nobody@example.com", EMAIL_OTP_CODE: "00000000" },
    });
    expect((await errorOf(answer)).name).toBe("CodeMismatchException");
  });
});

describe("clients with a secret", () => {
  it("prove it with every name, and any of their secrets counts", async () => {
    const pool = await newPool(cloudkeep, {}, { GenerateSecret: true });
    const { idp, UserPoolId, ClientId } = pool;
    await newUser(pool, "alice");
    const begin = (SECRET_HASH?: string) =>
      idp.initiateAuth({
        AuthFlow: "USER_PASSWORD_AUTH",
        ClientId,
        AuthParameters: { USERNAME: "alice", PASSWORD: password, ...(SECRET_HASH && { SECRET_HASH }) },
      });
    expect((await errorOf(begin())).message).toBe(
      `Client ${ClientId} is configured with secret but SECRET_HASH was not received`,
    );
    expect((await errorOf(begin(secretHash(pool, "bob")))).message).toBe(
      `Unable to verify secret hash for client ${ClientId}`,
    );
    expect((await begin(secretHash(pool, "alice"))).AuthenticationResult).toBeDefined();
    const { ClientSecretDescriptor } = await idp.addUserPoolClientSecret({ UserPoolId, ClientId });
    const other = { ...pool, ClientSecret: ClientSecretDescriptor?.ClientSecretValue };
    expect((await begin(secretHash(other, "alice"))).AuthenticationResult).toBeDefined();
    const { ClientSecrets = [] } = await idp.listUserPoolClientSecrets({ UserPoolId, ClientId });
    expect(ClientSecrets.map(({ ClientSecretValue }) => ClientSecretValue)).toEqual([undefined, undefined]);
    await idp.deleteUserPoolClientSecret({
      UserPoolId,
      ClientId,
      ClientSecretId: ClientSecrets[0]?.ClientSecretId,
    });
    expect((await errorOf(begin(secretHash(pool, "alice")))).name).toBe("NotAuthorizedException");
  });
});

describe("refresh tokens", () => {
  it("give new tokens until they are revoked", async () => {
    const pool = await newPool(cloudkeep);
    await newUser(pool, "alice");
    const { RefreshToken, AccessToken } = await tokensOf(pool, "alice");
    const renewed = await pool.idp.initiateAuth({
      AuthFlow: "REFRESH_TOKEN_AUTH",
      ClientId: pool.ClientId,
      AuthParameters: { REFRESH_TOKEN: RefreshToken },
    });
    expect(renewed.AuthenticationResult?.RefreshToken).toBeUndefined();
    const claims = claimsOf(renewed.AuthenticationResult?.AccessToken);
    expect(claims.origin_jti).toBe(claimsOf(AccessToken).origin_jti);
    await pool.idp.revokeToken({ Token: RefreshToken, ClientId: pool.ClientId });
    expect((await errorOf(pool.idp.getUser({ AccessToken }))).message).toBe("Access Token has been revoked");
    const refused = await errorOf(
      pool.idp.getTokensFromRefreshToken({ RefreshToken, ClientId: pool.ClientId }),
    );
    expect(refused.message).toBe("Refresh Token has been revoked");
  });

  it("are used once where they are rotated, but for the grace period", async () => {
    const pool = await newPool(
      cloudkeep,
      {},
      {
        ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 10 },
      },
    );
    await newUser(pool, "alice");
    const { RefreshToken } = await tokensOf(pool, "alice");
    const rotate = (token: string) =>
      pool.idp.getTokensFromRefreshToken({ RefreshToken: token, ClientId: pool.ClientId });
    const first = await rotate(RefreshToken);
    expect(first.AuthenticationResult?.RefreshToken).not.toBe(RefreshToken);
    await rotate(RefreshToken);
    await cloudkeep.clock.advance(11_000);
    expect((await errorOf(rotate(RefreshToken))).name).toBe("NotAuthorizedException");
    await rotate(first.AuthenticationResult?.RefreshToken ?? "");
  });

  it("end with a global sign-out", async () => {
    const pool = await newPool(cloudkeep);
    await newUser(pool, "alice");
    const { RefreshToken, AccessToken } = await tokensOf(pool, "alice");
    await pool.idp.globalSignOut({ AccessToken });
    expect((await errorOf(pool.idp.getUser({ AccessToken }))).message).toBe("Access Token has been revoked");
    expect(
      (await errorOf(pool.idp.getTokensFromRefreshToken({ RefreshToken, ClientId: pool.ClientId }))).message,
    ).toBe("Refresh Token has been revoked");
    const again = await tokensOf(pool, "alice");
    expect((await pool.idp.getUser({ AccessToken: again.AccessToken })).Username).toBe("alice");
  });
});

describe("guessing", () => {
  it("locks the user for longer and longer", async () => {
    const pool = await newPool(cloudkeep);
    await newUser(pool, "alice");
    const wrong = async () => (await errorOf(signIn(pool, "alice", "Wrong-password-1"))).message;
    for (let i = 0; i < 5; i += 1) expect(await wrong()).toBe("Incorrect username or password.");
    expect(await wrong()).toBe("Password attempts exceeded");
    expect((await errorOf(signIn(pool, "alice"))).message).toBe("Password attempts exceeded");
    await cloudkeep.clock.advance(1_100);
    expect(await wrong()).toBe("Incorrect username or password.");
    await cloudkeep.clock.advance(1_100);
    expect((await errorOf(signIn(pool, "alice"))).message).toBe("Password attempts exceeded");
    await cloudkeep.clock.advance(1_000);
    expect((await signIn(pool, "alice")).AuthenticationResult).toBeDefined();
    expect(await wrong()).toBe("Incorrect username or password.");
  });
});

describe("sign-in by choice", () => {
  it("offers what the user has, and takes a code by e-mail", async () => {
    const pool = await newPool(cloudkeep, {
      Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP"] } },
    });
    await newUser(pool, "alice", { email: "choice@example.com", email_verified: "true" });
    const begun = await pool.idp.initiateAuth({
      AuthFlow: "USER_AUTH",
      ClientId: pool.ClientId,
      AuthParameters: { USERNAME: "alice" },
    });
    expect([begun.ChallengeName, begun.AvailableChallenges]).toEqual([
      "SELECT_CHALLENGE",
      ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"],
    ]);
    const asked = await pool.idp.respondToAuthChallenge({
      ClientId: pool.ClientId,
      ChallengeName: "SELECT_CHALLENGE",
      Session: begun.Session,
      ChallengeResponses: { USERNAME: "alice", ANSWER: "EMAIL_OTP" },
    });
    const done = await pool.idp.respondToAuthChallenge({
      ClientId: pool.ClientId,
      ChallengeName: "EMAIL_OTP",
      Session: asked.Session,
      ChallengeResponses: {
        USERNAME: "alice",
        EMAIL_OTP_CODE: await codeTo(cloudkeep, "choice@example.com"),
      },
    });
    expect(done.AuthenticationResult?.AccessToken).toBeDefined();
  });
});
