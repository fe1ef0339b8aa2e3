import type { Contract, Protocol } from "../protocols/contract.ts";

/**
 * The same refusal has another name on each wire: what the query services call `AccessDenied` (403), the JSON
 * services call `AccessDeniedException` (400).
 * https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
 * https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
 */

export type Refusal =
  | "accessDenied"
  | "missingToken"
  | "unknownKey"
  | "badSignature"
  | "incompleteSignature"
  | "expiredToken"
  | "expiredRequest"
  | "validation"
  | "unknownOperation"
  | "expiredPresigned"
  | "payloadMismatch"
  | "incompleteBody"
  | "missingLength"
  | "tooSlow"
  | "tooLarge"
  | "notImplemented"
  | "internal"
  | "unavailable";

/** Where a wire has words of its own for a refusal, they stand last. */
type Names = Record<Refusal, readonly [code: string, status: number, message?: string]>;

const query: Names = {
  accessDenied: ["AccessDenied", 403],
  missingToken: ["MissingAuthenticationToken", 403],
  unknownKey: ["InvalidClientTokenId", 403],
  badSignature: ["SignatureDoesNotMatch", 403],
  incompleteSignature: ["IncompleteSignature", 400],
  expiredToken: ["ExpiredToken", 403],
  expiredRequest: ["SignatureDoesNotMatch", 403],
  validation: ["ValidationError", 400],
  expiredPresigned: ["SignatureDoesNotMatch", 403],
  payloadMismatch: ["SignatureDoesNotMatch", 403],
  incompleteBody: ["IncompleteBody", 400],
  missingLength: ["MissingContentLength", 411],
  tooSlow: ["RequestTimeout", 400],
  unknownOperation: ["InvalidAction", 400],
  tooLarge: ["RequestEntityTooLarge", 413],
  notImplemented: ["NotImplemented", 501],
  internal: ["InternalFailure", 500],
  unavailable: ["ServiceUnavailable", 503],
};

const json: Names = {
  accessDenied: ["AccessDeniedException", 400],
  missingToken: ["MissingAuthenticationTokenException", 400],
  unknownKey: ["UnrecognizedClientException", 400],
  badSignature: ["InvalidSignatureException", 400],
  incompleteSignature: ["IncompleteSignatureException", 400],
  expiredToken: ["ExpiredTokenException", 400],
  expiredRequest: ["InvalidSignatureException", 400],
  validation: ["ValidationException", 400],
  expiredPresigned: ["InvalidSignatureException", 400],
  payloadMismatch: ["InvalidSignatureException", 400],
  incompleteBody: ["SerializationException", 400],
  missingLength: ["SerializationException", 411],
  tooSlow: ["RequestTimeoutException", 400],
  unknownOperation: ["UnknownOperationException", 400],
  tooLarge: ["RequestEntityTooLargeException", 413],
  notImplemented: ["NotImplementedException", 501],
  internal: ["InternalFailure", 500],
  unavailable: ["ServiceUnavailableException", 503],
};

/** REST JSON services answer authorization problems with 403. */
const restJson: Names = {
  ...json,
  accessDenied: ["AccessDeniedException", 403],
  missingToken: ["MissingAuthenticationTokenException", 403],
  unknownKey: ["UnrecognizedClientException", 403],
  badSignature: ["InvalidSignatureException", 403],
  expiredToken: ["ExpiredTokenException", 403],
  expiredRequest: ["InvalidSignatureException", 403],
  unknownOperation: ["UnknownOperationException", 404],
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const s3: Names = {
  ...query,
  missingToken: ["AccessDenied", 403, "Access Denied"],
  unknownKey: [
    "InvalidAccessKeyId",
    403,
    "The AWS Access Key Id you provided does not exist in our records.",
  ],
  badSignature: [
    "SignatureDoesNotMatch",
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  ],
  incompleteSignature: ["AuthorizationHeaderMalformed", 400],
  expiredToken: ["ExpiredToken", 400, "The provided token has expired."],
  expiredRequest: [
    "RequestTimeTooSkewed",
    403,
    "The difference between the request time and the current time is too large.",
  ],
  expiredPresigned: ["AccessDenied", 403, "Request has expired"],
  payloadMismatch: [
    "XAmzContentSHA256Mismatch",
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
  incompleteBody: [
    "IncompleteBody",
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header",
  ],
  missingLength: ["MissingContentLength", 411, "You must provide the Content-Length HTTP header."],
  tooSlow: [
    "RequestTimeout",
    400,
    "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.",
  ],
  validation: ["InvalidArgument", 400],
  unknownOperation: ["MethodNotAllowed", 405, "The specified method is not allowed against this resource."],
  tooLarge: ["EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size"],
};

/** EC2 has names of its own. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const ec2: Names = {
  ...query,
  accessDenied: ["UnauthorizedOperation", 403],
  unknownKey: ["AuthFailure", 401],
  badSignature: ["AuthFailure", 401],
};

const byProtocol: Record<Protocol, Names> = {
  awsCbor1_1: json,
  awsJson1_0: json,
  awsJson1_1: json,
  rpcv2Cbor: json,
  awsQuery: query,
  ec2Query: ec2,
  restJson1: restJson,
  restXml: s3,
};

export function nameOf(
  refusal: Refusal,
  protocol: Protocol,
): { code: string; status: number; message?: string | undefined } {
  const [code, status, message] = byProtocol[protocol][refusal];
  return { code, status, message };
}

/** The protocol of a request for a service, before its operation is known: for errors that come early. */
export function likelyProtocol(
  headers: Record<string, string | undefined>,
  contract: Contract | undefined,
): Protocol {
  const type = headers["content-type"] ?? "";
  const spoken = contract?.protocols ?? [];
  const guess: Protocol | undefined = headers["smithy-protocol"]
    ? "rpcv2Cbor"
    : type.startsWith("application/x-amz-cbor-1.1")
      ? "awsCbor1_1"
      : type.startsWith("application/x-amz-json-1.1")
        ? "awsJson1_1"
        : headers["x-amz-target"] !== undefined || type.startsWith("application/x-amz-json")
          ? "awsJson1_0"
          : type.startsWith("application/x-www-form-urlencoded")
            ? "awsQuery"
            : undefined;
  if (guess !== undefined && (spoken.length === 0 || spoken.includes(guess))) return guess;
  return spoken[0] ?? guess ?? "awsQuery";
}
