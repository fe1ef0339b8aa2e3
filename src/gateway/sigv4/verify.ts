import { hash, verify as verifyAsymmetric } from "node:crypto";
import { canonicalRequest, type PathRules, type Signable } from "./canonical.ts";
import type { Claim } from "./claim.ts";
import { equalInConstantTime, type KeyCache } from "./keys.ts";

export interface Judged {
  valid: boolean;
  /** Shown to the caller when the signature does not match, as AWS does. Holds nothing secret. */
  canonicalRequest: string;
  stringToSign: string;
}

/** Path rules of a service, by its signing name: S3 alone keeps the path as it was sent. */
export function pathRules(service: string): PathRules {
  const s3 = service === "s3" || service === "s3-object-lambda" || service === "s3-outposts";
  return s3 ? { normalize: false, encodeTwice: false } : { normalize: true, encodeTwice: true };
}

/**
 * Judges the signature of a request whose headers have arrived. `payloadHash` is what the client signed for
 * the body (a hexadecimal SHA-256, or one of the `STREAMING-…`/`UNSIGNED-PAYLOAD` words); the body itself is
 * held against it elsewhere.
 */
export function judge(
  request: Signable,
  claim: Claim,
  payloadHash: string,
  secret: string,
  keys: KeyCache,
  rules: PathRules = pathRules(claim.service),
): Judged {
  const leaveOut = claim.place === "query" ? "X-Amz-Signature" : undefined;
  const canonical = canonicalRequest(request, claim.signedHeaders, payloadHash, rules, leaveOut);
  if (canonical === undefined) return { valid: false, canonicalRequest: "", stringToSign: "" };
  // Node reads headers as Latin-1; what was signed are their bytes.
  const isAscii = Buffer.byteLength(canonical) === canonical.length;
  const signed = hash("sha256", isAscii ? canonical : Buffer.from(canonical, "latin1"), "hex");
  const stringToSign = `${claim.algorithm}\n${claim.timestamp}\n${claim.scope}\n${signed}`;
  return {
    valid: signatureMatches(stringToSign, claim, secret, keys),
    canonicalRequest: canonical,
    stringToSign,
  };
}

/** Whether `signature` (hexadecimal) is the claim's caller's over `stringToSign`. */
export function signatureMatches(
  stringToSign: string,
  claim: Claim,
  secret: string,
  keys: KeyCache,
  signature = claim.signature,
): boolean {
  if (claim.algorithm === "AWS") return false;
  if (claim.algorithm === "AWS4-HMAC-SHA256") {
    const key = keys.symmetric(claim.accessKeyId, secret, `${claim.day}/${claim.region}/${claim.service}`);
    return equalInConstantTime(key.hex(stringToSign), signature);
  }
  if (!/^(?:[0-9a-f]{2}){8,72}$/.test(signature)) return false;
  const publicKey = keys.publicKey(claim.accessKeyId, secret);
  return verifyAsymmetric("sha256", Buffer.from(stringToSign), publicKey, Buffer.from(signature, "hex"));
}
