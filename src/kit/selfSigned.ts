import { createPrivateKey, webcrypto } from "node:crypto";
import { isIP } from "node:net";

export interface SelfSigned {
  /** PKCS #8 PEM. */
  privateKey: string;
  /** PEM. */
  certificate: string;
}

const daysMs = 86_400_000;
const validYears = 20;

/** An RSA key and a certificate that it signed itself, for a server at `address` where one is given. The libraries are loaded for this alone: most starts need none of it. */
export async function selfSigned(name: string, nowMs: number, address?: string): Promise<SelfSigned> {
  await import("reflect-metadata");
  const { SubjectAlternativeNameExtension, X509CertificateGenerator } = await import("@peculiar/x509");
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
    notBefore: new Date(nowMs - daysMs),
    notAfter: new Date(nowMs + validYears * 365 * daysMs),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions:
      address === undefined
        ? []
        : [new SubjectAlternativeNameExtension([{ type: isIP(address) ? "ip" : "dns", value: address }])],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return {
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: certificate.toString("pem"),
  };
}
