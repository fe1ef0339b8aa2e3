import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";

/** A SAML identity provider: its key in PEM, its certificate in base64. */
export interface Idp {
  key: string;
  certificate: string;
}

export async function newIdp(): Promise<Idp> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=idp.example.com",
    notBefore: new Date("2026-01-01"),
    notAfter: new Date("2046-01-01"),
    signingAlgorithm: algorithm,
    keys: keys as never,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    format: "pem",
    type: "pkcs8",
  });
  return { key: key.toString(), certificate: Buffer.from(certificate.rawData).toString("base64") };
}

/** What an identity provider publishes of itself, as long as IAM wants it at least. */
export function metadataOf(entityID: string, certificate: string): string {
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityID}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>`.padEnd(
    1000,
  );
}
