import { AwsError } from "../../kit/errors.ts";

/** Errors that many operations have, in AWS's words. */

export function validation(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

/** "One or more parameter values were invalid: …" */
export function invalidParameter(message: string): AwsError {
  return validation(`One or more parameter values were invalid: ${message}`);
}

export function conditionFailed(item?: unknown): AwsError {
  return new AwsError("ConditionalCheckFailedException", "The conditional request failed", {
    ...(item !== undefined && { members: { Item: item } }),
  });
}
