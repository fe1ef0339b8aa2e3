import { newCertificate } from "./certificate.ts";

/** A SAML identity provider: its key in PEM, its certificate in base64. */
export interface Idp {
  key: string;
  certificate: string;
}

export async function newIdp(): Promise<Idp> {
  const { key, certificate } = await newCertificate("idp.example.com");
  return { key, certificate: certificate.replace(/-----[^-]+-----|\s/g, "") };
}

/** What an identity provider publishes of itself, as long as IAM wants it at least. */
export function metadataOf(entityID: string, certificate: string): string {
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityID}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>`.padEnd(
    1000,
  );
}
