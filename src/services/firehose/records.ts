/** A record on its way through a delivery. */
export interface Incoming {
  id: string;
  arrivalMs: number;
  data: Buffer;
}

/** A record that is to be delivered. */
export interface Ready {
  arrivalMs: number;
  data: Buffer;
  /** Partition keys. */
  fromQuery?: Record<string, string>;
  fromLambda?: Record<string, string>;
}

/** A record that could not be processed, as AWS writes it down. */
export interface Failed {
  attemptsMade: number;
  arrivalTimestamp: number;
  errorCode: string;
  errorMessage: string;
  attemptEndingTimestamp: number;
  /** In base64. */
  rawData: string;
  lambdaArn?: string;
}

export interface Failure {
  code: string;
  message: string;
}

export function failedRecord(
  { arrivalMs, data }: Pick<Incoming, "arrivalMs" | "data">,
  { code, message }: Failure,
  facts: { attempts: number; nowMs: number; lambdaArn?: string },
): Failed {
  return {
    attemptsMade: facts.attempts,
    arrivalTimestamp: Math.floor(arrivalMs),
    errorCode: code,
    errorMessage: message,
    attemptEndingTimestamp: Math.floor(facts.nowMs),
    rawData: data.toString("base64"),
    ...(facts.lambdaArn !== undefined && { lambdaArn: facts.lambdaArn }),
  };
}

/** What processing makes of records. */
export interface Processed {
  ready: Ready[];
  failed: Failed[];
  /** For the error log: each kind of problem once. */
  problems: (Failure & { processor: string })[];
}
