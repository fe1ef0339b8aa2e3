import { request } from "node:http";
import * as openid from "openid-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { claimsOf, idpClient, newUser, password } from "../testing.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;
let pool: HostedPool;

beforeAll(async () => {
  cloudkeep = await startForTest();
  pool = await hostedPool(cloudkeep, {}, { GenerateSecret: true });
  await newUser(pool, "ada", { email: "ada@example.com", email_verified: "true", name: "Ada" });
});
afterAll(() => cloudkeep.stop());

/** openid-client, unchanged: what stands at AWS's own host is asked of Cloudkeep, as if the name led here. */
async function discovered(
  { UserPoolId, ClientId, ClientSecret = "" }: HostedPool,
  auth: openid.ClientAuth,
): Promise<openid.Configuration> {
  const issuer = new URL(`https://cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`);
  const asIfHere: openid.CustomFetch = (url, options) =>
    fetch(
      url.replace("https://cognito-idp.us-east-1.amazonaws.com", cloudkeep.endpoint),
      options as RequestInit,
    );
  return await openid.discovery(issuer, ClientId, { client_secret: ClientSecret }, auth, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    [openid.customFetch]: asIfHere,
  });
}

async function signIn(url: URL, username = "ada"): Promise<Browser> {
  const browser = await new Browser().open(url.href);
  await browser.submit("password", { username, password });
  return browser;
}

describe.each([
  ["client_secret_basic", openid.ClientSecretBasic],
  ["client_secret_post", openid.ClientSecretPost],
] as const)("openid-client with %s", (_, auth) => {
  it("signs in, asks who it is, refreshes, revokes", async () => {
    const config = await discovered(pool, auth(pool.ClientSecret ?? ""));
    const verifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: "openid email",
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
    });
    const browser = await signIn(url);
    const tokens = await openid.authorizationCodeGrant(config, new URL(browser.left), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    expect(claims).toMatchObject({
      email: "ada@example.com",
      email_verified: true,
      "cognito:username": "ada",
    });
    expect(claims).not.toHaveProperty("name");
    const facts = await openid.fetchUserInfo(config, tokens.access_token, claims?.sub ?? "");
    expect(facts).toMatchObject({ username: "ada", email: "ada@example.com", email_verified: "true" });
    const again = await openid.refreshTokenGrant(config, tokens.refresh_token ?? "");
    expect(claimsOf(again.access_token).scope).toBe("openid email");
    await openid.tokenRevocation(config, tokens.refresh_token ?? "");
    await expect(openid.refreshTokenGrant(config, tokens.refresh_token ?? "")).rejects.toMatchObject({
      error: "invalid_grant",
    });
    await expect(openid.fetchUserInfo(config, again.access_token, claims?.sub ?? "")).rejects.toThrow();
  });
});

describe("the pages", () => {
  const query = (more: Record<string, string> = {}) =>
    new URLSearchParams({
      client_id: pool.ClientId,
      redirect_uri: callback,
      response_type: "code",
      scope: "openid",
      state: "s",
      ...more,
    });

  it("need no second sign-in, until the browser signs out", async () => {
    const browser = await signIn(new URL(`${pool.base}/oauth2/authorize?${query()}`));
    expect(browser.result.get("state")).toBe("s");
    await browser.open(`${pool.base}/oauth2/authorize?${query()}`);
    expect(browser.result.get("code")).toMatch(/.{40}/);
    await browser.open(`${pool.base}/oauth2/authorize?${query({ prompt: "login" })}`);
    expect(browser.text).toContain("Sign in to your account");
    const bye = new URLSearchParams({
      client_id: pool.ClientId,
      logout_uri: "https://app.example.com/bye",
    });
    await browser.open(`${pool.base}/logout?${bye}`);
    expect(browser.left).toBe("https://app.example.com/bye");
    await browser.open(`${pool.base}/oauth2/authorize?${query({ prompt: "none" })}`);
    expect(browser.result.get("error")).toBe("login_required");
  });

  it("say the same of a wrong name and a wrong password, in the reader's language", async () => {
    const browser = await new Browser().open(`${pool.base}/login?${query({ lang: "de" })}`);
    await browser.submit("password", { username: "ada", password: "wrong" });
    expect(browser.problem).toBe("Benutzername oder Passwort ist falsch.");
    await browser.submit("password", { username: "nobody", password: "wrong" });
    expect(browser.problem).toBe("Benutzername oder Passwort ist falsch.");
    expect(browser.text).toContain('<html lang="de">');
  });

  it("run no script, are in no frame, and escape what they are given", async () => {
    const browser = await new Browser().open(
      `${pool.base}/login?${query({ login_hint: '"><script>alert(1)</script>' })}`,
    );
    expect(browser.text).not.toContain("<script");
    expect(browser.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(browser.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(browser.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("take no form of another page, browser or site", async () => {
    const browser = await new Browser().open(`${pool.base}/login?${query()}`);
    const fields = { username: "ada", password };
    await browser.submit("password", { ...fields, token: "forged" });
    expect(browser.problem).toContain("no longer valid");
    await browser.submit("password", fields, { "sec-fetch-site": "cross-site" });
    expect(browser.problem).toContain("no longer valid");
    browser.cookies.clear();
    await browser.submit("password", fields);
    expect(browser.problem).toContain("no longer valid");
  });
});

it("gives tokens at once where the client is for that", async () => {
  const implicit = await hostedPool(cloudkeep, {}, { AllowedOAuthFlows: ["implicit"] });
  await newUser(implicit, "ada");
  const query = new URLSearchParams({
    client_id: implicit.ClientId,
    redirect_uri: callback,
    response_type: "token",
    scope: "openid profile",
    nonce: "n",
    state: "s",
  });
  const browser = await signIn(new URL(`${implicit.base}/oauth2/authorize?${query}`));
  expect(new URL(browser.left).search).toBe("");
  expect(claimsOf(browser.result.get("id_token") ?? "")).toMatchObject({ nonce: "n", token_use: "id" });
  expect(browser.result.get("token_type")).toBe("Bearer");
});

it("gives clients tokens of their own", async () => {
  const machines = await hostedPool(cloudkeep);
  const { idp, UserPoolId } = machines;
  await idp.createResourceServer({
    UserPoolId,
    Identifier: "orders",
    Name: "Orders",
    Scopes: [{ ScopeName: "read", ScopeDescription: "reads" }],
  });
  const { UserPoolClient } = await idp.createUserPoolClient({
    UserPoolId,
    ClientName: "machine",
    GenerateSecret: true,
    AllowedOAuthFlows: ["client_credentials"],
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthScopes: ["orders/read"],
  });
  const machine = {
    ...machines,
    ClientId: UserPoolClient?.ClientId ?? "",
    ClientSecret: UserPoolClient?.ClientSecret,
  };
  const config = await discovered(machine, openid.ClientSecretBasic(machine.ClientSecret ?? ""));
  const { access_token } = await openid.clientCredentialsGrant(config, { scope: "orders/read" });
  expect(claimsOf(access_token)).toMatchObject({
    sub: machine.ClientId,
    scope: "orders/read",
    token_use: "access",
  });
  await expect(openid.clientCredentialsGrant(config, { scope: "openid" })).rejects.toMatchObject({
    error: "invalid_scope",
  });
});

it("is found by the name of its host, too, and links within it", async () => {
  const query = new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
  });
  for (const suffix of [`localhost:${cloudkeep.port}`, "amazoncognito.com"]) {
    const host = `${pool.domain}.auth.us-east-1.${suffix}`;
    const text = await new Promise<string>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: cloudkeep.port, path: `/login?${query}`, headers: { host } };
      request(options, (answer) => {
        let body = "";
        answer.on("data", (piece: Buffer) => {
          body += piece.toString();
        });
        answer.on("end", () => resolve(body));
      })
        .on("error", reject)
        .end();
    });
    expect(text).toContain('<form method="post" action="/login?client_id=');
  }
});

it("answers for a pool of another Region", async () => {
  const idp = idpClient(cloudkeep, cloudkeep.credentials, "eu-west-1");
  const { UserPool } = await idp.createUserPool({ PoolName: "elsewhere" });
  await idp.createUserPoolDomain({ UserPoolId: UserPool?.Id, Domain: pool.domain });
  const there = await fetch(
    `${cloudkeep.endpoint}/_cognito/eu-west-1/${pool.domain}/login?client_id=${pool.ClientId}`,
  );
  expect(await there.text()).toContain("Client does not exist.");
});
