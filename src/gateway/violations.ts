import { AwsError } from "../kit/errors.ts";
import type { Contract, Protocol } from "../protocols/contract.ts";
import type { ValidationFailure } from "../protocols/validate.ts";
import { nameOf } from "./dialect.ts";

const malformedXml =
  "The XML you provided was not well-formed or did not validate against our published schema";

/** What a client learns of an input that breaks the contract's limits. S3 has one sentence for all bodies. */
export function violationError(
  failure: ValidationFailure,
  protocol: Protocol,
  contract: Contract | undefined,
  operation: string | undefined,
): AwsError {
  const { code, status } = nameOf("validation", protocol);
  if (protocol === "restXml" && contract?.bareErrors && isInBody(failure, contract, operation ?? "")) {
    return new AwsError("MalformedXML", malformedXml, { status: 400 });
  }
  return new AwsError(code, failure.message, { status });
}

function isInBody({ errors }: ValidationFailure, contract: Contract, operation: string): boolean {
  const shape = contract.shapes[contract.operations[operation]?.input ?? ""];
  if (shape === undefined || !("members" in shape)) return false;
  const named = errors[0]?.path.split(".", 1)[0]?.toLowerCase();
  const [, member] = Object.entries(shape.members).find(([name]) => name.toLowerCase() === named) ?? [];
  return (
    member !== undefined &&
    member.httpHeader === undefined &&
    member.httpQuery === undefined &&
    !member.httpLabel &&
    member.httpPrefixHeaders === undefined
  );
}
