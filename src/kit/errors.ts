/**
 * An error that a client sees: AWS's code, status and words. `code` is the name of one of the operation's
 * modelled errors, or one of the errors common to all of AWS.
 */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  /** Further members of the modelled error. */
  readonly members: Record<string, unknown> | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; members?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status;
    this.members = options.members;
  }
}

/** Errors that any operation may answer with; the rest come from each operation's own model. */
export type CommonError =
  | "AccessDenied"
  | "AccessDeniedException"
  | "ValidationError"
  | "ValidationException"
  | "InvalidParameterValue"
  | "InternalFailure"
  | "ServiceUnavailable"
  | "Throttling"
  | "ThrottlingException"
  | "OptInRequired";
