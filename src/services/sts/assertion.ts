import { createHash } from "node:crypto";
import type { SamlFacts } from "../../kit/ports.ts";
import {
  attribute,
  audiencesOf,
  BadAssertion,
  bearerData,
  below,
  checkTimes,
  type Node,
  signedAssertion,
  textOf,
} from "../../kit/saml.ts";

export { BadAssertion };

/**
 * Reads a SAML response and believes only what the provider signed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
 */

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

/** The assertion in a response. Throws `BadAssertion`. */
export async function readAssertion(
  response: string,
  { entityId, certificates }: SamlFacts,
  nowMs: number,
): Promise<Assertion> {
  return judged(await signedAssertion(response, certificates), entityId, nowMs);
}

function judged(assertion: Node, entity: string, nowMs: number): Assertion {
  const [nameId] = below(below(assertion, "Subject")[0], "NameID");
  const data = bearerData(assertion);
  const issuer = textOf(below(assertion, "Issuer")[0]);
  if (issuer !== entity) throw new BadAssertion("The SAML response is not the provider's.");
  const recipient = attribute(data, "Recipient") ?? "";
  if (!recipientForm.test(recipient)) throw new BadAssertion("The SAML response is for another recipient.");
  if (!audiencesOf(assertion).some((one) => audiences.has(one)))
    throw new BadAssertion("The SAML response is for another audience.");
  const expires = checkTimes(assertion, nowMs);
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
