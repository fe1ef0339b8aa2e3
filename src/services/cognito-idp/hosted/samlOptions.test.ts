import { verify, X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { inflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encrypt } from "xml-encryption";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import { type Idp, newIdp, signSaml } from "../../../../test/idp.ts";
import type { Cloudkeep } from "../../../start.ts";
import { Browser, callback, type HostedPool, samlPool } from "./testing.ts";

const entity = "https://idp.example.com/saml";
const minuteMs = 60_000;

let cloudkeep: Cloudkeep;
let idp: Idp;
/** Where the provider says its metadata. */
let server: Server;
let document: string;
let asked = 0;
let serial = 0;

beforeAll(async () => {
  cloudkeep = await startForTest();
  idp = await newIdp();
  document = metadata("https://idp.example.com/login");
  server = createServer((_, answer) => {
    asked += 1;
    answer.end(document);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.close();
  await cloudkeep.stop();
});

function metadata(login: string): string {
  const binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entity}"><IDPSSODescriptor><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${idp.certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleLogoutService Binding="${binding}" Location="${login}/out"/><SingleSignOnService Binding="${binding}" Location="${login}"/></IDPSSODescriptor></EntityDescriptor>`;
}

const query = ({ ClientId }: HostedPool) =>
  new URLSearchParams({
    client_id: ClientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid email",
    state: "s",
  });

async function leave(pool: HostedPool) {
  const browser = await new Browser().open(`${pool.base}/oauth2/authorize?${query(pool)}`);
  const { result } = browser;
  const xml = inflateRawSync(Buffer.from(result.get("SAMLRequest") ?? "", "base64")).toString();
  return { browser, relay: result.get("RelayState") ?? "", requestId: / ID="([^"]+)"/.exec(xml)?.[1] ?? "" };
}

function response(pool: HostedPool, requestId?: string): string {
  serial += 1;
  const at = (ms: number) => new Date(cloudkeep.clock.now() + ms).toISOString();
  const answers = requestId === undefined ? "" : ` InResponseTo="${requestId}"`;
  const assertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_o${serial}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${entity}</saml:Issuer><saml:Subject><saml:NameID>ada</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${at(minuteMs)}" Recipient="${pool.base}/saml2/idpresponse"${answers}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotOnOrAfter="${at(minuteMs)}"><saml:AudienceRestriction><saml:Audience>urn:amazon:cognito:sp:${pool.UserPoolId}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>ada@corp.example.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`;
  const xml = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0" IssueInstant="${at(0)}"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${assertion}</samlp:Response>`;
  return signSaml(xml, { by: idp });
}

const bring = (browser: Browser, pool: HostedPool, xml: string, RelayState: string) =>
  browser.post(`${pool.base}/saml2/idpresponse`, {
    SAMLResponse: Buffer.from(xml).toString("base64"),
    RelayState,
  });

const detailsOf = async ({ idp: cognito, UserPoolId }: HostedPool) =>
  (await cognito.describeIdentityProvider({ UserPoolId, ProviderName: "Okta" })).IdentityProvider
    ?.ProviderDetails ?? {};

describe("requests that are signed", () => {
  it("hold against the pool's certificate", async () => {
    const pool = await samlPool(cloudkeep, { MetadataFile: document, RequestSigningAlgorithm: "rsa-sha256" });
    const { Certificate = "" } = await pool.idp.getSigningCertificate({ UserPoolId: pool.UserPoolId });
    const { browser } = await leave(pool);
    const signedText = browser.left.slice(browser.left.indexOf("SAMLRequest="));
    const [text = "", signature = ""] = signedText.split("&Signature=");
    expect(text).toContain("&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256");
    const { publicKey } = new X509Certificate(Buffer.from(Certificate, "base64"));
    const bytes = Buffer.from(decodeURIComponent(signature), "base64");
    expect(verify("sha256", Buffer.from(text), publicKey, bytes)).toBe(true);
    expect((await pool.idp.getSigningCertificate({ UserPoolId: pool.UserPoolId })).Certificate).toBe(
      Certificate,
    );
  });

  it("are asked for by one algorithm", async () => {
    const error = await errorOf(
      samlPool(cloudkeep, { MetadataFile: document, RequestSigningAlgorithm: "rsa-sha1" }),
    );
    expect(error.name).toBe("InvalidParameterException");
  });
});

describe("metadata at an address", () => {
  it("is fetched, and fetched again", async () => {
    const { port } = server.address() as AddressInfo;
    const pool = await samlPool(cloudkeep, { MetadataURL: `http://127.0.0.1:${port}/metadata` });
    expect(await detailsOf(pool)).toMatchObject({
      SSORedirectBindingURI: "https://idp.example.com/login",
      SLORedirectBindingURI: "https://idp.example.com/login/out",
    });
    const before = asked;
    await leave(pool);
    expect(asked).toBe(before);
    document = metadata("https://idp.example.com/moved");
    await cloudkeep.clock.advance(6 * 60 * minuteMs);
    expect((await leave(pool)).browser.left).toContain("https://idp.example.com/moved?SAMLRequest=");
    const { browser, relay, requestId } = await leave(pool);
    await bring(browser, pool, response(pool, requestId), relay);
    expect(browser.result.get("code")).toBeTruthy();
    document = "gone";
    await cloudkeep.clock.advance(6 * 60 * minuteMs);
    const now = asked;
    await leave(pool);
    expect((await leave(pool)).browser.left).toContain("https://idp.example.com/moved?SAMLRequest=");
    expect(asked).toBe(now + 1);
  });

  it.each(["http://idp.example.com/metadata", "https://169.254.169.254/metadata", "http://127.0.0.1:1/"])(
    "is not taken from %s",
    async (MetadataURL) => {
      const error = await errorOf(samlPool(cloudkeep, { MetadataURL }));
      expect([error.name, error.message]).toEqual([
        "InvalidParameterException",
        expect.stringContaining("cannot be retrieved"),
      ]);
    },
  );
});

describe("users whom a provider sends of its own accord", () => {
  const state = (pool: HostedPool, more: Record<string, string> = {}) => {
    const all = query(pool);
    for (const [name, value] of Object.entries({ identity_provider: "Okta", ...more })) all.set(name, value);
    return all.toString();
  };

  it("come in where the pool lets them, once", async () => {
    document = metadata("https://idp.example.com/login");
    const pool = await samlPool(cloudkeep, { MetadataFile: document, IDPInit: "true" });
    const xml = response(pool);
    const browser = await bring(new Browser(), pool, xml, state(pool));
    expect(browser.left).toContain(callback);
    expect(browser.result.get("code")).toBeTruthy();
    const again = await bring(new Browser(), pool, xml, state(pool));
    expect(again.result.get("error_description")).toContain("used before");
    // An answer to somebody's request is none that nobody asked for.
    const answer = await bring(new Browser(), pool, response(pool, "_1"), state(pool));
    expect(answer.result.get("code")).toBeNull();
    const elsewhere = state(pool, { redirect_uri: "https://evil.example.com" });
    expect((await bring(new Browser(), pool, response(pool), elsewhere)).left).toBe("");
    const nobody = state(pool, { identity_provider: "Other" });
    expect((await bring(new Browser(), pool, response(pool), nobody)).problem).toContain("not valid");
  });

  it("stay out where it does not", async () => {
    const pool = await samlPool(cloudkeep, { MetadataFile: document });
    const browser = await bring(new Browser(), pool, response(pool), state(pool));
    expect(browser.problem).toContain("not valid");
  });
});

describe("assertions that are encrypted", () => {
  const encrypted = promisify(encrypt) as (xml: string, options: object) => Promise<string>;
  let pool: HostedPool;
  let certificate: string;
  beforeAll(async () => {
    pool = await samlPool(cloudkeep, { MetadataFile: document, EncryptedResponses: "true" });
    const { ActiveEncryptionCertificate = "" } = await detailsOf(pool);
    certificate = `-----BEGIN CERTIFICATE-----\n${ActiveEncryptionCertificate}\n-----END CERTIFICATE-----`;
  });

  async function sealed(xml: string, content = "http://www.w3.org/2009/xmlenc11#aes256-gcm", key = "oaep") {
    const { publicKey } = new X509Certificate(certificate);
    const [assertion = ""] = /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml) ?? [];
    const data = await encrypted(assertion, {
      rsa_pub: publicKey.export({ format: "pem", type: "spki" }),
      pem: certificate,
      encryptionAlgorithm: content,
      keyEncryptionAlgorithm: `http://www.w3.org/2001/04/xmlenc#${key === "oaep" ? "rsa-oaep-mgf1p" : key}`,
      warnInsecureAlgorithm: false,
    });
    const element = `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${data}</saml:EncryptedAssertion>`;
    return xml.replace(assertion, () => element);
  }

  it.each(["http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"])(
    "are opened: %s",
    async (algorithm) => {
      const { browser, relay, requestId } = await leave(pool);
      await bring(browser, pool, await sealed(response(pool, requestId), algorithm), relay);
      expect(browser.result.get("code")).toBeTruthy();
    },
  );

  it("prove nothing without a signature within, under weak encryption, or in the clear", async () => {
    const forged = async (make: (xml: string) => string | Promise<string>) => {
      const { browser, relay, requestId } = await leave(pool);
      await bring(browser, pool, await make(response(pool, requestId)), relay);
      return browser.result.get("error_description");
    };
    const unsigned = (xml: string) => sealed(xml.replace(/<Signature.*?<\/Signature>/s, ""));
    expect(await forged(unsigned)).toContain("signature is not valid");
    expect(await forged((xml) => sealed(xml.replace("ada@corp", "eve@corp")))).toContain("signature");
    const rsa = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    expect(await forged((xml) => sealed(xml, rsa, "rsa-1_5"))).toContain("signature is not valid");
    expect(await forged((xml) => xml)).toContain("one encrypted assertion");
  });
});
