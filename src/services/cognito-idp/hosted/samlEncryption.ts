import { promisify } from "node:util";
import { decrypt } from "xml-encryption";
import { BadAssertion } from "../../../kit/saml.ts";

/**
 * Assertions that are encrypted for the pool. What comes out is believed as little as before: it is judged as any other
 * response, and only the signature within it counts. Load it on first use.
 */

const opened = promisify(decrypt) as (
  xml: string,
  options: { key: string; disallowDecryptionWithInsecureAlgorithm: true },
) => Promise<string>;

const maxResponseChars = 100_000;
const element = /<(?:\w+:)?EncryptedAssertion\b[^>]*>(.*?)<\/(?:\w+:)?EncryptedAssertion>/gs;

/** The response with its assertion in the clear; in base64, as it came. Throws `BadAssertion`. */
export async function decryptedResponse(response: string, privateKey: string): Promise<string> {
  if (response.length > maxResponseChars) throw new BadAssertion("The SAML response is too long.");
  const xml = Buffer.from(response, "base64").toString();
  if (/<!DOCTYPE|<!ENTITY|<!--/i.test(xml))
    throw new BadAssertion("The SAML response holds what it must not.");
  const [found, another] = [...xml.matchAll(element)];
  if (found === undefined || another !== undefined || /<(?:\w+:)?Assertion\b/.test(xml))
    throw new BadAssertion("The SAML response does not hold one encrypted assertion.");
  let assertion: string;
  try {
    assertion = await opened(found[1] ?? "", {
      key: privateKey,
      disallowDecryptionWithInsecureAlgorithm: true,
    });
  } catch {
    // One answer for whatever went wrong: more would help to guess what is encrypted.
    throw new BadAssertion("The SAML response's signature is not valid.");
  }
  const { index, 0: whole } = found;
  const clear = `${xml.slice(0, index)}${assertion}${xml.slice(index + whole.length)}`;
  return Buffer.from(clear).toString("base64");
}
