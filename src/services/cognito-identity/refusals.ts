import { AwsError } from "../../kit/errors.ts";

/** Refusals in the words of identity pools. */

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

export function notAuthorized(message: string): AwsError {
  return new AwsError("NotAuthorizedException", message);
}

export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message);
}

export function conflict(message: string): AwsError {
  return new AwsError("ResourceConflictException", message);
}

export function noPool(poolId: string): AwsError {
  return notFound(`IdentityPool '${poolId}' not found.`);
}

export function noIdentity(identityId: string): AwsError {
  return notFound(`Identity '${identityId}' not found.`);
}

export function forbidden(identityId: string): AwsError {
  return notAuthorized(`Access to Identity '${identityId}' is forbidden.`);
}

/** The pool has no role for the identity, or the role does not trust it. */
export function badConfiguration(): AwsError {
  return new AwsError(
    "InvalidIdentityPoolConfigurationException",
    "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
  );
}
