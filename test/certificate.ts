import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

/** A self-signed certificate for a name or address, and its key, both in PEM. */
export async function newCertificate(name: string): Promise<{ key: string; certificate: string }> {
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
    name: `CN=${name}`,
    notBefore: new Date("2026-01-01"),
    notAfter: new Date("2046-01-01"),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: /^[\d.]+$/.test(name) ? "ip" : "dns", value: name }]),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return {
    key: key.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: certificate.toString("pem"),
  };
}
