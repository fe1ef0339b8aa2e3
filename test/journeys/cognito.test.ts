import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeTo } from "../../src/services/cognito-idp/testing.ts";
import { type App, codeOf, startApp } from "./browser/app.ts";
import { browserPath, submit, textOf } from "./browser/site.ts";

/** A browser app signs its users up and writes straight into Kinesis. */

const executablePath = browserPath();
const email = "jane.roe@example.com";
const password = "Correct-horse-battery-1";

describe.skipIf(executablePath === undefined)("an app in a browser", () => {
  let app: App;
  let page: Page;

  beforeAll(async () => {
    app = await startApp("page.ts", executablePath);
    page = app.page;
    await page.goto(app.site.url);
    expect(await textOf(page, "state")).toBe("ready");
  }, 60_000);
  afterAll(() => app?.stop());

  let secret = "";

  it("signs a person up, who confirms with the code in the mailbox", async () => {
    expect(await submit(page, "sign-up", { email, password })).toBe("signed up");
    expect(await submit(page, "confirm", { code: "000000" })).toContain("CodeMismatchException");
    expect(await submit(page, "confirm", { code: await codeTo(app.cloudkeep, email) })).toBe("confirmed");
  });

  it("signs in by SRP: the password never crosses the wire", async () => {
    const before = app.sent.length;
    expect(await submit(page, "sign-in", { email, password: "Wrong-horse-battery-1" })).toBe(
      "NotAuthorizedException: Incorrect username or password.",
    );
    expect(await submit(page, "sign-in", { email, password })).toBe("signed in, no second factor yet");
    const crossed = app.sent.slice(before).filter((request) => request.includes("Auth"));
    expect(crossed.length).toBeGreaterThanOrEqual(4);
    for (const request of crossed) expect(request).not.toMatch(/-horse-battery/);
  });

  it("takes on an authenticator, and asks for its code from then on", async () => {
    secret = await textOf(page, "secret");
    expect(await submit(page, "enroll", { code: codeOf(secret) })).toBe("enrolled");
    expect(await submit(page, "sign-in", { email, password })).toBe("code wanted");
    expect(await submit(page, "prove", { code: codeOf(secret, 1) })).toBe("signed in");
  });

  it("writes straight into the stream with credentials of its own role", async () => {
    await app.give(await app.role("writers", { Action: "kinesis:PutRecord", Resource: app.streamArn }));
    expect(await submit(page, "write", { text: "a click on the map" })).toMatch(/^written \d{56}$/);
    const [record] = await app.records();
    expect(Buffer.from(record?.Data ?? []).toString()).toBe("a click on the map");
    // The identity is the record's partition, and nobody signed in with a key that lasts.
    expect(record?.PartitionKey).toMatch(/^us-east-1:/);
  });

  it("is refused in AWS's words where its role may not", async () => {
    const action = "kinesis:PutRecord";
    const { accountId } = app.cloudkeep;
    const refused = (name: string) =>
      `AccessDeniedException: User: arn:aws:sts::${accountId}:assumed-role/${name}/CognitoIdentityCredentials is not authorized to perform: ${action} on resource: ${app.streamArn} because no identity-based policy allows the ${action} action`;
    await app.give(await app.role("readers", { Action: "kinesis:GetRecords", Resource: app.streamArn }));
    expect(await submit(page, "write", { text: "no" })).toBe(refused("readers"));
    const own = `${app.streamArn}-${"${cognito-identity.amazonaws.com:sub}"}`;
    await app.give(await app.role("owners", { Action: action, Resource: own }));
    expect(await submit(page, "write", { text: "no" })).toBe(refused("owners"));
  });
});
