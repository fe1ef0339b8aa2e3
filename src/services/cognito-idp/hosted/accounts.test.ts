import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startForTest } from "../../../../test/harness.ts";
import { codeAt, fromBase32, stepAt } from "../../../kit/totp.ts";
import type { Cloudkeep } from "../../../start.ts";
import { codeTo, mailsTo, newUser, password } from "../testing.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;

beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

async function opened(pool: HostedPool, path = "/login"): Promise<Browser> {
  const query = new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid",
  });
  return await new Browser().open(`${pool.base}${path}?${query}`);
}

const verified = { AutoVerifiedAttributes: ["email" as const] };

describe("a new user", () => {
  it("signs up, confirms, and signs in", async () => {
    const pool = await hostedPool(cloudkeep, verified, { GenerateSecret: true });
    const browser = await opened(pool);
    await browser.follow("Sign up");
    const fields = { username: "eve", "attribute.email": "eve@example.com" };
    await browser.submit("signUp", { ...fields, password, again: "other" });
    expect(browser.problem).toBe("The passwords are not the same.");
    await browser.submit("signUp", { ...fields, password: "short", again: "short" });
    expect(browser.problem).toContain("does not conform");
    await browser.submit("signUp", { ...fields, password, again: password });
    expect(browser.text).toContain("e***@e***");
    await browser.submit("confirm", { code: "000000x" });
    expect(browser.problem).toContain("Invalid code");
    await browser.submit("resend", {});
    await browser.submit("confirm", { code: await codeTo(cloudkeep, "eve@example.com", 2) });
    expect(browser.text).toContain("Your registration has been confirmed.");
    await browser.submit("password", { username: "eve", password });
    expect(browser.result.get("code")).toBeTruthy();
  });

  it("is asked for the code that it has not given yet", async () => {
    const pool = await hostedPool(cloudkeep, verified);
    const browser = await opened(pool, "/signup");
    const fields = { username: "fay", "attribute.email": "fay@example.com", password, again: password };
    await browser.submit("signUp", fields);
    const later = await opened(pool);
    await later.submit("password", { username: "fay", password });
    expect(later.text).toContain("Confirm your account");
    await later.submit("confirm", { code: await codeTo(cloudkeep, "fay@example.com", 2) });
    expect(later.text).toContain("Your registration has been confirmed.");
  });

  it("confirms by the link in its mail", async () => {
    const pool = await hostedPool(cloudkeep, {
      ...verified,
      VerificationMessageTemplate: { DefaultEmailOption: "CONFIRM_WITH_LINK" },
    });
    const browser = await opened(pool, "/signup");
    await browser.submit("signUp", {
      username: "gil",
      "attribute.email": "gil@example.com",
      password,
      again: password,
    });
    const mail = (await mailsTo(cloudkeep, "gil@example.com")).at(-1);
    const link = new URL(/http\S+/.exec(mail?.Body ?? "")?.[0] ?? "");
    // The name of the host may not resolve: the same page by path.
    await browser.open(`${pool.base}${link.pathname}${link.search}`);
    expect(browser.text).toContain("Your registration has been confirmed.");
    await browser.open(`${pool.base}${link.pathname}${link.search}`);
    expect(browser.status).toBe(400);
  });

  it("cannot sign up where only administrators make users", async () => {
    const pool = await hostedPool(cloudkeep, { AdminCreateUserConfig: { AllowAdminCreateUserOnly: true } });
    expect((await opened(pool)).text).not.toContain("Sign up");
    expect((await opened(pool, "/signup")).problem).toContain("not permitted");
  });
});

it("a forgotten password is reset with a code", async () => {
  const pool = await hostedPool(cloudkeep, verified);
  await newUser(pool, "hal", { email: "hal@example.com", email_verified: "true" });
  const browser = await opened(pool);
  await browser.follow("Forgot your password?");
  await browser.submit("forgot", { username: "hal" });
  const again = "Another-horse-2";
  await browser.submit("reset", {
    code: await codeTo(cloudkeep, "hal@example.com"),
    password: again,
    again,
  });
  await browser.submit("password", { username: "hal", password: again });
  expect(browser.result.get("code")).toBeTruthy();
});

it("a password that an administrator has set is changed", async () => {
  const pool = await hostedPool(cloudkeep);
  await pool.idp.adminCreateUser({
    UserPoolId: pool.UserPoolId,
    Username: "ivy",
    TemporaryPassword: password,
    MessageAction: "SUPPRESS",
  });
  const browser = await opened(pool);
  await browser.submit("password", { username: "ivy", password });
  expect(browser.text).toContain("Change your password");
  await browser.submit("NEW_PASSWORD_REQUIRED", { password: "weak", again: "weak" });
  expect(browser.problem).toContain("does not conform");
  const again = "Another-horse-2";
  await browser.submit("NEW_PASSWORD_REQUIRED", { password: again, again });
  expect(browser.result.get("code")).toBeTruthy();
});

it("an authenticator app is set up, and asked for from then on", async () => {
  const pool = await hostedPool(cloudkeep);
  await pool.idp.setUserPoolMfaConfig({
    UserPoolId: pool.UserPoolId,
    MfaConfiguration: "ON",
    SoftwareTokenMfaConfiguration: { Enabled: true },
  });
  await newUser(pool, "jan");
  const browser = await opened(pool);
  await browser.submit("password", { username: "jan", password });
  const secret = fromBase32(/<code>([A-Z2-7]+)<\/code>/.exec(browser.text)?.[1] ?? "");
  const code = () => codeAt(secret, stepAt(cloudkeep.clock.now()));
  await browser.submit("MFA_SETUP", { code: "000000" });
  expect(browser.problem).toContain("Invalid code");
  await browser.submit("MFA_SETUP", { code: code() });
  expect(browser.result.get("code")).toBeTruthy();
  await cloudkeep.clock.advance(90_000);
  const later = await opened(pool);
  await later.submit("password", { username: "jan", password });
  await later.submit("SOFTWARE_TOKEN_MFA", { code: "000000" });
  expect(later.problem).toContain("Invalid code");
  await later.submit("SOFTWARE_TOKEN_MFA", { code: code() });
  expect(later.result.get("code")).toBeTruthy();
});
