import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newUser, password } from "../testing.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;
let pool: HostedPool;
let other: HostedPool;
/** A second client of the first pool. */
let secondClient: string;

const verifier = "v".repeat(50);
const challenge = createHash("sha256").update(verifier).digest("base64url");
const pkce = { code_challenge: challenge, code_challenge_method: "S256" };

beforeAll(async () => {
  cloudkeep = await startForTest();
  const settings = { CallbackURLs: [callback, "https://app.example.com/two?a=1", "myapp://done"] };
  pool = await hostedPool(cloudkeep, {}, settings);
  other = await hostedPool(cloudkeep);
  await newUser(pool, "ada");
  const { UserPoolClient } = await pool.idp.createUserPoolClient({
    UserPoolId: pool.UserPoolId,
    ClientName: "second",
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthFlows: ["code"],
    AllowedOAuthScopes: ["openid"],
    CallbackURLs: [callback],
    SupportedIdentityProviders: ["COGNITO"],
  });
  secondClient = UserPoolClient?.ClientId ?? "";
});
afterAll(() => cloudkeep.stop());

type Parameters = Record<string, string | undefined>;

function queryOf(more: Parameters): URLSearchParams {
  const all: Parameters = {
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid",
    state: "s",
    ...more,
  };
  return new URLSearchParams(
    Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

async function authorize(more: Parameters, raw = ""): Promise<Browser> {
  return await new Browser().open(`${pool.base}/oauth2/authorize?${queryOf(more)}${raw}`);
}

async function codeFor(more: Parameters = pkce): Promise<string> {
  const browser = await authorize(more);
  await browser.submit("password", { username: "ada", password });
  return browser.result.get("code") ?? "";
}

interface TokenAnswer {
  status: number;
  error?: string;
  access_token?: string;
  refresh_token?: string;
}

async function token(
  fields: Parameters,
  headers: Record<string, string> = {},
  base = pool.base,
): Promise<TokenAnswer> {
  const body = new URLSearchParams(
    Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const answer = await fetch(`${base}/oauth2/token`, { method: "POST", body, headers });
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return { status: answer.status, ...((await answer.json()) as object) };
}

const presented = (code: string): Parameters => ({
  grant_type: "authorization_code",
  client_id: pool.ClientId,
  code,
  redirect_uri: callback,
  code_verifier: verifier,
});

describe("nobody is sent to an address that is not the client's", () => {
  const cases: [string, Parameters, string?][] = [
    ["another host", { redirect_uri: "https://evil.example.com/callback" }],
    ["a host that begins as ours", { redirect_uri: "https://app.example.com.evil.com/callback" }],
    ["another path", { redirect_uri: `${callback}/more` }],
    ["a path that goes up", { redirect_uri: `${callback}/../evil` }],
    ["another scheme", { redirect_uri: "http://app.example.com/callback" }],
    ["another port", { redirect_uri: "https://app.example.com:8443/callback" }],
    ["a name before the host", { redirect_uri: "https://app.example.com@evil.example.com/callback" }],
    ["a further parameter", { redirect_uri: `${callback}?next=evil` }],
    ["a parameter that is missing", { redirect_uri: "https://app.example.com/two" }],
    ["a fragment", { redirect_uri: `${callback}#a` }],
    ["upper case", { redirect_uri: callback.toUpperCase() }],
    ["a backslash", { redirect_uri: "https:\\\\app.example.com\\callback" }],
    ["a space", { redirect_uri: `${callback} ` }],
    ["a line break", { redirect_uri: `${callback}\r\nset-cookie: a=b` }],
    ["a script", { redirect_uri: "javascript:alert(1)" }],
    ["an address without a scheme", { redirect_uri: "//app.example.com/callback" }],
    ["nothing", { redirect_uri: undefined }],
    ["two addresses", {}, "&redirect_uri=https%3A%2F%2Fevil.example.com"],
    ["two clients", {}, "&client_id=another"],
    ["a client that is not there", { client_id: "a".repeat(26) }],
    ["no client", { client_id: undefined }],
  ];
  it.each(cases)("%s", async (_, more, raw) => {
    for (const path of ["/oauth2/authorize", "/login", "/signup", "/forgotPassword"]) {
      const browser = await new Browser().open(`${pool.base}${path}?${queryOf(more)}${raw ?? ""}`);
      expect([browser.status, browser.left]).toEqual([400, ""]);
    }
  });

  it("a client of another pool", async () => {
    const browser = await authorize({ client_id: other.ClientId });
    expect([browser.status, browser.left]).toEqual([400, ""]);
  });

  it("who signs out", async () => {
    for (const logout_uri of ["https://evil.example.com", "https://app.example.com/bye/x", callback]) {
      const query = new URLSearchParams({ client_id: pool.ClientId, logout_uri });
      const browser = await new Browser().open(`${pool.base}/logout?${query}`);
      expect([browser.status, browser.left]).toEqual([400, ""]);
    }
  });
});

describe("an app is told of", () => {
  const cases: [string, Parameters, string, string?][] = [
    ["no response type", { response_type: undefined }, "invalid_request"],
    ["another response type", { response_type: "code token" }, "invalid_request"],
    ["an ID token alone", { response_type: "id_token" }, "invalid_request"],
    ["a flow that it has not", { response_type: "token" }, "unauthorized_client"],
    ["a scope that it has not", { scope: "openid admin" }, "invalid_scope"],
    ["a scope of users' own", { scope: "aws.cognito.signin.user.admin" }, "invalid_scope"],
    ["facts without openid", { scope: "email" }, "invalid_scope"],
    ["a plain challenge", { ...pkce, code_challenge_method: "plain" }, "invalid_request"],
    ["a challenge without a method", { code_challenge: challenge }, "invalid_request"],
    ["a method without a challenge", { code_challenge_method: "S256" }, "invalid_request"],
    ["a challenge that is too short", { ...pkce, code_challenge: "short" }, "invalid_request"],
    ["a method in lower case", { ...pkce, code_challenge_method: "s256" }, "invalid_request"],
    ["a nonce of great length", { nonce: "n".repeat(3_000) }, "invalid_request"],
    ["a user who must be asked", { prompt: "none" }, "login_required"],
    ["a provider that is not there", { identity_provider: "Nowhere" }, "invalid_request"],
  ];
  it.each(cases)("%s", async (_, more, error) => {
    const browser = await authorize(more);
    expect(browser.left.split(/[?#]/)[0]).toBe(callback);
    expect([browser.result.get("error"), browser.result.get("code")]).toEqual([error, null]);
    expect(browser.result.get("state")).toBe("s");
  });

  it.each(["state", "scope", "nonce", "response_type", "code_challenge"])(
    "nothing, of two of %s",
    async (name) => {
      const browser = await authorize(pkce, `&${name}=x&${name}=y`);
      expect([browser.status, browser.left]).toEqual([400, ""]);
    },
  );

  it("its state as it was, whatever it holds", async () => {
    const state = '"><script>&code=evil#\r\n ü';
    const browser = await authorize({ state, prompt: "none" });
    expect(browser.result.get("state")).toBe(state);
    expect(browser.result.getAll("code")).toEqual([]);
  });
});

describe("a code gives nothing", () => {
  const cases: [string, (code: string) => Parameters][] = [
    ["without a verifier", (code) => ({ ...presented(code), code_verifier: undefined })],
    ["with another verifier", (code) => ({ ...presented(code), code_verifier: "w".repeat(50) })],
    ["with the challenge as verifier", (code) => ({ ...presented(code), code_verifier: challenge })],
    ["with a short verifier", (code) => ({ ...presented(code), code_verifier: "v" })],
    [
      "with another address",
      (code) => ({ ...presented(code), redirect_uri: "https://app.example.com/two?a=1" }),
    ],
    ["without an address", (code) => ({ ...presented(code), redirect_uri: undefined })],
    ["to another client", (code) => ({ ...presented(code), client_id: secondClient })],
    ["when it is changed", (code) => presented(`${code.slice(0, -1)}${code.endsWith("A") ? "B" : "A"}`)],
    ["when there is none", () => presented("nothing")],
  ];
  it.each(cases)("%s", async (_, fields) => {
    const answer = await token(fields(await codeFor()));
    expect([answer.status, answer.error, answer.access_token]).toEqual([400, "invalid_grant", undefined]);
  });

  it("to a verifier, where no challenge was given: somebody has taken it away", async () => {
    const code = await codeFor({});
    expect((await token(presented(code))).error).toBe("invalid_grant");
    expect((await token({ ...presented(code), code_verifier: undefined })).access_token).toBeTruthy();
  });

  it("after five minutes", async () => {
    const code = await codeFor();
    await cloudkeep.clock.advance(5 * 60_000 + 1);
    expect((await token(presented(code))).error).toBe("invalid_grant");
  });

  it("in another pool", async () => {
    const fields = { ...presented(await codeFor()), client_id: other.ClientId };
    expect((await token(fields, {}, other.base)).error).toBe("invalid_grant");
    expect((await token(presented(await codeFor()), {}, other.base)).error).toBe("invalid_client");
  });

  it("the second time, and voids what came of the first", async () => {
    const code = await codeFor();
    const first = await token(presented(code));
    expect(first.access_token).toBeTruthy();
    expect((await token(presented(code))).error).toBe("invalid_grant");
    const refresh = {
      grant_type: "refresh_token",
      client_id: pool.ClientId,
      refresh_token: first.refresh_token,
    };
    expect((await token(refresh)).error).toBe("invalid_grant");
    const facts = await fetch(`${pool.base}/oauth2/userInfo`, {
      headers: { authorization: `Bearer ${first.access_token}` },
    });
    expect(facts.status).toBe(401);
    expect(facts.headers.get("www-authenticate")).toContain("invalid_token");
  });

  it("to two at once", async () => {
    const code = await codeFor();
    const answers = await Promise.all([1, 2, 3, 4].map(() => token(presented(code))));
    expect(answers.filter(({ access_token }) => access_token !== undefined).length).toBeLessThanOrEqual(1);
  });

  it("to a user who was disabled or signed out meanwhile", async () => {
    const user = { UserPoolId: pool.UserPoolId, Username: "ada" };
    const disabled = await codeFor();
    await pool.idp.adminDisableUser(user);
    expect((await token(presented(disabled))).error).toBe("invalid_grant");
    await pool.idp.adminEnableUser(user);
    const signedOut = await codeFor();
    await pool.idp.adminUserGlobalSignOut(user);
    expect((await token(presented(signedOut))).error).toBe("invalid_grant");
  });
});

describe("the token endpoint refuses", () => {
  const basic = (name: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`,
  });
  let secret: HostedPool;
  beforeAll(async () => {
    secret = await hostedPool(cloudkeep, {}, { GenerateSecret: true });
  });

  it("clients that do not prove themselves", async () => {
    const { base, ClientId, ClientSecret = "" } = secret;
    const grant = { grant_type: "authorization_code", code: "x", redirect_uri: callback };
    const refused: [Parameters, Record<string, string>][] = [
      [{ ...grant, client_id: ClientId }, {}],
      [{ ...grant, client_id: ClientId, client_secret: "wrong" }, {}],
      [grant, basic(ClientId, "wrong")],
      [grant, basic("nobody", ClientSecret)],
      [grant, { authorization: "Basic !!!" }],
      [grant, { authorization: `Bearer ${ClientSecret}` }],
    ];
    for (const [fields, headers] of refused)
      expect((await token(fields, headers, base)).error).toBe("invalid_client");
    const mixed = await token({ ...grant, client_id: pool.ClientId }, basic(ClientId, ClientSecret), base);
    expect(mixed.error).toBe("invalid_request");
    const twice = await token({ ...grant, client_secret: ClientSecret }, basic(ClientId, ClientSecret), base);
    expect(twice.error).toBe("invalid_request");
  });

  it("a secret of a client that has none", async () => {
    const fields = { ...presented("x"), client_secret: "guess" };
    expect((await token(fields)).error).toBe("invalid_client");
  });

  it("grants that it does not know, and those that the client has not", async () => {
    const client_id = pool.ClientId;
    expect((await token({ client_id, grant_type: "password" })).error).toBe("unsupported_grant_type");
    expect((await token({ client_id, grant_type: "constructor" })).error).toBe("unsupported_grant_type");
    expect((await token({ client_id })).error).toBe("invalid_request");
    expect((await token({ client_id, grant_type: "client_credentials" })).error).toBe("unauthorized_client");
    const machine = { client_id: secret.ClientId, client_secret: secret.ClientSecret };
    const refused = await token({ ...machine, grant_type: "client_credentials" }, {}, secret.base);
    expect(refused.error).toBe("unauthorized_client");
  });

  it("refresh tokens of another client, and what is none", async () => {
    const { refresh_token } = await token(presented(await codeFor()));
    const grant_type = "refresh_token";
    expect((await token({ grant_type, client_id: secondClient, refresh_token })).error).toBe("invalid_grant");
    expect((await token({ grant_type, client_id: pool.ClientId, refresh_token: "x" })).error).toBe(
      "invalid_grant",
    );
    expect((await token({ grant_type, client_id: pool.ClientId })).error).toBe("invalid_request");
  });

  it("other methods and other bodies", async () => {
    expect((await fetch(`${pool.base}/oauth2/token`)).status).toBe(405);
    const answer = await fetch(`${pool.base}/oauth2/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(presented("x")),
    });
    expect(answer.status).toBe(400);
  });
});

it("user info is for tokens of this pool with the scope openid", async () => {
  const ask = async (value: string | undefined, base = pool.base) =>
    (await fetch(`${base}/oauth2/userInfo`, { headers: value === undefined ? {} : { authorization: value } }))
      .status;
  const { access_token = "" } = await token(presented(await codeFor()));
  expect(await ask(`Bearer ${access_token}`)).toBe(200);
  expect(await ask(`Bearer ${access_token}`, other.base)).toBe(401);
  expect(await ask(`Bearer ${access_token.slice(0, -4)}AAAA`)).toBe(401);
  expect(await ask(`Basic ${access_token}`)).toBe(400);
  expect(await ask(undefined)).toBe(400);
  const byApi = await pool.idp.initiateAuth({
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId: pool.ClientId,
    AuthParameters: { USERNAME: "ada", PASSWORD: password },
  });
  expect(await ask(`Bearer ${byApi.AuthenticationResult?.AccessToken}`)).toBe(401);
});

it("domains that are not there, and pages that are not, answer 404", async () => {
  expect((await fetch(`${cloudkeep.endpoint}/_cognito/us-east-1/nobody/login`)).status).toBe(404);
  expect((await fetch(`${pool.base}/other`)).status).toBe(404);
  expect((await fetch(`${pool.base}/login?${queryOf({})}`, { method: "DELETE" })).status).toBe(405);
});

it("a session of the pages opens nothing in the API", async () => {
  await pool.idp.adminCreateUser({
    UserPoolId: pool.UserPoolId,
    Username: "new",
    TemporaryPassword: password,
    MessageAction: "SUPPRESS",
  });
  const browser = await authorize({});
  await browser.submit("password", { username: "new", password });
  const Session = /name="session" value="([^"]+)"/.exec(browser.text)?.[1] ?? "";
  const answer = await pool.idp.respondToAuthChallenge({
    ClientId: pool.ClientId,
    ChallengeName: "NEW_PASSWORD_REQUIRED",
    Session,
    ChallengeResponses: { USERNAME: "new", NEW_PASSWORD: "Another-horse-2" },
  });
  expect(answer.AuthenticationResult).toBeUndefined();
});
