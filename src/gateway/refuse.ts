import { AwsError } from "../kit/errors.ts";
import type { Protocol } from "../protocols/contract.ts";
import { nameOf, type Refusal } from "./dialect.ts";

/** A refusal of the path itself; it gets its code and status from the wire that it travels on. */
export class Refused extends Error {
  readonly refusal: Refusal;
  /** For the error log and `explain` only. */
  readonly detail: string | undefined;
  constructor(refusal: Refusal, message: string, detail?: string) {
    super(message);
    this.refusal = refusal;
    this.detail = detail;
  }
}

export function asAwsError(refused: Refused, protocol: Protocol): AwsError {
  const { code, status } = nameOf(refused.refusal, protocol);
  return new AwsError(code, refused.message, { status });
}
