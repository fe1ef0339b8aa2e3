import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeTo } from "../../src/services/cognito-idp/testing.ts";
import { type App, codeOf, startApp } from "./browser/app.ts";
import { browserPath, submit, textOf } from "./browser/site.ts";

/** AWS Amplify, unchanged, in a browser: the pool's API by SRP, its pages by PKCE, and a stream by what that gives. */

const executablePath = browserPath();
const email = "jane.roe@example.com";
const other = "john.roe@example.com";
const password = "Correct-horse-battery-1";

describe.skipIf(executablePath === undefined)("an app with Amplify", () => {
  let app: App;
  let page: Page;
  let secret = "";

  beforeAll(async () => {
    app = await startApp("amplify.ts", executablePath, true);
    page = app.page;
    // Amplify asks for credentials whenever somebody has signed in.
    await app.give(await app.role("writers", { Action: "kinesis:PutRecord", Resource: app.streamArn }));
    await page.goto(app.site.url);
    expect(await textOf(page, "state")).toBe("UserUnAuthenticatedException");
  }, 60_000);
  afterAll(() => app?.stop());

  async function signUp(address: string): Promise<void> {
    expect(await submit(page, "sign-up", { email: address, password })).toBe("CONFIRM_SIGN_UP");
    expect(await submit(page, "confirm", { code: "000000" })).toContain("CodeMismatchException");
    expect(await submit(page, "confirm", { code: await codeTo(app.cloudkeep, address) })).toBe("DONE");
  }

  it("signs a person up, who confirms with the code in the mailbox", async () => {
    await signUp(email);
  });

  it("signs in by SRP: the password never crosses the wire", async () => {
    const before = app.sent.length;
    expect(await submit(page, "sign-in", { email, password: "Wrong-horse-battery-1" })).toBe(
      "NotAuthorizedException: Incorrect username or password.",
    );
    expect(await submit(page, "sign-in", { email, password })).toBe("DONE");
    const crossed = app.sent.slice(before).filter((request) => request.includes("Auth"));
    expect(crossed.length).toBeGreaterThanOrEqual(4);
    for (const request of crossed) expect(request).not.toMatch(/-horse-battery/);
  });

  it("takes on an authenticator, signs out, and is asked for its code", async () => {
    expect(await submit(page, "enroll", { code: "new" })).toBe("secret shown");
    secret = await textOf(page, "secret");
    expect(await submit(page, "enroll", { code: "000000" })).toContain("EnableSoftwareTokenMFAException");
    expect(await submit(page, "enroll", { code: codeOf(secret) })).toBe("enrolled");
    expect(await submit(page, "leave", {})).toBe("signed out");
    expect(await submit(page, "sign-in", { email, password })).toBe("CONFIRM_SIGN_IN_WITH_TOTP_CODE");
    expect(await submit(page, "prove", { code: "000000" })).toContain("CodeMismatchException");
    expect(await submit(page, "prove", { code: codeOf(secret, 1) })).toBe("DONE");
  });

  it("writes into the stream with credentials of its own role", async () => {
    expect(await submit(page, "write", { text: "a click" })).toMatch(/^written \d{56}$/);
    const [record] = await app.records();
    expect(Buffer.from(record?.Data ?? []).toString()).toBe("a click");
    expect(record?.PartitionKey).toMatch(/^us-east-1:/);
  });

  it("is still signed in after the page is loaded anew, and no more once it has signed out", async () => {
    await page.reload();
    expect(await textOf(page, "state")).toBe(`here is ${email}`);
    expect(await submit(page, "leave", {})).toBe("signed out");
    expect(await submit(page, "write", { text: "no" })).toBe("Error: There are no credentials.");
  });

  it("sets an authenticator up in the middle of a sign-in where the pool wants one", async () => {
    const { idp, UserPoolId } = app.pool;
    const SoftwareTokenMfaConfiguration = { Enabled: true };
    await idp.setUserPoolMfaConfig({ UserPoolId, MfaConfiguration: "ON", SoftwareTokenMfaConfiguration });
    await page.reload();
    await signUp(other);
    expect(await submit(page, "sign-in", { email: other, password })).toBe(
      "CONTINUE_SIGN_IN_WITH_TOTP_SETUP",
    );
    secret = await textOf(page, "secret");
    expect(await submit(page, "enroll", { code: codeOf(secret) })).toBe("DONE");
    expect(await submit(page, "leave", {})).toBe("signed out");
  });

  it("signs in on the pages, by PKCE, and signs out there", async () => {
    await page.reload();
    expect(await textOf(page, "state")).toBe("UserUnAuthenticatedException");
    const before = app.sent.length;
    await Promise.all([page.waitForNavigation(), page.click("#pages button")]);
    expect(page.url()).toMatch(/^https:\/\/clicks-of-example\.auth\.us-east-1\.localhost:\d+\/login\?/);
    await page.type("[name=username]", other);
    await page.type("[name=password]", password);
    await Promise.all([page.waitForNavigation(), page.click("form button")]);
    await page.type("[name=code]", codeOf(secret, 1));
    await Promise.all([page.waitForNavigation(), page.click("form button")]);
    expect(await textOf(page, "state")).toBe(`here is ${other}`);
    const [asked] = app.sent.slice(before).filter((request) => request.includes("/oauth2/authorize"));
    expect(asked).toContain("code_challenge_method=S256");
    expect(await submit(page, "write", { text: "another click" })).toMatch(/^written \d{56}$/);
    await Promise.all([page.waitForNavigation(), page.click("#leave button")]);
    expect(await textOf(page, "state")).toBe("UserUnAuthenticatedException");
    // The browser's own session has ended too.
    await Promise.all([page.waitForNavigation(), page.click("#pages button")]);
    expect(page.url()).toContain("/login?");
  });
});
