import { CreateSAMLProviderCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, it } from "vitest";
import { badSaml } from "../../../test/badSaml.ts";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import { type Idp, metadataOf, newIdp, signSaml } from "../../../test/idp.ts";
import type { Cloudkeep } from "../../start.ts";
import { guestClient, identityClient, poolRole } from "./testing.ts";

const entity = "https://idp.example.com/saml";
const subject = "ada@example.com";
const audience = "https://signin.aws.amazon.com/saml";
const windowMs = 300_000;
const arn = "arn:aws:iam::000000000000:saml-provider/example";

let cloudkeep: Cloudkeep;
let idp: Idp;
let IdentityPoolId: string;
let analyst: string;
let serial = 0;
beforeAll(async () => {
  cloudkeep = await startForTest();
  idp = await newIdp();
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const SAMLMetadataDocument = metadataOf(entity, idp.certificate);
  await iam.send(new CreateSAMLProviderCommand({ Name: "example", SAMLMetadataDocument }));
  const owner = identityClient(cloudkeep);
  const pool = await owner.createIdentityPool({
    IdentityPoolName: "saml",
    AllowUnauthenticatedIdentities: false,
    SamlProviderARNs: [arn],
  });
  IdentityPoolId = pool.IdentityPoolId ?? "";
  analyst = await poolRole(cloudkeep, "analyst", IdentityPoolId, "authenticated");
  await owner.setIdentityPoolRoles({
    IdentityPoolId,
    Roles: {},
    RoleMappings: { [arn]: { Type: "Token", AmbiguousRoleResolution: "Deny" } },
  });
});
afterAll(() => cloudkeep.stop());

function assertionXml(options: { subject?: string; id?: string } = {}): string {
  serial += 1;
  const { subject: name = subject, id = `_${serial}` } = options;
  const at = (ms: number) => new Date(cloudkeep.clock.now() + ms).toISOString();
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${entity}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${name}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${at(windowMs)}" Recipient="${audience}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${at(-windowMs)}" NotOnOrAfter="${at(windowMs)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue>${analyst},${arn}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`;
}

const wrapped = (assertion: string) =>
  `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${entity}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${assertion}</samlp:Response>`;

const loginsOf = (xml: string) => ({ [arn]: Buffer.from(xml).toString("base64") });

it("a SAML provider's user is one identity, with the role that the assertion names", async () => {
  const guest = guestClient(cloudkeep);
  const Logins = loginsOf(signSaml(wrapped(assertionXml()), { by: idp }));
  const { IdentityId } = await guest.getId({ IdentityPoolId, Logins });
  const { Credentials } = await guest.getCredentialsForIdentity({ IdentityId, Logins });
  expect(Credentials?.AccessKeyId).toMatch(/^ASIA/);
  const again = loginsOf(signSaml(wrapped(assertionXml()), { by: idp }));
  expect(await guest.getId({ IdentityPoolId, Logins: again })).toMatchObject({ IdentityId });
  const CustomRoleArn = "arn:aws:iam::000000000000:role/other";
  const refused = await errorOf(guest.getCredentialsForIdentity({ IdentityId, Logins, CustomRoleArn }));
  expect(refused.name).toBe("NotAuthorizedException");
});

const bad = badSaml({ idp: () => idp, assertion: (forged) => assertionXml(forged), wrapped, subject });

it.each(bad)("nobody is known by %s", async (_, make) => {
  const { name } = await errorOf(
    guestClient(cloudkeep).getId({ IdentityPoolId, Logins: loginsOf(await make()) }),
  );
  // What is too long, or nothing at all, does not get that far.
  expect(name).toMatch(/^(?:NotAuthorizedException|InvalidParameterException)$/);
});
