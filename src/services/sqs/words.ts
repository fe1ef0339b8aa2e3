import { AwsError } from "../../kit/errors.ts";
import type { BrokenLimit } from "../../kit/service.ts";

/** Errors that SQS's model does not name, in AWS's words. */

export function invalidParameter(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message);
}

/** "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided." */
export function invalidValue(value: string | number, parameter: string, reason: string): AwsError {
  return invalidParameter(`Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

export function missingParameter(name: string): AwsError {
  return new AwsError("MissingRequiredParameterException", `The request must contain the parameter ${name}.`);
}

/** Of the constraints in SQS's model only one can be broken: a required member is absent. */
export function refusesInput(broken: readonly BrokenLimit[]): { code: string; message: string } {
  const [{ path } = { path: "" }] = broken;
  const name = path
    .split(".")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(".");
  return missingParameter(name);
}

/** A whole number within bounds, as a client may have given it. */
export function checkedInteger(
  value: number | undefined,
  parameter: string,
  { min, max }: { min: number; max: number },
  reason = `Must be between ${min} and ${max}, if provided.`,
): number | undefined {
  if (value !== undefined && (!Number.isInteger(value) || value < min || value > max))
    throw invalidValue(value, parameter, reason);
  return value;
}
