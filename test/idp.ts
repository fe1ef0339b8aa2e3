import { SignedXml } from "xml-crypto";
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

export interface Signing {
  by: Idp;
  hash?: "sha1" | "sha256" | undefined;
  /** What is signed: the assertion, or the response as a whole. */
  element?: "Assertion" | "Response" | undefined;
}

/** A response, its assertion signed as providers do. */
export function signSaml(xml: string, { by, hash = "sha256", element = "Assertion" }: Signing): string {
  const isWeak = hash === "sha1";
  const signature = new SignedXml({
    privateKey: by.key,
    signatureAlgorithm: isWeak
      ? "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
      : "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    canonicalizationAlgorithm: "http://www.w3.org/2001/10/xml-exc-c14n#",
  });
  const reference = `//*[local-name(.)='${element}']`;
  signature.addReference({
    xpath: reference,
    transforms: [
      "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
      "http://www.w3.org/2001/10/xml-exc-c14n#",
    ],
    digestAlgorithm: isWeak
      ? "http://www.w3.org/2000/09/xmldsig#sha1"
      : "http://www.w3.org/2001/04/xmlenc#sha256",
  });
  signature.computeSignature(xml, {
    location: { reference: `${reference}/*[local-name(.)='Issuer']`, action: "after" },
  });
  return signature.getSignedXml();
}
