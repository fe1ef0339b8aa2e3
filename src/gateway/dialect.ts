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
  | "tooLarge"
  | "notImplemented"
  | "internal"
  | "unavailable";

type Names = Record<Refusal, readonly [code: string, status: number]>;

const query: Names = {
  accessDenied: ["AccessDenied", 403],
  missingToken: ["MissingAuthenticationToken", 403],
  unknownKey: ["InvalidClientTokenId", 403],
  badSignature: ["SignatureDoesNotMatch", 403],
  incompleteSignature: ["IncompleteSignature", 400],
  expiredToken: ["ExpiredToken", 403],
  expiredRequest: ["SignatureDoesNotMatch", 403],
  validation: ["ValidationError", 400],
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
  missingToken: ["AccessDenied", 403],
  unknownKey: ["InvalidAccessKeyId", 403],
  incompleteSignature: ["AuthorizationHeaderMalformed", 400],
  expiredToken: ["ExpiredToken", 400],
  expiredRequest: ["RequestTimeTooSkewed", 403],
  validation: ["InvalidArgument", 400],
  unknownOperation: ["MethodNotAllowed", 405],
  tooLarge: ["EntityTooLarge", 400],
};

/** EC2 has names of its own. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const ec2: Names = {
  ...query,
  accessDenied: ["UnauthorizedOperation", 403],
  unknownKey: ["AuthFailure", 401],
  badSignature: ["AuthFailure", 401],
};

const byProtocol: Record<Protocol, Names> = {
  awsJson1_0: json,
  awsJson1_1: json,
  rpcv2Cbor: json,
  awsQuery: query,
  ec2Query: ec2,
  restJson1: restJson,
  restXml: s3,
};

export function nameOf(refusal: Refusal, protocol: Protocol): { code: string; status: number } {
  const [code, status] = byProtocol[protocol][refusal];
  return { code, status };
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
