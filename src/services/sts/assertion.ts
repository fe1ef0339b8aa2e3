import { createHash } from "node:crypto";
import { SAML } from "@node-saml/node-saml";
import type { SamlFacts } from "../../kit/ports.ts";

/**
 * Reads a SAML response and believes only what the provider signed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
 */

const maxResponseChars = 100_000;
const audiences: ReadonlySet<string> = new Set([
  "https://signin.aws.amazon.com/saml",
  "urn:amazon:webservices",
]);
const recipientForm = /^https:\/\/(?:[a-z0-9-]+\.)?signin\.aws\.amazon\.com\/saml(?:\/[\w/-]*)?$/;
const attributePrefix = "https://aws.amazon.com/SAML/Attributes/";

export interface Assertion {
  id: string;
  issuer: string;
  subject: string;
  /** "persistent", "transient", or the whole format. */
  subjectType: string;
  recipient: string;
  /** ms since the epoch: the end of the time window. */
  expires: number;
  /** ms since the epoch: when the provider's own session ends. */
  sessionExpires?: number;
  /** Seconds that the provider wants the role's session to live. */
  sessionSeconds?: number;
  /** AWS's attributes by the end of their names: "Role", "RoleSessionName", "PrincipalTag:Team". */
  attributes: Record<string, string[]>;
}

/** The response proves nothing; `expired` if only its time has passed. */
export class BadAssertion extends Error {
  readonly expired: boolean;
  constructor(message: string, expired = false) {
    super(message);
    this.expired = expired;
  }
}

/** What XML may not hold here: document types, comments and processing instructions have hidden much in other parsers. */
function checkText(xml: string): void {
  if (/<!DOCTYPE|<!ENTITY|<!--|<\?(?!xml )/i.test(xml))
    throw new BadAssertion("The SAML response holds what it must not.");
  if (/(?:rsa-|dsa-|#)sha1\b|rsa-md5|#md5/i.test(xml))
    throw new BadAssertion("The SAML response uses a weak hash.");
}

type Node = Record<string, unknown>;

/** Elements of a name below a node, as the parsed assertion has them. */
function below(node: unknown, name: string): Node[] {
  const found = (node as Node | undefined)?.[name];
  return Array.isArray(found) ? (found as Node[]) : [];
}

function attribute(node: unknown, name: string): string | undefined {
  const value = ((node as Node | undefined)?.$ as Record<string, string> | undefined)?.[name];
  return value;
}

function textOf(node: unknown): string {
  return typeof node === "string" ? node : String((node as Node | undefined)?._ ?? "");
}

/** The assertion in a response. Throws `BadAssertion`. */
export async function readAssertion(
  response: string,
  { entityId, certificates }: SamlFacts,
  nowMs: number,
): Promise<Assertion> {
  if (response.length > maxResponseChars) throw new BadAssertion("The SAML response is too long.");
  checkText(Buffer.from(response, "base64").toString());
  const saml = new SAML({
    idpCert: [...certificates],
    issuer: "urn:amazon:webservices",
    callbackUrl: "https://signin.aws.amazon.com/saml",
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: false,
    // Time and audience are judged below: by Cloudkeep's clock, and by AWS's names.
    acceptedClockSkewMs: -1,
    audience: false,
    validateInResponseTo: "never" as never,
  });
  let parsed: Node | undefined;
  try {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: response });
    parsed = (profile?.getAssertion?.() as Node | undefined)?.Assertion as Node | undefined;
  } catch {
    throw new BadAssertion("The SAML response's signature is not valid.");
  }
  if (parsed === undefined) throw new BadAssertion("The SAML response holds no assertion.");
  return judged(parsed, entityId, nowMs);
}

function judged(assertion: Node, entity: string, nowMs: number): Assertion {
  const [conditions] = below(assertion, "Conditions");
  const [subject] = below(assertion, "Subject");
  const [nameId] = below(subject, "NameID");
  const confirmation = below(subject, "SubjectConfirmation").find((one) =>
    attribute(one, "Method")?.endsWith(":cm:bearer"),
  );
  const [data] = below(confirmation, "SubjectConfirmationData");
  const issuer = textOf(below(assertion, "Issuer")[0]);
  if (issuer !== entity) throw new BadAssertion("The SAML response is not the provider's.");
  const recipient = attribute(data, "Recipient") ?? "";
  if (!recipientForm.test(recipient)) throw new BadAssertion("The SAML response is for another recipient.");
  const named = below(below(conditions, "AudienceRestriction")[0], "Audience").map(textOf);
  if (!named.some((one) => audiences.has(one)))
    throw new BadAssertion("The SAML response is for another audience.");
  const ends = [attribute(conditions, "NotOnOrAfter"), attribute(data, "NotOnOrAfter")].map((at) =>
    Date.parse(at ?? ""),
  );
  const expires = Math.min(...ends.filter((at) => !Number.isNaN(at)));
  if (!Number.isFinite(expires))
    throw new BadAssertion("The SAML response does not say until when it holds.");
  if (expires <= nowMs) throw new BadAssertion("Response has expired", true);
  const begins = Date.parse(attribute(conditions, "NotBefore") ?? "");
  if (begins > nowMs) throw new BadAssertion("The SAML response does not hold yet.");
  const sessionExpires = Date.parse(
    attribute(below(assertion, "AuthnStatement")[0], "SessionNotOnOrAfter") ?? "",
  );
  const format = attribute(nameId, "Format") ?? "";
  const id = attribute(assertion, "ID");
  if (id === undefined || nameId === undefined) throw new BadAssertion("The SAML response names no subject.");
  const attributes = attributesOf(assertion);
  return {
    id,
    issuer,
    subject: textOf(nameId),
    subjectType: /:(persistent|transient)$/.exec(format)?.[1] ?? format,
    recipient,
    expires,
    ...(!Number.isNaN(sessionExpires) && { sessionExpires }),
    ...sessionLength(attributes),
    attributes,
  };
}

const minSessionSeconds = 900;
const maxSessionSeconds = 43_200;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html#saml_role-session-duration */
function sessionLength(attributes: Assertion["attributes"]): Pick<Assertion, "sessionSeconds"> {
  const text = attributes.SessionDuration?.[0];
  if (text === undefined) return {};
  const sessionSeconds = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (sessionSeconds < minSessionSeconds || sessionSeconds > maxSessionSeconds) {
    throw new BadAssertion(
      `SessionDuration must be ${minSessionSeconds} to ${maxSessionSeconds} seconds; it is '${text}'.`,
    );
  }
  return { sessionSeconds };
}

function attributesOf(assertion: Node): Record<string, string[]> {
  const attributes: Record<string, string[]> = {};
  for (const statement of below(assertion, "AttributeStatement")) {
    for (const one of below(statement, "Attribute")) {
      const name = attribute(one, "Name") ?? "";
      if (name.startsWith(attributePrefix)) {
        attributes[name.slice(attributePrefix.length)] = below(one, "AttributeValue").map(textOf);
      }
    }
  }
  return attributes;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html#API_AssumeRoleWithSAML_ResponseElements */
export function nameQualifierOf(issuer: string, account: string, provider: string): string {
  return createHash("sha1").update(`${issuer}${account}/${provider}`).digest("base64");
}
