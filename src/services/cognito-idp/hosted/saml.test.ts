import { inflateRawSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { badSaml } from "../../../../test/badSaml.ts";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import { type Idp, newIdp, signSaml } from "../../../../test/idp.ts";
import type { Cloudkeep } from "../../../start.ts";
import { Browser, callback, type HostedPool, samlPool } from "./testing.ts";

const entity = "https://idp.example.com/saml";
const login = "https://idp.example.com/login";
const subject = "ada@example.com";
const minuteMs = 60_000;

let cloudkeep: Cloudkeep;
let pool: HostedPool;
let idp: Idp;
let browser: Browser;
let relay: string;
let requestId: string;
let serial = 0;

function metadata(): string {
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entity}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${idp.certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${login}?a=1&amp;b=2"/></IDPSSODescriptor></EntityDescriptor>`;
}

beforeAll(async () => {
  cloudkeep = await startForTest();
  idp = await newIdp();
  pool = await samlPool(cloudkeep, { MetadataFile: metadata() });
});
afterAll(() => cloudkeep.stop());

/** A browser that is sent to the provider. */
async function leave(): Promise<Browser> {
  const query = new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid email",
    state: "s",
  });
  return await new Browser().open(`${pool.base}/oauth2/authorize?${query}`);
}

function requestOf({ result }: Browser): string {
  return inflateRawSync(Buffer.from(result.get("SAMLRequest") ?? "", "base64")).toString();
}

beforeEach(async () => {
  browser = await leave();
  relay = browser.result.get("RelayState") ?? "";
  requestId = / ID="([^"]+)"/.exec(requestOf(browser))?.[1] ?? "";
});

interface Options {
  subject?: string;
  id?: string;
  recipient?: string;
  audience?: string;
  issuer?: string;
  answers?: string;
  windowMs?: number;
  fromMs?: number;
  data?: string;
  conditions?: string;
  method?: string;
}

function assertionXml(options: Options = {}): string {
  serial += 1;
  const at = (ms: number) => new Date(cloudkeep.clock.now() + ms).toISOString();
  const {
    windowMs = 5 * minuteMs,
    fromMs = -minuteMs,
    method = "urn:oasis:names:tc:SAML:2.0:cm:bearer",
  } = options;
  const recipient = options.recipient ?? `${pool.base}/saml2/idpresponse`;
  const audience = options.audience ?? `urn:amazon:cognito:sp:${pool.UserPoolId}`;
  const data =
    options.data ??
    `NotOnOrAfter="${at(windowMs)}" Recipient="${recipient}" InResponseTo="${options.answers ?? requestId}"`;
  const conditions =
    options.conditions ??
    `<saml:Conditions NotBefore="${at(fromMs)}" NotOnOrAfter="${at(windowMs)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>`;
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${options.id ?? `_a${serial}`}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${options.issuer ?? entity}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${options.subject ?? subject}</saml:NameID><saml:SubjectConfirmation Method="${method}"><saml:SubjectConfirmationData ${data}/></saml:SubjectConfirmation></saml:Subject>${conditions}<saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>ada@corp.example.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`;
}

function wrapped(assertion: string, envelope = "", status = "Success"): string {
  return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"${envelope}><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${entity}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}"/></samlp:Status>${assertion}</samlp:Response>`;
}

const response = (options?: Options, envelope?: string, status?: string) =>
  signSaml(wrapped(assertionXml(options), envelope, status), { by: idp });

/** The provider's page has a browser bring its answer. */
async function bring(xml: string, by = browser, RelayState = relay): Promise<Browser> {
  return await by.post(`${pool.base}/saml2/idpresponse`, {
    SAMLResponse: Buffer.from(xml).toString("base64"),
    RelayState,
  });
}

describe("a user of a SAML provider", () => {
  it("is sent there with a request, and comes back signed in", async () => {
    expect(browser.left).toContain(`${login}?a=1&b=2&SAMLRequest=`);
    expect(requestOf(browser)).toContain(
      `<saml:Issuer>urn:amazon:cognito:sp:${pool.UserPoolId}</saml:Issuer>`,
    );
    await bring(response({}, ` Destination="${pool.base}/saml2/idpresponse" InResponseTo="${requestId}"`));
    expect(browser.result.get("code")).toBeTruthy();
    expect(browser.result.get("state")).toBe("s");
    const { UserAttributes, UserStatus } = await pool.idp.adminGetUser({
      UserPoolId: pool.UserPoolId,
      Username: `Okta_${subject}`,
    });
    expect(UserStatus).toBe("EXTERNAL_PROVIDER");
    expect(UserAttributes).toContainEqual({ Name: "email", Value: "ada@corp.example.com" });
  });

  it("is nobody in another browser than the one that was sent", async () => {
    const other = await leave();
    await bring(response(), other);
    expect(other.problem).toContain("another browser");
    expect(other.left).toBe("");
  });
});

describe("nobody is signed in by", () => {
  const good = () => response();
  const cases: [string, () => string | Promise<string>][] = [
    ...badSaml({ idp: () => idp, assertion: (forged) => assertionXml(forged), wrapped, subject }),
    ["another audience", () => response({ audience: "urn:amazon:cognito:sp:us-east-1_other" })],
    [
      "an audience that begins as ours",
      () => response({ audience: `urn:amazon:cognito:sp:${pool.UserPoolId}x` }),
    ],
    ["no audience", () => response({ conditions: `<saml:Conditions NotOnOrAfter="2999-01-01T00:00:00Z"/>` })],
    ["no conditions", () => response({ conditions: "" })],
    ["another recipient", () => response({ recipient: "https://evil.example.com/saml2/idpresponse" })],
    ["a recipient that begins as ours", () => response({ recipient: `${pool.base}/saml2/idpresponse.evil` })],
    [
      "the recipient of another domain",
      () => response({ recipient: `${pool.base}-other/saml2/idpresponse` }),
    ],
    [
      "no recipient",
      () => response({ data: `NotOnOrAfter="2999-01-01T00:00:00Z" InResponseTo="${requestId}"` }),
    ],
    ["another issuer", () => response({ issuer: "https://other.example.com" })],
    ["an answer to another request", () => response({ answers: "_other" })],
    [
      "an answer to none",
      () =>
        response({ data: `NotOnOrAfter="2999-01-01T00:00:00Z" Recipient="${pool.base}/saml2/idpresponse"` }),
    ],
    ["another destination", () => response({}, ' Destination="https://evil.example.com/"')],
    ["an envelope that answers another request", () => response({}, ' InResponseTo="_other"')],
    ["a failure", () => response({}, "", "Responder")],
    ["an assertion whose time is over", () => response({ windowMs: -1_000 })],
    [
      "an assertion that does not hold yet",
      () => response({ fromMs: 10 * minuteMs, windowMs: 20 * minuteMs }),
    ],
    [
      "a confirmation without end",
      () => response({ data: `Recipient="${pool.base}/saml2/idpresponse" InResponseTo="${requestId}"` }),
    ],
    [
      "an end that is no time",
      () =>
        response({
          data: `NotOnOrAfter="never" Recipient="${pool.base}/saml2/idpresponse" InResponseTo="${requestId}"`,
        }),
    ],
    [
      "a confirmation by the holder of a key",
      () => response({ method: "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key" }),
    ],
    ["no subject", () => response({ subject: " " })],
    ["a signed response without an assertion", () => signSaml(wrapped(""), { by: idp, element: "Response" })],
  ];

  it("at least sixty kinds of bad documents", () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });

  it.each(cases)("%s", async (_, make) => {
    await bring(await make());
    expect(browser.left === "" ? null : browser.result.get("code")).toBeNull();
    expect(browser.left === "" ? browser.problem : browser.result.get("error")).toBeTruthy();
  });

  it("a response that was used before", async () => {
    const xml = good();
    await bring(xml);
    expect(browser.result.get("code")).toBeTruthy();
    await bring(xml);
    expect(browser.problem).toContain("used before");
  });

  it("the same assertion for another request", async () => {
    const first = good();
    await bring(first);
    const second = await leave();
    await bring(first, second, second.result.get("RelayState") ?? "");
    expect(second.result.get("error")).toBeTruthy();
  });

  it("a response without a request, or for one that was forged or is old", async () => {
    const xml = good();
    for (const state of ["", "forged", `${relay.slice(0, -2)}AA`]) {
      await bring(xml, browser, state);
      expect(browser.problem).toContain("not valid");
    }
    await cloudkeep.clock.advance(6 * minuteMs);
    await bring(response());
    expect(browser.problem).toContain("expired");
  });

  it("an arrival that was used, or is somebody else's", async () => {
    const stopped = await leave();
    await stopped.open(`${pool.base}/saml2/continue?arrival=forged`);
    expect(stopped.status).toBe(400);
  });
});

it("metadata that cannot be read makes no provider", async () => {
  const { UserPoolId } = pool;
  const named = { UserPoolId, ProviderName: "Bad", ProviderType: "SAML" as const };
  for (const MetadataFile of [
    "nonsense",
    `<!DOCTYPE a>${metadata()}`,
    metadata().replace(idp.certificate, "AAAA"),
  ]) {
    const refused = await errorOf(
      pool.idp.createIdentityProvider({ ...named, ProviderDetails: { MetadataFile } }),
    );
    expect(refused.name).toBe("InvalidParameterException");
  }
});
