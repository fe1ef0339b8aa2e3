import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostedPool } from "../../src/services/cognito-idp/hosted/testing.ts";
import { newUser, password } from "../../src/services/cognito-idp/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { browserPath, launchBrowser } from "./browser/site.ts";

/** Passkeys on the pages of a pool, in a browser with an authenticator of its own. */

const path = browserPath();

describe.skipIf(path === undefined)("in a browser", () => {
  let cloudkeep: Cloudkeep;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    cloudkeep = await startForTest();
    browser = await launchBrowser(path ?? "");
    page = await browser.newPage();
    const devtools = await page.createCDPSession();
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
      },
    });
  });
  afterAll(async () => {
    await browser.close();
    await cloudkeep.stop();
  });

  const press = async (selector: string) => {
    await Promise.all([page.waitForNavigation(), page.click(selector)]);
  };

  it("a user adds a passkey, and signs in with it and nothing else", async () => {
    const here = `http://localhost:${cloudkeep.port}`;
    // The app: any page that the browser reaches.
    const callback = `${here}/done`;
    const pool = await hostedPool(
      cloudkeep,
      { Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "WEB_AUTHN"] } } },
      { CallbackURLs: [callback] },
    );
    const { idp, UserPoolId, ClientId, domain } = pool;
    await idp.updateUserPoolDomain({ UserPoolId, Domain: domain, ManagedLoginVersion: 2 });
    await idp.setUserPoolMfaConfig({
      UserPoolId,
      WebAuthnConfiguration: { RelyingPartyId: "localhost", UserVerification: "required" },
    });
    await newUser(pool, "alice");
    const base = `${here}/_cognito/us-east-1/${domain}`;
    const query = new URLSearchParams({
      client_id: ClientId,
      redirect_uri: callback,
      response_type: "code",
      scope: "openid",
    });
    const begin = async () => {
      await page.goto(`${base}/login?${query}`);
      await page.type("#username", "alice");
      await press("form button");
    };

    await begin();
    await page.type("#password", password);
    await press("form button");
    expect(page.url()).toContain(`${callback}?code=`);
    await page.goto(`${base}/passkeys/add?${query}`);
    await press("form[data-passkey] button");
    expect(page.url()).toContain(`${callback}?code=`);

    const old = await browser.cookies();
    await browser.deleteCookie(...old);
    await begin();
    await press("form:has(input[value=WEB_AUTHN]) button");
    await press("form[data-passkey] button");
    expect(page.url()).toContain(`${callback}?code=`);
  }, 60_000);
});
