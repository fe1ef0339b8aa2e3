import { codeAt, fromBase32, stepAt } from "../../src/kit/totp.ts";
import { poolKeys, signingKeys, users } from "../../src/services/cognito-idp/tables.ts";
import {
  codeTo,
  mailsTo,
  newPool,
  newUser,
  secretHash,
  type TestPool,
} from "../../src/services/cognito-idp/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import type { Store } from "../../src/storage/store.ts";

/** What must not be seen of a pool of users: all that proves something, and what it is checked against. */

type Secrets = [name: string, secret: Buffer][];

/** Signs a user up and in, with an authenticator, and refreshes; what was secret on the way. */
async function signUpAndIn(pool: TestPool, Password: string, cloudkeep: Cloudkeep): Promise<Secrets> {
  const { idp, ClientId, ClientSecret = "" } = pool;
  const email = "ada@users.example.com";
  const named = { ClientId, Username: "ada", SecretHash: secretHash(pool, "ada") };
  await idp.signUp({ ...named, Password, UserAttributes: [{ Name: "email", Value: email }] });
  await idp.confirmSignUp({ ...named, ConfirmationCode: await codeTo(cloudkeep, email) });
  const AuthParameters = { USERNAME: "ada", PASSWORD: Password, SECRET_HASH: named.SecretHash };
  const begin = () => idp.initiateAuth({ AuthFlow: "USER_PASSWORD_AUTH", ClientId, AuthParameters });
  const { AccessToken = "", IdToken = "", RefreshToken = "" } = (await begin()).AuthenticationResult ?? {};
  const { SecretCode = "" } = await idp.associateSoftwareToken({ AccessToken });
  const UserCode = codeAt(fromBase32(SecretCode), stepAt(Date.now()));
  await idp.verifySoftwareToken({ AccessToken, UserCode });
  await idp.setUserMFAPreference({ AccessToken, SoftwareTokenMfaSettings: { Enabled: true } });
  const { Session = "" } = await begin();
  const SOFTWARE_TOKEN_MFA_CODE = codeAt(fromBase32(SecretCode), stepAt(Date.now()) + 1);
  await idp.respondToAuthChallenge({
    ClientId,
    ChallengeName: "SOFTWARE_TOKEN_MFA",
    Session,
    ChallengeResponses: { USERNAME: "ada", SECRET_HASH: named.SecretHash, SOFTWARE_TOKEN_MFA_CODE },
  });
  const SRP_A = "a".repeat(700);
  const srp = await idp.initiateAuth({
    AuthFlow: "USER_SRP_AUTH",
    ClientId,
    AuthParameters: { USERNAME: "ada", SECRET_HASH: named.SecretHash, SRP_A },
  });
  await idp.getTokensFromRefreshToken({ RefreshToken, ClientId, ClientSecret });
  await idp.revokeToken({ Token: RefreshToken, ClientId, ClientSecret });
  await idp.forgotPassword(named);
  const mails = await mailsTo(cloudkeep, email);
  return [
    ["a client's secret", Buffer.from(ClientSecret)],
    ["a user's password", Buffer.from(Password)],
    ["a user's address", Buffer.from(email)],
    ["an authenticator", Buffer.from(SecretCode)],
    ["an authenticator's bytes", fromBase32(SecretCode)],
    // Headers are the same for all, and no secret.
    ["an access token", Buffer.from(AccessToken.split(".").slice(1).join("."))],
    ["an ID token", Buffer.from(IdToken.split(".").slice(1).join("."))],
    ["a refresh token", Buffer.from(RefreshToken.split(".")[3] ?? "")],
    ["a session", Buffer.from(Session.split(".")[3] ?? "")],
    ["a secret block", Buffer.from(srp.ChallengeParameters?.SECRET_BLOCK ?? "")],
    ...mails.map(({ Body }, i): Secrets[number] => [`a code's message ${i}`, Buffer.from(Body)]),
  ];
}

/** What the pool itself keeps, as it stands in rows. */
async function kept({ UserPoolId }: TestPool, store: Store): Promise<Secrets> {
  const key = ["000000000000", "us-east-1", UserPoolId] as const;
  return await store.transact(async (tx) => {
    const secrets: Secrets = [];
    const own = await poolKeys.get(tx, ...key);
    const signing = await signingKeys.get(tx, ...key);
    if (own === undefined || signing === undefined) throw new Error("The pool has no keys.");
    for (const [name, value] of Object.entries(own))
      secrets.push([`a pool's ${name} key`, Buffer.from(value, "base64")]);
    for (const [name, { privateKey }] of Object.entries(signing))
      secrets.push([`a pool's ${name} key`, Buffer.from(privateKey.split("\n").slice(8, 20).join("\n"))]);
    for (const { row } of await users.list(tx, key)) {
      secrets.push([`the verifier of ${row.username}`, Buffer.from(row.password?.verifier ?? "", "base64")]);
      secrets.push([`the salt of ${row.username}`, Buffer.from(row.password?.salt ?? "", "hex")]);
    }
    return secrets;
  });
}

export async function secretsOfUsers(cloudkeep: Cloudkeep, store: Store, canary: string): Promise<Secrets> {
  const pool = await newPool(
    cloudkeep,
    { AutoVerifiedAttributes: ["email"] },
    { GenerateSecret: true, ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"] },
  );
  await pool.idp.setUserPoolMfaConfig({
    UserPoolId: pool.UserPoolId,
    SoftwareTokenMfaConfiguration: { Enabled: true },
    MfaConfiguration: "OPTIONAL",
  });
  await newUser(pool, "bob");
  const secrets = await signUpAndIn(pool, `A-${canary}`, cloudkeep);
  return [...secrets, ...(await kept(pool, store))];
}
