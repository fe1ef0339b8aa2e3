import { hash } from "node:crypto";
import type { Caller } from "../kit/caller.ts";
import type { MovableClock } from "../kit/clock.ts";
import { type Credential, type Ports, SessionProblem } from "../kit/ports.ts";
import { chain, type MaybePromise } from "../storage/maybe.ts";
import type { Store } from "../storage/store.ts";
import {
  Arriving,
  arrived,
  type BodyProof,
  ChunkProof,
  HashProof,
  type Incoming,
  unproven,
} from "./arriving.ts";
import { maxBodyBytes, maxUnprovenBodyBytes, readBody } from "./body.ts";
import { checkCoverage, checkTime } from "./claimChecks.ts";
import type { Exchange } from "./exchange.ts";
import { Refused } from "./refuse.ts";
import { pathWithBucket } from "./route.ts";
import { legacyClaim, proveLegacy } from "./sigv2.ts";
import { NotCanonical } from "./sigv4/canonical.ts";
import { ChunkedBody, streamingForms } from "./sigv4/chunked.ts";
import { BadClaim, type Claim, readClaim } from "./sigv4/claim.ts";
import type { KeyCache } from "./sigv4/keys.ts";
import { type Judged, judge } from "./sigv4/verify.ts";

/** Who called, proven, and the body that the proof covers; or, where it streams, the body that is to come. */
export interface Authenticated {
  caller: Caller;
  body: Buffer;
  arriving?: Incoming;
}

export interface AuthenticateOptions {
  store: Store;
  clock: MovableClock;
  keys: KeyCache;
  ports: Pick<Ports, "findAccessKey" | "openSession">;
  /** The body streams: it is left to come. */
  streams?: boolean;
  /** Largest body that is read whole. */
  maxBytes?: number | undefined;
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

/** The request's claim, or a refusal in AWS's words; `unreadable` is told first that there is none. */
export function claimOf(exchange: Exchange, unreadable: () => void = () => {}): Claim | undefined {
  try {
    const { headers, query } = exchange;
    return legacyClaim(headers, query) ?? readClaim(headers, query);
  } catch (error) {
    unreadable();
    if (error instanceof BadClaim) throw new Refused("incompleteSignature", error.message);
    throw error;
  }
}

/** An unsigned call: only what AWS leaves open gets further than this. */
export function unsigned(exchange: Exchange, streams: boolean): MaybePromise<Authenticated> {
  if (streams) {
    const arriving = new Arriving(exchange, unproven, sizeOf(exchange));
    return { caller: anonymous, body: noBody, arriving };
  }
  exchange.proceed();
  return chain(readBody(exchange.request, exchange.headers, maxUnprovenBodyBytes), (body) => ({
    caller: anonymous,
    body,
  }));
}

/** Proves a signed request, or refuses it. The body of an operation that streams is left to come. */
export function authenticate(
  exchange: Exchange,
  claim: Claim,
  options: AuthenticateOptions,
): MaybePromise<Authenticated> {
  if (claim.algorithm === "AWS") return authenticateLegacy(exchange, claim, options);
  const { place, algorithm } = claim;
  exchange.facts.signature = { place, algorithm, ageMs: checkTime(exchange, claim, options.clock.real()) };
  checkCoverage(exchange, claim);
  return chain(findCredential(claim, options), (credential) =>
    authenticateAs(credential, exchange, claim, options),
  );
}

function authenticateAs(
  credential: Credential,
  exchange: Exchange,
  claim: Claim,
  options: AuthenticateOptions,
): MaybePromise<Authenticated> {
  const { maxBytes = maxBodyBytes } = options;
  const { caller } = credential;
  const declared = payloadWord(exchange, claim);
  if (declared !== undefined) {
    // The signature is judged from the headers, before a body that may be large is read.
    prove(exchange, claim, declared, credential, options.keys);
    const proof = proofOf(exchange, declared, claim, credential, options.keys);
    if (options.streams)
      return { caller, body: noBody, arriving: new Arriving(exchange, proof, sizeOf(exchange)) };
    return chain(new Arriving(exchange, proof, 0).whole(maxBytes), (body) => ({ caller, body }));
  }
  exchange.proceed();
  return chain(readBody(exchange.request, exchange.headers, maxBytes), (body) => {
    prove(exchange, claim, hash("sha256", body, "hex"), credential, options.keys);
    return options.streams ? { caller, body: noBody, arriving: arrived(body) } : { caller, body };
  });
}

/** Signature Version 2 says nothing of the body. */
async function authenticateLegacy(
  exchange: Exchange,
  claim: Claim,
  options: AuthenticateOptions,
): Promise<Authenticated> {
  const { secretAccessKey, caller } = await findCredential(claim, options);
  const path = pathWithBucket(exchange.headers.host ?? "", exchange.path);
  proveLegacy(exchange, claim, secretAccessKey, path, options.clock.real());
  exchange.facts.signature = { place: claim.place, algorithm: claim.algorithm };
  if (options.streams) {
    return { caller, body: noBody, arriving: new Arriving(exchange, unproven, sizeOf(exchange)) };
  }
  return { caller, body: await new Arriving(exchange, unproven, 0).whole(maxBodyBytes) };
}

const noBody = Buffer.alloc(0);

/** Bytes of the payload, as the headers tell. */
function sizeOf({ headers }: Exchange): number {
  const declared = headers["x-amz-decoded-content-length"] ?? headers["content-length"];
  if (declared === undefined || !/^\d{1,15}$/.test(declared)) {
    throw new Refused("missingLength", "The request must tell the length of its body.");
  }
  return Number(declared);
}

export function findCredential(
  { accessKeyId, securityToken }: Claim,
  { store, clock, ports }: AuthenticateOptions,
): MaybePromise<Credential> {
  const known = (found: Credential | undefined): Credential => {
    if (found !== undefined) return found;
    throw new Refused("unknownKey", words.invalidToken, `no credential ${accessKeyId}`);
  };
  if (securityToken === undefined) {
    return chain(
      store.peek((tx) => ports.findAccessKey(accessKeyId, tx)),
      known,
    );
  }
  const session = async () => {
    try {
      return await store.peek((tx) => ports.openSession(accessKeyId, securityToken, tx, clock));
    } catch (error) {
      if (!(error instanceof SessionProblem)) throw error;
      if (error.problem === "expired") throw new Refused("expiredToken", words.expiredToken);
      return undefined;
    }
  };
  return session().then(known);
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
  const message = `${words.mismatch}${judged.canonicalRequest ? shown : ""}`;
  throw new Refused("badSignature", message, undefined, {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: judged.stringToSign,
    SignatureProvided: claim.signature,
    CanonicalRequest: judged.canonicalRequest,
  });
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

/** How the body is held against what was signed for it. */
function proofOf(
  { headers }: Exchange,
  declared: string,
  claim: Claim,
  { secretAccessKey: secret }: Credential,
  keys: KeyCache,
): BodyProof {
  const form = streamingForms.get(declared);
  if (form === undefined) return declared === "UNSIGNED-PAYLOAD" ? unproven : new HashProof(declared);
  const length = headers["x-amz-decoded-content-length"];
  if (length === undefined || !/^\d{1,15}$/.test(length)) {
    throw new Refused("missingLength", "x-amz-decoded-content-length must tell the length of the payload.");
  }
  return new ChunkProof(new ChunkedBody({ form, claim, secret, keys, decodedLength: Number(length) }));
}
