import { X509Certificate } from "node:crypto";

/** What a SAML provider's metadata says. No entities expand: a document with a document type is none. */

export interface SamlMetadata {
  entityId: string;
  /** In base64. */
  certificates: string[];
  /** Where browsers are sent, by redirect. */
  redirectUrl: string;
  /** Where they are sent to sign out, if the provider says. */
  logoutUrl?: string;
}

const redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

export function samlMetadata(text: string): SamlMetadata | undefined {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) return undefined;
  const entityId = /<(?:\w+:)?EntityDescriptor\b[^>]*\bentityID="([^"]+)"/.exec(text)?.[1];
  const provider = /<(?:\w+:)?IDPSSODescriptor\b.*<\/(?:\w+:)?IDPSSODescriptor>/s.exec(text)?.[0] ?? "";
  const certificates = [...provider.matchAll(/<(?:\w+:)?X509Certificate>([^<]*)</g)].map(([, one = ""]) =>
    one.replace(/\s/g, ""),
  );
  const location = redirectTo(provider, /<(?:\w+:)?SingleSignOnService\b([^>]*)>/g);
  if (entityId === undefined || location === undefined || !isAddress(location)) return undefined;
  if (certificates.length === 0 || !certificates.every(isReadable)) return undefined;
  const logoutUrl = redirectTo(provider, /<(?:\w+:)?SingleLogoutService\b([^>]*)>/g);
  return { entityId, certificates, redirectUrl: location, ...(logoutUrl !== undefined && { logoutUrl }) };
}

/** Where a service of the provider takes redirects. */
function redirectTo(provider: string, form: RegExp): string | undefined {
  const service = [...provider.matchAll(form)].find(([, attributes = ""]) =>
    attributes.includes(`"${redirectBinding}"`),
  );
  return /\bLocation="([^"]+)"/.exec(service?.[1] ?? "")?.[1]?.replaceAll("&amp;", "&");
}

function isAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

function isReadable(certificate: string): boolean {
  try {
    return new X509Certificate(Buffer.from(certificate, "base64")).publicKey !== undefined;
  } catch {
    return false;
  }
}
