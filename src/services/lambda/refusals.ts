import { AwsError } from "../../kit/errors.ts";

/** Lambda's errors, which say beside their words whose fault they are. */

function refusal(code: string, message: string): AwsError {
  return new AwsError(code, message, { members: { Type: "User" } });
}

export const invalid = (message: string): AwsError => refusal("InvalidParameterValueException", message);
export const notFound = (message: string): AwsError => refusal("ResourceNotFoundException", message);
export const conflict = (message: string): AwsError => refusal("ResourceConflictException", message);

/** A change that was meant for another state than the present one. */
export function checkRevision(given: string | undefined, current: string, api: string): void {
  if (given === undefined || given === current) return;
  throw refusal(
    "PreconditionFailedException",
    `The Revision Id provided does not match the latest Revision Id. Call the ${api} API to retrieve the latest Revision Id`,
  );
}

/** What the model cannot say of a member, in the model's own words. */
export function validation(value: unknown, member: string, constraint: string): AwsError {
  return new AwsError(
    "ValidationException",
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
