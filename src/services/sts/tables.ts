import { table } from "../../kit/table.ts";

/** The key that seals session tokens, 32 bytes in base64. One row: "current". */
export const tokenKeys = table<{ key: string }, [name: string]>("sts", "token-keys");

/** SAML assertions that were used, until they expire. */
export const usedAssertions = table<{ expires: number }, [provider: string, id: string]>(
  "sts",
  "used-assertions",
);

/** Keys of accounts' token issuers: PKCS #8 in PEM, by the issuer's URL and "RS256" or "ES384". */
export const issuerKeyPairs = table<{ privateKey: string }, [issuer: string, algorithm: string]>(
  "sts",
  "issuer-keys",
);
