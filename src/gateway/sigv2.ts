import { createHmac } from "node:crypto";
import { AwsError } from "../kit/errors.ts";
import type { Exchange } from "./exchange.ts";
import { Refused } from "./refuse.ts";
import { headerSeparator } from "./sigv4/canonical.ts";
import type { Claim } from "./sigv4/claim.ts";
import { equalInConstantTime } from "./sigv4/keys.ts";

/**
 * Signature Version 2 of S3: what `aws s3 presign` and boto3 make for us-east-1 unless told otherwise. It covers
 * method, resource, date and every `x-amz-` header, but neither host nor body.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */

export const legacyAlgorithm = "AWS";

const skewMs = 15 * 60_000;

/** The claim of a request in the older form; undefined for any other. */
export function legacyClaim(headers: Record<string, string | undefined>, query: string): Claim | undefined {
  const header = /^AWS ([^:\s]+):([A-Za-z0-9+/=]+)$/.exec(headers.authorization ?? "");
  if (header !== null) {
    return claim("header", header[1] ?? "", header[2] ?? "", {
      timestamp: headers["x-amz-date"] ?? headers.date ?? "",
      securityToken: headers["x-amz-security-token"],
    });
  }
  if (/^AWS(?: |$)/.test(headers.authorization ?? "")) {
    throw new AwsError(
      "InvalidArgument",
      "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
      {
        status: 400,
        members: { ArgumentName: "Authorization", ArgumentValue: "" },
      },
    );
  }
  if (headers.authorization !== undefined || !/(?:^|&)AWSAccessKeyId=/.test(query)) return undefined;
  const parameters = new URLSearchParams(query.replaceAll("+", "%2B"));
  const [key, signature, expires] = ["AWSAccessKeyId", "Signature", "Expires"].map((name) =>
    parameters.get(name),
  );
  if (!key || !signature || !expires) {
    throw new Refused(
      "missingToken",
      "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
    );
  }
  const securityToken = parameters.get("x-amz-security-token") ?? undefined;
  return claim("query", key, signature, { timestamp: expires, securityToken });
}

function claim(
  place: "header" | "query",
  accessKeyId: string,
  signature: string,
  rest: { timestamp: string; securityToken: string | undefined },
): Claim {
  const scope = { day: "", region: "", service: "s3", scope: "", signedHeaders: [] };
  return { algorithm: legacyAlgorithm, place, accessKeyId, signature, ...scope, ...rest };
}

/** Parameters that name a part of a resource, or change an answer, are signed with it. */
const signedParameters = new Set([
  "accelerate",
  "acl",
  "analytics",
  "cors",
  "delete",
  "encryption",
  "inventory",
  "lifecycle",
  "location",
  "logging",
  "metrics",
  "notification",
  "object-lock",
  "partNumber",
  "policy",
  "replication",
  "requestPayment",
  "restore",
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-content-type",
  "response-expires",
  "select",
  "select-type",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versionId",
  "versioning",
  "versions",
  "website",
]);

/** Proves a request of the older form, or refuses it. `path` has the bucket in front, as the client signed it. */
export function proveLegacy(
  exchange: Exchange,
  { place, signature, timestamp }: Claim,
  secret: string,
  path: string,
  now: number,
): void {
  checkTime(place, timestamp, now);
  const { method, headers, query } = exchange;
  const dated =
    place === "query" ? timestamp : headers["x-amz-date"] === undefined ? (headers.date ?? "") : "";
  const amz = Object.keys(headers)
    .filter((name) => name.startsWith("x-amz-"))
    .sort()
    .map((name) => `${name}:${(headers[name] ?? "").replaceAll(headerSeparator, ",").trim()}\n`)
    .join("");
  // The resource that is a bucket ends with a slash, whether or not it was asked for so.
  const resource = /^\/[^/]+$/.test(path) ? `${path}/` : path;
  const stringToSign = `${method}\n${headers["content-md5"] ?? ""}\n${headers["content-type"] ?? ""}\n${dated}\n${amz}${resource}${subresources(query)}`;
  const wanted = createHmac("sha1", secret).update(Buffer.from(stringToSign, "latin1")).digest("base64");
  if (equalInConstantTime(wanted, signature)) return;
  throw new Refused("badSignature", "The signature does not match.", undefined, {
    StringToSign: stringToSign,
    SignatureProvided: signature,
  });
}

function subresources(query: string): string {
  const signed = query
    .split("&")
    .map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? part : `${part.slice(0, at)}=${decoded(part.slice(at + 1))}`;
    })
    .filter((part) => signedParameters.has(part.split("=", 1)[0] ?? ""))
    .sort();
  return signed.length === 0 ? "" : `?${signed.join("&")}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Refused("incompleteSignature", "The request line holds an invalid percent-encoding.");
  }
}

function checkTime(place: Claim["place"], timestamp: string, now: number): void {
  if (place === "query") {
    const expires = Number(timestamp) * 1000;
    if (!(expires > now)) throw new Refused("expiredPresigned", "Request has expired");
    return;
  }
  const at = /^\d{8}T\d{6}Z$/.test(timestamp)
    ? Date.parse(timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))
    : Date.parse(timestamp);
  if (Number.isNaN(at) || at < 0) {
    throw new Refused("missingToken", "AWS authentication requires a valid Date or x-amz-date header");
  }
  if (Math.abs(at - now) > skewMs) throw new Refused("expiredRequest", "The date is too far from now.");
}
