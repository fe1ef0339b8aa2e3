import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { codeTo, mailsTo, newUser, password } from "../testing.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;
let pool: HostedPool;

beforeAll(async () => {
  cloudkeep = await startForTest();
  pool = await byChoice();
  await newUser(pool, "alice", { email: "alice@choice.example", email_verified: "true" });
});
afterAll(() => cloudkeep.stop());

async function byChoice(version = 2): Promise<HostedPool> {
  const made = await hostedPool(
    cloudkeep,
    { Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"] } } },
    { PreventUserExistenceErrors: "ENABLED" },
  );
  const { UserPoolId, domain } = made;
  await made.idp.updateUserPoolDomain({ UserPoolId, Domain: domain, ManagedLoginVersion: version });
  return made;
}

async function opened({ base, ClientId }: HostedPool, path = "/login", lang = "en"): Promise<Browser> {
  const query = new URLSearchParams({
    client_id: ClientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid",
    lang,
  });
  return await new Browser().open(`${base}${path}?${query}`);
}

/** The form of a way: all of them are of one step. */
const choose = (browser: Browser, answer: string, more: Record<string, string> = {}) =>
  browser.submit("SELECT_CHALLENGE", { answer, ...more });

const named = async (username: string) => (await opened(pool)).submit("name", { username });

describe("users of managed login who may choose", () => {
  it("say their name first, and sign in by a code that is mailed", async () => {
    const browser = await named("alice");
    expect(browser.text).toContain("Code by email");
    expect(browser.text).not.toContain('value="WEB_AUTHN"');
    await choose(browser, "EMAIL_OTP");
    expect(browser.text).toContain("a***@c***");
    await browser.submit("EMAIL_OTP", { code: "00000000" });
    expect(browser.problem).toContain("Invalid code");
    await browser.submit("EMAIL_OTP", { code: await codeTo(cloudkeep, "alice@choice.example") });
    expect(browser.result.get("code")).toBeTruthy();
  });

  it("sign in by a password, and may try again", async () => {
    const browser = await named("alice");
    await choose(browser, "PASSWORD", { password: "Wrong-password-1" });
    expect(browser.problem).toBe("Incorrect username or password.");
    await choose(browser, "PASSWORD", { password });
    expect(browser.result.get("code")).toBeTruthy();
  });

  it("are not told apart from those who are not there", async () => {
    const browser = await named("nobody");
    await choose(browser, "PASSWORD", { password });
    expect(browser.problem).toBe("Incorrect username or password.");
    await choose(browser, "EMAIL_OTP");
    expect(browser.text).toContain("n***@n***");
    await browser.submit("EMAIL_OTP", { code: "12345678" });
    expect(browser.left).toBe("");
    expect(await mailsTo(cloudkeep, "nobody")).toEqual([]);
  });

  it("have only the ways that are theirs", async () => {
    const browser = await named("alice");
    await choose(browser, "WEB_AUTHN");
    expect(browser.status).toBe(400);
    expect(browser.problem).toContain("not available");
  });

  it("read it in their language", async () => {
    const browser = await opened(pool, "/login", "de");
    await browser.submit("name", { username: "alice" });
    expect(browser.text).toContain("Code per E-Mail");
  });
});

it("classic pages ask for the password at once", async () => {
  const browser = await opened(await byChoice(1));
  expect(browser.text).toContain('name="password"');
});

describe("the page that adds a passkey", () => {
  it("is for those who have signed in, and holds what a browser needs", async () => {
    const { idp, UserPoolId, base } = pool;
    await idp.setUserPoolMfaConfig({
      UserPoolId,
      WebAuthnConfiguration: { RelyingPartyId: "localhost", UserVerification: "preferred" },
    });
    const stranger = await opened(pool, "/passkeys/add");
    await stranger.submit("name", { username: "alice" });
    await choose(stranger, "PASSWORD", { password });
    expect(stranger.text).toContain('data-passkey="create"');
    const browser = await named("alice");
    await choose(browser, "PASSWORD", { password });
    const query = new URL((await opened(pool)).url).search;
    await browser.open(`${base}/passkeys/add${query}`);
    expect(browser.text).toContain('data-passkey="create"');
    expect(browser.text).toContain("<noscript>");
    const policy = browser.headers.get("content-security-policy");
    expect(policy).toContain(`script-src ${base}/passkey.js;`);
    const script = await fetch(`${base}/passkey.js`);
    expect(script.headers.get("content-type")).toContain("text/javascript");
    await browser.submit("passkey", { credential: "" });
    expect(browser.problem).toContain("runs scripts");
    await browser.submit("passkey", { credential: "{}" });
    expect(browser.status).toBe(400);
    expect(browser.left).toBe("");
  });

  it("is part of no classic pages", async () => {
    expect((await opened(await byChoice(1), "/passkeys/add")).status).toBe(404);
  });
});
