import { CreateRoleCommand, CreateSAMLProviderCommand } from "@aws-sdk/client-iam";
import { AssumeRoleWithSAMLCommand, GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { badSaml } from "../../../test/badSaml.ts";
import { clients, credentialsOf, errorOf, startForTest } from "../../../test/harness.ts";
import { type Idp, metadataOf, newIdp, signSaml } from "../../../test/idp.ts";
import type { Cloudkeep } from "../../start.ts";

const account = "000000000000";
const entity = "https://idp.example.com/saml";
const RoleArn = `arn:aws:iam::${account}:role/analyst`;
const PrincipalArn = `arn:aws:iam::${account}:saml-provider/example`;
const minuteMs = 60_000;

let cloudkeep: Cloudkeep;
let sts: STSClient;
let idp: Idp;
let serial = 0;

beforeAll(async () => {
  idp = await newIdp();
  cloudkeep = await startForTest();
  const root = clients(cloudkeep, cloudkeep.credentials);
  sts = root.sts;
  await root.iam.send(
    new CreateSAMLProviderCommand({
      Name: "example",
      SAMLMetadataDocument: metadataOf(entity, idp.certificate),
    }),
  );
  await root.iam.send(
    new CreateRoleCommand({
      RoleName: "analyst",
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Federated: PrincipalArn },
            Action: ["sts:AssumeRoleWithSAML", "sts:TagSession"],
            Condition: { StringEquals: { "saml:aud": "https://signin.aws.amazon.com/saml" } },
          },
        ],
      }),
    }),
  );
});
afterAll(() => cloudkeep.stop());

interface Options {
  subject?: string;
  recipient?: string;
  audience?: string;
  role?: string;
  issuer?: string;
  windowMs?: number;
  fromMs?: number;
  id?: string;
  /** SessionDuration, as the provider wrote it. */
  duration?: string;
}

function assertionXml(options: Options = {}): string {
  const {
    subject = "ada@example.com",
    recipient = "https://signin.aws.amazon.com/saml",
    audience = "https://signin.aws.amazon.com/saml",
    role = `${RoleArn},${PrincipalArn}`,
    issuer = entity,
    windowMs = 5 * minuteMs,
    fromMs = -minuteMs,
    id = `_${serial}`,
    duration,
  } = options;
  serial += 1;
  const at = (ms: number) => new Date(cloudkeep.clock.now() + ms).toISOString();
  const attribute = (name: string, value: string) =>
    `<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`;
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${subject}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${at(windowMs)}" Recipient="${recipient}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${at(fromMs)}" NotOnOrAfter="${at(windowMs)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>${attribute("Role", role)}${attribute("RoleSessionName", "ada")}${attribute("PrincipalTag:Team", "data")}${duration === undefined ? "" : attribute("SessionDuration", duration)}</saml:AttributeStatement></saml:Assertion>`;
}

const wrapped = (assertion: string) =>
  `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${entity}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${assertion}</samlp:Response>`;

const signedResponse = (options?: Options) => signSaml(wrapped(assertionXml(options)), { by: idp });

function assume(xml: string, more: object = {}) {
  const SAMLAssertion = Buffer.from(xml).toString("base64");
  return sts.send(new AssumeRoleWithSAMLCommand({ RoleArn, PrincipalArn, SAMLAssertion, ...more }));
}

describe("an assertion of a known provider", () => {
  it("gives the role's credentials once", async () => {
    const xml = signedResponse();
    const answer = await assume(xml);
    expect(answer).toMatchObject({
      Subject: "ada@example.com",
      SubjectType: "persistent",
      Issuer: entity,
      Audience: "https://signin.aws.amazon.com/saml",
      AssumedRoleUser: { Arn: `arn:aws:sts::${account}:assumed-role/analyst/ada` },
    });
    const session = clients(cloudkeep, credentialsOf(answer.Credentials));
    expect((await session.sts.send(new GetCallerIdentityCommand({}))).Account).toBe(account);
    const replayed = await errorOf(assume(xml));
    expect(replayed.name).toMatch(/^InvalidIdentityToken/);
  });

  it("says how long the session lives", async () => {
    const { Credentials: given } = await assume(signedResponse({ duration: "900" }));
    const lives = (given?.Expiration?.getTime() ?? 0) - cloudkeep.clock.now();
    expect(lives).toBeGreaterThan(890_000);
    expect(lives).toBeLessThanOrEqual(900_000);
  });

  it("is refused where the role does not trust it", async () => {
    const recipient = "https://eu-west-1.signin.aws.amazon.com/saml";
    const refused = await errorOf(assume(signedResponse({ recipient })));
    expect([refused.name, refused.message]).toEqual([
      "AccessDenied",
      "Not authorized to perform sts:AssumeRoleWithSAML",
    ]);
  });
});

describe("no role is given for", () => {
  const subject = "ada@example.com";
  const shared = badSaml({
    idp: () => idp,
    assertion: (forged) => assertionXml(forged),
    wrapped,
    subject,
  });
  const cases: [string, () => string | Promise<string>][] = [
    ...shared,
    ["a changed role", () => signedResponse().replaceAll("role/analyst", "role/admin")],
    ["another recipient", () => signedResponse({ recipient: "https://evil.example.com/saml" })],
    [
      "a recipient that only looks right",
      () => signedResponse({ recipient: "https://signin.aws.amazon.com.example.com/saml" }),
    ],
    ["another audience", () => signedResponse({ audience: "https://other.example.com" })],
    ["another issuer", () => signedResponse({ issuer: "https://other.example.com" })],
    [
      "a role that is not paired with the provider",
      () => signedResponse({ role: `${RoleArn},${PrincipalArn}-other` }),
    ],
    [
      "an assertion that does not hold yet",
      () => signedResponse({ fromMs: 10 * minuteMs, windowMs: 20 * minuteMs }),
    ],
    ["a session without end", () => signedResponse({ duration: "forever" })],
    ["a session of no length", () => signedResponse({ duration: "" })],
    ["a session that is too short", () => signedResponse({ duration: "899" })],
    ["a session that is too long", () => signedResponse({ duration: "43201" })],
  ];
  it.each(cases)("%s", async (_, make) => {
    const { name } = await errorOf(assume(await make()));
    // What is too long, or nothing at all, does not get that far.
    expect(name).toMatch(/^(?:InvalidIdentityToken|ValidationError)/);
  });

  it("an assertion whose time is over", async () => {
    expect((await errorOf(assume(signedResponse({ windowMs: -1_000 })))).name).toMatch(/^ExpiredToken/);
  });

  it("a provider that does not exist", async () => {
    const gone = await errorOf(assume(signedResponse(), { PrincipalArn: `${PrincipalArn}-gone` }));
    expect(gone.message).toBe("Specified provider doesn't exist");
  });
});
