import { AwsError } from "../kit/errors.ts";
import type { Protocol } from "../protocols/contract.ts";
import { nameOf, type Refusal } from "./dialect.ts";

/** A refusal of the path itself; it gets its code and status from the wire that it travels on. */
export class Refused extends Error {
  readonly refusal: Refusal;
  /** For the error log and `explain` only. */
  readonly detail: string | undefined;
  /** What S3 tells beside the message, as elements of their own. */
  readonly members: Record<string, unknown> | undefined;
  constructor(refusal: Refusal, message: string, detail?: string, members?: Record<string, unknown>) {
    super(message);
    this.refusal = refusal;
    this.detail = detail;
    this.members = members;
  }
}

export function asAwsError(refused: Refused, protocol: Protocol): AwsError {
  const { code, status, message = refused.message } = nameOf(refused.refusal, protocol);
  const { members } = refused;
  return new AwsError(code, message, { status, ...(members && { members }) });
}
