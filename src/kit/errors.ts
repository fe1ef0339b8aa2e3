/**
 * An error that a client sees: AWS's code, status and words. `code` is the name of one of the operation's
 * modelled errors, or one of the errors common to all of AWS.
 */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  /** Further members of the modelled error. */
  readonly members: Record<string, unknown> | undefined;
  /** Headers that go with it, where the model has no member for them. */
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; members?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status;
    this.members = options.members;
    this.headers = options.headers;
  }
}

/** A body does not open with the key that was given: `ctx.bytes`. */
export class WrongKey extends Error {}

/** Errors that any operation may answer with; the rest come from each operation's own model. */
export type CommonError =
  | "AccessDenied"
  | "AccessDeniedException"
  | "ValidationError"
  | "ValidationException"
  | "InvalidParameterValue"
  | "MissingParameter"
  | "InternalFailure"
  | "ServiceUnavailable"
  | "Throttling"
  | "ThrottlingException"
  | "OptInRequired";
