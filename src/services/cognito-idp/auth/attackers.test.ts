import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import { codeAt, fromBase32, stepAt } from "../../../kit/totp.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newPool, newUser, password, secretHash, type TestPool } from "../testing.ts";

/** Whoever knows something of a user's secrets, but not all. SRP is in `srp.test.ts`, tokens in `tokens/hostile.test.ts`. */

let cloudkeep: Cloudkeep;
let pool: TestPool;
let secret: Buffer;

beforeAll(async () => {
  cloudkeep = await startForTest();
  pool = await newPool(cloudkeep, {}, { GenerateSecret: true });
  const { idp, UserPoolId } = pool;
  await newUser(pool, "plain");
  await newUser(pool, "alice", { email: "alice@example.com", email_verified: "true" });
  await idp.setUserPoolMfaConfig({
    UserPoolId,
    SoftwareTokenMfaConfiguration: { Enabled: true },
    MfaConfiguration: "OPTIONAL",
  });
  const { AuthenticationResult } = await begin("alice");
  const AccessToken = AuthenticationResult?.AccessToken;
  const { SecretCode = "" } = await idp.associateSoftwareToken({ AccessToken });
  secret = fromBase32(SecretCode);
  await idp.verifySoftwareToken({ AccessToken, UserCode: code() });
  await idp.setUserMFAPreference({ AccessToken, SoftwareTokenMfaSettings: { Enabled: true } });
});
afterAll(() => cloudkeep.stop());
// Whoever has guessed wrong too often is locked out; and codes are good once.
beforeEach(() => cloudkeep.clock.advance(3_600_000));

const code = (steps = 0) => codeAt(secret, stepAt(cloudkeep.clock.now()) + steps);

const begin = (USERNAME: string, PASSWORD = password, SECRET_HASH = secretHash(pool, USERNAME)) =>
  pool.idp.initiateAuth({
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId: pool.ClientId,
    AuthParameters: { USERNAME, PASSWORD, SECRET_HASH },
  });

async function prove(
  SOFTWARE_TOKEN_MFA_CODE: string,
  { session, hash = secretHash(pool, "alice") }: { session?: string | undefined; hash?: string } = {},
) {
  return await pool.idp.respondToAuthChallenge({
    ClientId: pool.ClientId,
    ChallengeName: "SOFTWARE_TOKEN_MFA",
    Session: session ?? (await begin("alice")).Session,
    ChallengeResponses: { USERNAME: "alice", SECRET_HASH: hash, SOFTWARE_TOKEN_MFA_CODE },
  });
}

describe("a password", () => {
  it.each([
    ["of another user", "Another-horse-1"],
    ["in small letters", password.toLowerCase()],
    ["with a space behind it", `${password} `],
    ["with a zero behind it", `${password}\0`],
    ["cut", password.slice(0, -1)],
    ["composed otherwise", `${password}\u0301`],
    ["of 256 characters", password.padEnd(256, "x")],
  ])("%s is wrong, by every flow that takes one", async (_, given) => {
    const { idp, ClientId, UserPoolId } = pool;
    const AuthParameters = { USERNAME: "plain", PASSWORD: given, SECRET_HASH: secretHash(pool, "plain") };
    const begun = await idp.initiateAuth({ AuthFlow: "USER_AUTH", ClientId, AuthParameters });
    for (const attempt of [
      () => begin("plain", given),
      () =>
        idp.adminInitiateAuth({ AuthFlow: "ADMIN_USER_PASSWORD_AUTH", UserPoolId, ClientId, AuthParameters }),
      () =>
        idp.respondToAuthChallenge({
          ClientId,
          ChallengeName: "SELECT_CHALLENGE",
          Session: begun.Session,
          ChallengeResponses: { ...AuthParameters, ANSWER: "PASSWORD" },
        }),
    ])
      expect((await errorOf(attempt())).message).toBe("Incorrect username or password.");
  });
});

describe("a code of an authenticator", () => {
  it.each([
    ["that is wrong", () => String((Number(code()) + 1) % 1_000_000).padStart(6, "0")],
    ["of two steps before", () => code(-2)],
    ["of two steps after", () => code(2)],
    ["of an hour before", () => code(-120)],
    ["of another length", () => codeAt(secret, stepAt(cloudkeep.clock.now()), 8)],
    ["of no digits", () => "abcdef"],
    ["in other digits", () => code().replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))],
    ["that is empty", () => ""],
  ])("%s is refused", async (_, make) => {
    expect((await errorOf(prove(make()))).name).toMatch(
      /^(?:CodeMismatchException|InvalidParameterException)$/,
    );
  });

  it("counts once, in whatever session, and with it those before", async () => {
    const [before, now] = [code(-1), code()];
    expect((await prove(now)).AuthenticationResult).toBeDefined();
    for (const used of [now, before])
      expect((await errorOf(prove(used))).message).toBe("Your software token has already been used once.");
  });

  it("counts once where it comes twice at the same time", async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(async () => (await begin("alice")).Session));
    const all = await Promise.allSettled(sessions.map((session) => prove(code(), { session })));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("does not go with a session that is spent, cut, changed or of another client", async () => {
    const { Session = "" } = await begin("alice");
    const parts = Session.split(".");
    const flipped = [...parts.slice(0, 3), `A${(parts[3] ?? "").slice(1)}`, parts[4]].join(".");
    const { UserPoolClient } = await pool.idp.createUserPoolClient({
      UserPoolId: pool.UserPoolId,
      ClientName: "other",
    });
    const elsewhere = () =>
      pool.idp.respondToAuthChallenge({
        ClientId: UserPoolClient?.ClientId,
        ChallengeName: "SOFTWARE_TOKEN_MFA",
        Session,
        ChallengeResponses: { USERNAME: "alice", SOFTWARE_TOKEN_MFA_CODE: code() },
      });
    for (const attempt of [
      () => prove(code(), { session: flipped }),
      () => prove(code(), { session: Session.slice(0, -2) }),
      elsewhere,
    ])
      expect((await errorOf(attempt())).message).toMatch(/^Invalid session for the user/);
    await prove(code(), { session: Session });
    expect((await errorOf(prove(code(1), { session: Session }))).message).toBe(
      "Invalid session for the user.",
    );
  });
});

describe("without the client's secret", () => {
  const unable = () => `Unable to verify secret hash for client ${pool.ClientId}`;
  const missing = () => `Client ${pool.ClientId} is configured with secret but SECRET_HASH was not received`;

  type Attempt = (SecretHash?: string) => Promise<unknown>;
  const attempts: [what: string, attempt: Attempt][] = [
    ["signs up", (SecretHash) => pool.idp.signUp({ ...named(SecretHash), Password: password })],
    ["confirms", (SecretHash) => pool.idp.confirmSignUp({ ...named(SecretHash), ConfirmationCode: "1" })],
    ["is sent a code", (SecretHash) => pool.idp.resendConfirmationCode(named(SecretHash))],
    ["forgets a password", (SecretHash) => pool.idp.forgotPassword(named(SecretHash))],
    [
      "chooses a new password",
      (SecretHash) =>
        pool.idp.confirmForgotPassword({ ...named(SecretHash), ConfirmationCode: "1", Password: password }),
    ],
    ["signs in", (SecretHash = "") => begin("alice", password, SecretHash)],
    [
      "begins by SRP",
      (SECRET_HASH = "") =>
        pool.idp.initiateAuth({
          AuthFlow: "USER_SRP_AUTH",
          ClientId: pool.ClientId,
          AuthParameters: { USERNAME: "alice", SRP_A: "5", SECRET_HASH },
        }),
    ],
    ["answers a challenge", async (hash = "") => prove(code(), { hash })],
  ];
  const named = (SecretHash: string | undefined) => ({
    ClientId: pool.ClientId,
    Username: "alice",
    ...(SecretHash !== undefined && { SecretHash }),
  });

  it.each(attempts)("nobody %s", async (_, attempt) => {
    const right = secretHash(pool, "alice");
    for (const hash of [
      secretHash(pool, "bob"),
      secretHash({ ...pool, ClientSecret: "guessed" }, "alice"),
      right.slice(0, -4),
      `${right}AAAA`,
      right.toLowerCase(),
      Buffer.from(right, "base64").toString("hex"),
    ])
      expect((await errorOf(attempt(hash))).message).toBe(unable());
    expect((await errorOf(attempt())).message).toMatch(new RegExp(`^(?:${missing()}|${unable()})$`));
  });

  it("nobody refreshes or revokes", async () => {
    const { AuthenticationResult } = await begin("plain");
    const RefreshToken = AuthenticationResult?.RefreshToken;
    const { idp, ClientId } = pool;
    for (const ClientSecret of [undefined, "guessed".repeat(5), `${pool.ClientSecret}x`]) {
      const input = { RefreshToken, ClientId, ...(ClientSecret && { ClientSecret }) };
      expect((await errorOf(idp.getTokensFromRefreshToken(input))).name).toBe("NotAuthorizedException");
      const revoked = idp.revokeToken({
        Token: RefreshToken,
        ClientId,
        ...(ClientSecret && { ClientSecret }),
      });
      expect((await errorOf(revoked)).name).toMatch(/^(?:NotAuthorized|Unauthorized)Exception$/);
    }
  });
});
