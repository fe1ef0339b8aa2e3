/**
 * What a request claims about its signature, before anything is verified. `readClaim` finds it in the
 * Authorization header or in the query of a presigned request.
 */

/** "AWS" is Signature Version 2, of which S3 alone takes something: see sigv2.ts. */
export type Algorithm = "AWS4-HMAC-SHA256" | "AWS4-ECDSA-P256-SHA256" | "AWS";

export interface Claim {
  algorithm: Algorithm;
  /** Where the signature stands. */
  place: "header" | "query";
  accessKeyId: string;
  /** YYYYMMDD */
  day: string;
  /** Empty for SigV4A, whose scope names no Region. */
  region: string;
  service: string;
  /** "20261124/us-east-1/kms/aws4_request" */
  scope: string;
  signedHeaders: string[];
  signature: string;
  /** As sent: YYYYMMDD'T'HHMMSS'Z'. */
  timestamp: string;
  securityToken?: string | undefined;
  /** Presigned: seconds of validity. */
  expiresSeconds?: number | undefined;
  /** SigV4A: Regions that the signature is good for. */
  regionSet?: string | undefined;
}

export type ClaimProblem = "missing" | "incomplete" | "unsupported" | "ambiguous" | "expires";

/** The claim cannot be read; `detail` is a sentence in AWS's words. */
export class BadClaim extends Error {
  readonly problem: ClaimProblem;
  constructor(problem: ClaimProblem, detail: string) {
    super(detail);
    this.problem = problem;
  }
}

const maxSignedHeaders = 100;
/** A presigned request lives seven days at most. */
export const maxPresignedSeconds = 604_800;
const timestampForm = /^\d{8}T\d{6}Z$/;

/** The claim of a request, or undefined for one that carries none. */
export function readClaim(headers: Record<string, string | undefined>, query: string): Claim | undefined {
  const authorization = headers.authorization;
  const presigned = query.includes("X-Amz-Algorithm=") || query.includes("X-Amz-Signature=");
  if (authorization !== undefined && presigned) {
    throw new BadClaim(
      "ambiguous",
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
    );
  }
  if (authorization !== undefined)
    return knownClaim(authorization, headers) ?? fromHeader(authorization, headers);
  return presigned ? fromQuery(query) : undefined;
}

function algorithmOf(text: string | undefined): Algorithm {
  if (text === "AWS4-HMAC-SHA256" || text === "AWS4-ECDSA-P256-SHA256") return text;
  throw new BadClaim("unsupported", `Unsupported AWS 'algorithm': '${text ?? ""}'.`);
}

/** Claims by all that stands before their signature: it is the same for one caller, service and day. */
const knownClaims = new Map<string, Claim>();
const maxKnownClaims = 1_000;
/** Longer headers are read each time. */
const maxKnownChars = 512;
const plainSignature = /^[0-9a-f]+$/;

function knownClaim(authorization: string, headers: Record<string, string | undefined>): Claim | undefined {
  const signature = signatureAtEnd(authorization);
  if (signature === undefined) return undefined;
  const known = knownClaims.get(authorization.slice(0, -signature.length));
  const timestamp = headers["x-amz-date"];
  if (known === undefined || timestamp === undefined) return undefined;
  if (!timestampForm.test(timestamp) || !timestamp.startsWith(known.day)) return undefined;
  return {
    ...known,
    signature,
    timestamp,
    securityToken: headers["x-amz-security-token"],
    regionSet: headers["x-amz-region-set"],
  };
}

/** The signature of a header that ends in it, as those of all clients do. */
function signatureAtEnd(authorization: string): string | undefined {
  if (authorization.length > maxKnownChars) return undefined;
  const signature = authorization.slice(authorization.lastIndexOf("=") + 1);
  return plainSignature.test(signature) ? signature : undefined;
}

function keep(authorization: string, claim: Claim): void {
  if (claim.algorithm !== "AWS4-HMAC-SHA256" || signatureAtEnd(authorization) !== claim.signature) return;
  if (knownClaims.size >= maxKnownClaims) knownClaims.clear();
  knownClaims.set(authorization.slice(0, -claim.signature.length), claim);
}

function fromHeader(authorization: string, headers: Record<string, string | undefined>): Claim {
  const space = authorization.indexOf(" ");
  const algorithm = algorithmOf(space < 0 ? authorization : authorization.slice(0, space));
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (const part of authorization.slice(space + 1).split(",")) {
    const at = part.indexOf("=");
    const name = part.slice(0, at).trim();
    const value = part.slice(at + 1).trim();
    if (name === "Credential" && credential === undefined) credential = value;
    else if (name === "SignedHeaders" && signedHeaders === undefined) signedHeaders = value;
    else if (name === "Signature" && signature === undefined) signature = value;
    else
      throw new BadClaim(
        "incomplete",
        `'${part.trim()}' not a valid key=value pair (missing equal-sign) in Authorization header.`,
      );
  }
  const lacking = [
    credential ? "" : "Authorization header requires 'Credential' parameter. ",
    signature ? "" : "Authorization header requires 'Signature' parameter. ",
    signedHeaders ? "" : "Authorization header requires 'SignedHeaders' parameter. ",
  ].join("");
  const timestamp = headers["x-amz-date"] ?? isoOf(headers.date);
  const undated = timestamp
    ? ""
    : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (!credential || !signature || !signedHeaders || !timestamp) {
    throw new BadClaim("incomplete", `${lacking}${undated}`.trim());
  }
  const claim = claimOf({
    algorithm,
    place: "header",
    credential,
    signedHeaders,
    signature,
    timestamp,
    securityToken: headers["x-amz-security-token"],
    regionSet: headers["x-amz-region-set"],
  });
  keep(authorization, claim);
  return claim;
}

/** A `Date` header in the form of `X-Amz-Date`. */
function isoOf(date: string | undefined): string | undefined {
  if (date === undefined) return undefined;
  if (timestampForm.test(date)) return date;
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function fromQuery(query: string): Claim {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!name.startsWith("X-Amz-")) continue;
    if (parameters.has(name)) throw new BadClaim("ambiguous", `Duplicate query parameter: ${name}`);
    parameters.set(name, value);
  }
  const algorithm = algorithmOf(parameters.get("X-Amz-Algorithm"));
  const required = (name: string): string => {
    const value = parameters.get(name);
    if (value) return value;
    throw new BadClaim(
      "incomplete",
      `AWS query-string parameters must include '${name}'. Re-examine the query-string parameters.`,
    );
  };
  const credential = required("X-Amz-Credential");
  const signature = required("X-Amz-Signature");
  const timestamp = required("X-Amz-Date");
  const signedHeaders = required("X-Amz-SignedHeaders");
  return claimOf({
    algorithm,
    place: "query",
    credential,
    signedHeaders,
    signature,
    timestamp,
    securityToken: parameters.get("X-Amz-Security-Token"),
    regionSet: parameters.get("X-Amz-Region-Set"),
    expiresSeconds: expiresOf(required("X-Amz-Expires")),
  });
}

function expiresOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new BadClaim("expires", "X-Amz-Expires should be a number");
  const seconds = Number(text);
  if (seconds > maxPresignedSeconds) {
    throw new BadClaim(
      "expires",
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${maxPresignedSeconds} seconds`,
    );
  }
  return seconds;
}

interface RawClaim {
  algorithm: Algorithm;
  place: "header" | "query";
  credential: string;
  signedHeaders: string;
  signature: string;
  timestamp: string;
  securityToken: string | undefined;
  regionSet: string | undefined;
  expiresSeconds?: number | undefined;
}

function claimOf(raw: RawClaim): Claim {
  const asymmetric = raw.algorithm === "AWS4-ECDSA-P256-SHA256";
  const parts = raw.credential.split("/");
  if (parts.length !== (asymmetric ? 4 : 5) || parts.at(-1) !== "aws4_request" || parts.includes("")) {
    throw new BadClaim(
      "incomplete",
      `Credential must have exactly ${asymmetric ? 4 : 5} slash-delimited elements, e.g. keyid/date${asymmetric ? "" : "/region"}/service/term, got '${raw.credential}'`,
    );
  }
  const [accessKeyId = "", day = ""] = parts;
  if (!timestampForm.test(raw.timestamp)) {
    throw new BadClaim(
      "incomplete",
      `Date must be in ISO-8601 'basic format'. Got '${raw.timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  if (!raw.timestamp.startsWith(day)) {
    throw new BadClaim(
      "incomplete",
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${raw.timestamp.slice(0, 8)}', from '${raw.timestamp}'.`,
    );
  }
  if (asymmetric && !raw.regionSet) {
    throw new BadClaim(
      "incomplete",
      "A request signed with AWS4-ECDSA-P256-SHA256 requires 'X-Amz-Region-Set'.",
    );
  }
  const signedHeaders = raw.signedHeaders.split(";");
  checkSignedHeaders(signedHeaders);
  return {
    algorithm: raw.algorithm,
    place: raw.place,
    accessKeyId,
    day,
    region: asymmetric ? "" : (parts[2] ?? ""),
    service: parts[asymmetric ? 2 : 3] ?? "",
    scope: parts.slice(1).join("/"),
    signedHeaders,
    signature: raw.signature,
    timestamp: raw.timestamp,
    securityToken: raw.securityToken,
    expiresSeconds: raw.expiresSeconds,
    regionSet: raw.regionSet,
  };
}

function checkSignedHeaders(names: readonly string[]): void {
  if (names.length > maxSignedHeaders) throw new BadClaim("incomplete", "Too many signed headers.");
  let last = "";
  for (const name of names) {
    if (name <= last || name !== name.toLowerCase()) {
      throw new BadClaim("incomplete", "'SignedHeaders' must be lower-case, sorted and without repeats.");
    }
    last = name;
  }
}

/** The latest timestamp that was read: those of one second are all the same text. */
let latest = { timestamp: "", ms: Number.NaN };

/** Milliseconds since the epoch of a timestamp in the form YYYYMMDD'T'HHMMSS'Z'; NaN if it is no time. */
export function timeOf(timestamp: string): number {
  if (latest.timestamp === timestamp) return latest.ms;
  const t = timestamp;
  const ms = Date.parse(
    `${t.slice(0, 4)}-${t.slice(4, 6)}-${t.slice(6, 8)}T${t.slice(9, 11)}:${t.slice(11, 13)}:${t.slice(13, 15)}Z`,
  );
  latest = { timestamp, ms };
  return ms;
}
