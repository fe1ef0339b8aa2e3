import { AwsError } from "../../kit/errors.ts";

/** Refusals in Cognito's own words. All of them are 400, as the contract says. */

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

export function badToken(why: string): AwsError {
  return notAuthorized(`Invalid login token. ${why}`);
}

export function noMatch(): AwsError {
  return notAuthorized(
    "Logins don't match. Please include at least one valid login for this identity or identity pool.",
  );
}

export function noUnauthenticated(): AwsError {
  return notAuthorized("Unauthenticated access is not supported for this identity pool.");
}

export function badConfiguration(): AwsError {
  return new AwsError(
    "InvalidIdentityPoolConfigurationException",
    "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
  );
}
