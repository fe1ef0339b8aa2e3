import type { Protocol } from "./contract.ts";

/** A request that the contract cannot express: not JSON, a number where text is due, a broken form. */
export class SerializationError extends Error {
  override readonly name = "SerializationError";
  /** AWS's code for it under the protocol that carried the request. */
  readonly code: string;
  readonly status: number;

  constructor(message: string, code = "SerializationException", status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** One constraint that one value breaks. `value` is the value in AWS's notation, absent where it is withheld. */
export interface Violation {
  path: string;
  value: string | undefined;
  constraint: string;
}

/** The input breaks constraints of the contract. The message is AWS's, word for word. */
export class ValidationFailure extends Error {
  override readonly name = "ValidationFailure";
  readonly errors: readonly Violation[];

  constructor(errors: readonly Violation[]) {
    super(validationMessage(errors));
    this.errors = errors;
  }
}

function validationMessage(errors: readonly Violation[]): string {
  const details = errors.map(({ path, value, constraint }) => {
    const shown = value === undefined ? "Value" : `Value ${value}`;
    return `${shown} at '${path}' failed to satisfy constraint: ${constraint}`;
  });
  const count = errors.length === 1 ? "1 validation error" : `${errors.length} validation errors`;
  return `${count} detected: ${details.join("; ")}`;
}

/** AWS's code for a `ValidationFailure`: query services drop the suffix. */
export function validationCode(protocol: Protocol): "ValidationError" | "ValidationException" {
  return protocol === "awsQuery" || protocol === "ec2Query" ? "ValidationError" : "ValidationException";
}
