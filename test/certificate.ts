import { selfSigned } from "../src/kit/selfSigned.ts";

/** A self-signed certificate for a name or address, and its key, both in PEM. */
export async function newCertificate(name: string): Promise<{ key: string; certificate: string }> {
  const { privateKey, certificate } = await selfSigned(name, Date.now(), name);
  return { key: privateKey, certificate };
}
