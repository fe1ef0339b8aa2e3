import { hash } from "node:crypto";
import type { Caller } from "../kit/caller.ts";
import type { MovableClock } from "../kit/clock.ts";
import { type Credential, type Ports, SessionProblem } from "../kit/service.ts";
import type { Store } from "../storage/store.ts";
import { maxBodyBytes, maxUnprovenBodyBytes, readBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { Refused } from "./refuse.ts";
import { NotCanonical } from "./sigv4/canonical.ts";
import { BadChunk, ChunkedBody, streamingForms } from "./sigv4/chunked.ts";
import { BadClaim, type Claim, readClaim, timeOf } from "./sigv4/claim.ts";
import { equalInConstantTime, type KeyCache } from "./sigv4/keys.ts";
import { type Judged, judge } from "./sigv4/verify.ts";

/** Who called, proven, and the body that the proof covers. */
export interface Authenticated {
  caller: Caller;
  body: Buffer;
}

export interface AuthenticateOptions {
  store: Store;
  clock: MovableClock;
  keys: KeyCache;
  ports: Pick<Ports, "findAccessKey" | "openSession">;
}

export const anonymous: Caller = {
  principal: { kind: "anonymous", account: "", arn: "", userId: "" },
};

const words = {
  missing: "Request is missing Authentication Token",
  invalidToken: "The security token included in the request is invalid.",
  expiredToken: "The security token included in the request is expired",
  mismatch:
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
};

/** Services that take `UNSIGNED-PAYLOAD`; for the others a signature covers the body. */
const unsignedPayloadServices = new Set(["s3", "s3-object-lambda", "s3-outposts", "s3express"]);

/** Query services and S3 allow 15 minutes between clocks, the JSON services 5. */
const jsonSkewMs = 5 * 60_000;
const otherSkewMs = 15 * 60_000;

/** The request's claim, or a refusal in AWS's words. */
export function claimOf(exchange: Exchange): Claim | undefined {
  try {
    return readClaim(exchange.headers, exchange.query);
  } catch (error) {
    if (error instanceof BadClaim) throw new Refused("incompleteSignature", error.message);
    throw error;
  }
}

/** An unsigned call: only operations that AWS leaves unsigned get further than this. */
export async function unsigned(exchange: Exchange): Promise<Authenticated> {
  return {
    caller: anonymous,
    body: await readBody(exchange.request, exchange.headers, maxUnprovenBodyBytes),
  };
}

/** Proves a signed request, or refuses it. */
export async function authenticate(
  exchange: Exchange,
  claim: Claim,
  options: AuthenticateOptions,
): Promise<Authenticated> {
  checkTime(exchange, claim, options.clock.real());
  checkCoverage(exchange, claim);
  const credential = await findCredential(claim, options);
  const declared = payloadWord(exchange, claim);
  const form = declared === undefined ? undefined : streamingForms.get(declared);
  if (declared !== undefined) {
    // The signature is judged from the headers, before a body that may be large is read.
    prove(exchange, claim, declared, credential, options.keys);
    const raw = await readBody(exchange.request, exchange.headers, maxBodyBytes);
    if (form)
      return {
        caller: credential.caller,
        body: dechunked(exchange, raw, form, claim, credential, options.keys),
      };
    checkPayload(raw, declared);
    return { caller: credential.caller, body: raw };
  }
  const body = await readBody(exchange.request, exchange.headers, maxBodyBytes);
  prove(exchange, claim, hash("sha256", body, "hex"), credential, options.keys);
  return { caller: credential.caller, body };
}

function minutesText(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function checkTime(exchange: Exchange, claim: Claim, now: number): void {
  const signedAt = timeOf(claim.timestamp);
  if (Number.isNaN(signedAt))
    throw new Refused(
      "incompleteSignature",
      `Date must be in ISO-8601 'basic format'. Got '${claim.timestamp}'.`,
    );
  const skewMs = exchange.headers["x-amz-target"] !== undefined ? jsonSkewMs : otherSkewMs;
  const skewMinutes = skewMs / 60_000;
  if (signedAt > now + skewMs) {
    throw new Refused(
      "expiredRequest",
      `Signature not yet current: ${claim.timestamp} is still later than ${minutesText(now + skewMs)} (${minutesText(now)} + ${skewMinutes} min.)`,
    );
  }
  if (claim.expiresSeconds !== undefined) {
    if (now > signedAt + claim.expiresSeconds * 1000) {
      throw new Refused(
        "expiredRequest",
        `Signature expired: ${claim.timestamp} is now earlier than ${minutesText(now - claim.expiresSeconds * 1000)}`,
      );
    }
  } else if (signedAt < now - skewMs) {
    throw new Refused(
      "expiredRequest",
      `Signature expired: ${claim.timestamp} is now earlier than ${minutesText(now - skewMs)} (${minutesText(now)} - ${skewMinutes} min.)`,
    );
  }
}

/**
 * A signature must cover the host and every `x-amz-` header, or a header that changes the meaning of the
 * request could be added to it. The session token is left out: it proves itself, and some clients add it
 * after signing.
 */
function checkCoverage(exchange: Exchange, claim: Claim): void {
  const { headers } = exchange;
  // HTTP/2 names the host in a pseudo-header; a "host" beside it must not say anything else.
  const coversAuthority =
    claim.signedHeaders.includes(":authority") && headers.host === headers[":authority"];
  if (!coversAuthority && !claim.signedHeaders.includes("host")) {
    throw new Refused(
      "badSignature",
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  for (const name in headers) {
    if (!name.startsWith("x-amz-") || name === "x-amz-security-token") continue;
    if (!claim.signedHeaders.includes(name)) {
      throw new Refused(
        "badSignature",
        `There were headers present in the request which were not signed: ${name}`,
      );
    }
  }
}

async function findCredential(
  claim: Claim,
  { store, clock, ports }: AuthenticateOptions,
): Promise<Credential> {
  const { accessKeyId, securityToken } = claim;
  try {
    const found = await store.peek((tx) =>
      securityToken === undefined
        ? ports.findAccessKey(accessKeyId, tx)
        : ports.openSession(accessKeyId, securityToken, tx, clock),
    );
    if (found !== undefined) return found;
  } catch (error) {
    if (!(error instanceof SessionProblem)) throw error;
    if (error.problem === "expired") throw new Refused("expiredToken", words.expiredToken);
  }
  throw new Refused("unknownKey", words.invalidToken, `no credential ${accessKeyId}`);
}

/** What the client says it signed for the body; undefined where the body's own hash is signed without a word. */
function payloadWord(exchange: Exchange, claim: Claim): string | undefined {
  const word = exchange.headers["x-amz-content-sha256"];
  const mayLeaveUnsigned = unsignedPayloadServices.has(claim.service);
  if (word === undefined) return claim.place === "query" && mayLeaveUnsigned ? "UNSIGNED-PAYLOAD" : undefined;
  if (/^[0-9a-f]{64}$/.test(word)) return word;
  const form = streamingForms.get(word);
  const leavesUnsigned = word === "UNSIGNED-PAYLOAD" || form?.signed === false;
  const asymmetric = claim.algorithm === "AWS4-ECDSA-P256-SHA256";
  const otherAlgorithm = form?.signed === true && word.includes("ECDSA") !== asymmetric;
  if ((leavesUnsigned && !mayLeaveUnsigned) || (!leavesUnsigned && form === undefined) || otherAlgorithm) {
    throw new Refused(
      "badSignature",
      `x-amz-content-sha256 must be the SHA-256 of the payload; got '${word}'`,
    );
  }
  return word;
}

function prove(
  exchange: Exchange,
  claim: Claim,
  payloadHash: string,
  credential: Credential,
  keys: KeyCache,
): void {
  const judged = judgedOrRefused(exchange, claim, payloadHash, credential, keys);
  if (judged.valid) return;
  const shown = `\n\nThe Canonical String for this request should have been\n'${judged.canonicalRequest}'\n\nThe String-to-Sign should have been\n'${judged.stringToSign}'\n`;
  throw new Refused("badSignature", `${words.mismatch}${judged.canonicalRequest ? shown : ""}`);
}

function judgedOrRefused(
  exchange: Exchange,
  claim: Claim,
  payloadHash: string,
  credential: Credential,
  keys: KeyCache,
): Judged {
  try {
    return judge(exchange, claim, payloadHash, credential.secretAccessKey, keys);
  } catch (error) {
    if (error instanceof NotCanonical) throw new Refused("incompleteSignature", error.message);
    throw error;
  }
}

function checkPayload(body: Buffer, declared: string): void {
  if (declared === "UNSIGNED-PAYLOAD") return;
  if (!equalInConstantTime(hash("sha256", body, "hex"), declared)) {
    throw new Refused("badSignature", words.mismatch, "the body is not the one that was signed");
  }
}

function dechunked(
  exchange: Exchange,
  raw: Buffer,
  form: { signed: boolean; trailer: boolean },
  claim: Claim,
  credential: Credential,
  keys: KeyCache,
): Buffer {
  const declared = exchange.headers["x-amz-decoded-content-length"];
  if (declared === undefined || !/^\d{1,15}$/.test(declared)) {
    throw new Refused(
      "incompleteSignature",
      "x-amz-decoded-content-length must tell the length of the payload.",
    );
  }
  try {
    const secret = credential.secretAccessKey;
    const chunks = new ChunkedBody({ form, claim, secret, keys, decodedLength: Number(declared) });
    const data = Buffer.concat(chunks.push(raw));
    chunks.end();
    return data;
  } catch (error) {
    if (error instanceof BadChunk) throw new Refused("badSignature", error.message);
    throw error;
  }
}
