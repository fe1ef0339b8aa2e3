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

export function noUser(message = "User does not exist."): AwsError {
  return new AwsError("UserNotFoundException", message);
}

export function codeMismatch(message = "Invalid verification code provided, please try again."): AwsError {
  return new AwsError("CodeMismatchException", message);
}

export function expiredCode(message = "Invalid code provided, please request a code again."): AwsError {
  return new AwsError("ExpiredCodeException", message);
}

export function limitExceeded(message = "Attempt limit exceeded, please try after some time."): AwsError {
  return new AwsError("LimitExceededException", message);
}

/** One answer for a wrong name and for a wrong password. */
export function incorrect(): AwsError {
  return notAuthorized("Incorrect username or password.");
}

export function invalidSession(): AwsError {
  return notAuthorized("Invalid session for the user.");
}
