import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeAt, fromBase32, stepAt } from "../../src/kit/totp.ts";
import { codeTo, newPool, type TestPool } from "../../src/services/cognito-idp/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { browserPath, launchBrowser, type Site, serveSite, submit, textOf } from "./browser/site.ts";

/** A browser app signs its users up and writes straight into Kinesis. */

const executablePath = browserPath();
const email = "jane.roe@example.com";
const password = "Correct-horse-battery-1";

describe.skipIf(executablePath === undefined)("an app in a browser", () => {
  let cloudkeep: Cloudkeep;
  let pool: TestPool;
  let site: Site;
  let browser: Browser;
  let page: Page;
  const sent: string[] = [];

  beforeAll(async () => {
    cloudkeep = await startForTest();
    pool = await newPool(
      cloudkeep,
      { AutoVerifiedAttributes: ["email"], UsernameAttributes: ["email"] },
      { ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] },
    );
    const { idp, UserPoolId } = pool;
    await idp.setUserPoolMfaConfig({
      UserPoolId,
      MfaConfiguration: "OPTIONAL",
      SoftwareTokenMfaConfiguration: { Enabled: true },
    });
    const { endpoint } = cloudkeep;
    const { ClientId: clientId } = pool;
    site = await serveSite(() => ({ endpoint, region: "us-east-1", userPoolId: UserPoolId, clientId }));
    browser = await launchBrowser(executablePath ?? "");
    page = await browser.newPage();
    page.on("request", (request) => {
      sent.push(`${request.headers()["x-amz-target"]} ${request.postData() ?? ""}`);
    });
    await page.goto(site.url);
    expect(await textOf(page, "state")).toBe("ready");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await cloudkeep?.stop();
  });

  /** Codes are good once: after one, that of the next step is shown. */
  const codeOf = (secret: string, later = 0) => codeAt(fromBase32(secret), stepAt(Date.now()) + later);
  let secret = "";

  it("signs a person up, who confirms with the code in the mailbox", async () => {
    expect(await submit(page, "sign-up", { email, password })).toBe("signed up");
    expect(await submit(page, "confirm", { code: "000000" })).toContain("CodeMismatchException");
    expect(await submit(page, "confirm", { code: await codeTo(cloudkeep, email) })).toBe("confirmed");
  });

  it("signs in by SRP: the password never crosses the wire", async () => {
    const before = sent.length;
    expect(await submit(page, "sign-in", { email, password: "Wrong-horse-battery-1" })).toBe(
      "NotAuthorizedException: Incorrect username or password.",
    );
    expect(await submit(page, "sign-in", { email, password })).toBe("signed in, no second factor yet");
    const crossed = sent.slice(before).filter((request) => request.includes("Auth"));
    expect(crossed.length).toBeGreaterThanOrEqual(4);
    for (const request of crossed) expect(request).not.toMatch(/-horse-battery/);
  });

  it("takes on an authenticator, and asks for its code from then on", async () => {
    secret = await textOf(page, "secret");
    expect(await submit(page, "enroll", { code: codeOf(secret) })).toBe("enrolled");
    expect(await submit(page, "sign-in", { email, password })).toBe("code wanted");
    expect(await submit(page, "prove", { code: codeOf(secret, 1) })).toBe("signed in");
  });
});
