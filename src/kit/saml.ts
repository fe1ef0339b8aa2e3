import { SAML } from "@node-saml/node-saml";

/**
 * Reads SAML responses and believes only what the provider signed. Load it on first use: few calls need its libraries,
 * and every start would pay for them.
 */

/** In base64. */
const maxResponseChars = 100_000;
/** Elements within elements; parsers take long for many. */
const maxDepth = 64;

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
  let depth = 0;
  for (const [tag] of xml.matchAll(/<[^>]*>/g)) {
    if (tag.startsWith("</")) depth -= 1;
    else if (!tag.endsWith("/>") && !tag.startsWith("<?")) depth += 1;
    if (depth > maxDepth) throw new BadAssertion("The SAML response is nested too deeply.");
  }
}

export type Node = Record<string, unknown>;

/** Elements of a name below a node, as the parsed assertion has them. */
export function below(node: unknown, name: string): Node[] {
  const found = (node as Node | undefined)?.[name];
  return Array.isArray(found) ? (found as Node[]) : [];
}

export function attribute(node: unknown, name: string): string | undefined {
  const value = ((node as Node | undefined)?.$ as Record<string, string> | undefined)?.[name];
  return value;
}

export function textOf(node: unknown): string {
  return typeof node === "string" ? node : String((node as Node | undefined)?._ ?? "");
}

/** The data of the subject's bearer confirmation. */
export function bearerData(assertion: Node): Node | undefined {
  const confirmation = below(below(assertion, "Subject")[0], "SubjectConfirmation").find((one) =>
    attribute(one, "Method")?.endsWith(":cm:bearer"),
  );
  return below(confirmation, "SubjectConfirmationData")[0];
}

/** When an assertion ends, ms; throws `BadAssertion` unless it holds now. */
export function checkTimes(assertion: Node, nowMs: number): number {
  const [conditions] = below(assertion, "Conditions");
  const data = bearerData(assertion);
  const ends = [attribute(conditions, "NotOnOrAfter"), attribute(data, "NotOnOrAfter")].map((at) =>
    Date.parse(at ?? ""),
  );
  const expires = Math.min(...ends.filter((at) => !Number.isNaN(at)));
  if (!Number.isFinite(expires))
    throw new BadAssertion("The SAML response does not say until when it holds.");
  if (expires <= nowMs) throw new BadAssertion("Response has expired", true);
  const begins = Date.parse(attribute(conditions, "NotBefore") ?? "");
  if (begins > nowMs) throw new BadAssertion("The SAML response does not hold yet.");
  return expires;
}

/** Those whom an assertion is for. */
export function audiencesOf(assertion: Node): string[] {
  const [conditions] = below(assertion, "Conditions");
  return below(below(conditions, "AudienceRestriction")[0], "Audience").map(textOf);
}

/** The assertion in a response, as one of the certificates signed it. Throws `BadAssertion`. */
export async function signedAssertion(response: string, certificates: readonly string[]): Promise<Node> {
  if (response.length > maxResponseChars) throw new BadAssertion("The SAML response is too long.");
  checkText(Buffer.from(response, "base64").toString());
  const saml = new SAML({
    idpCert: [...certificates],
    issuer: "urn:amazon:webservices",
    callbackUrl: "https://signin.aws.amazon.com/saml",
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: false,
    // Time and audience are judged by whoever asks: by Cloudkeep's clock, and by AWS's names.
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
  return parsed;
}
