/** What the engine runs, and what comes of it. */

/** One version of a function, with all that its execution environments need. */
export interface Runnable {
  /** Environments of one key are interchangeable: a version as it was last changed. */
  key: string;
  account: string;
  region: string;
  functionName: string;
  /** Unqualified ARN. */
  functionArn: string;
  version: string;
  runtime: string;
  handler: string;
  memoryMb: number;
  timeoutSeconds: number;
  ephemeralMb: number;
  roleArn: string;
  code: PackageRef;
  layers: readonly PackageRef[];
  /** The function's own variables, as they are stored. */
  environment: SealedEnvironment;
  logGroup: string;
  logFormat: "Text" | "JSON";
  applicationLogLevel: string | undefined;
  systemLogLevel: string | undefined;
  /** Most executions at once; undefined where none are reserved. */
  reserved: number | undefined;
  /** How many of these are kept for versions that are provisioned. */
  provisioned: number;
}

/** An archive in the byte store. */
export interface PackageRef {
  bodyId: string;
  sha256: string;
}

/** Variables in the clear of their row, which is sealed itself, or encrypted under a key of the customer's. */
export type SealedEnvironment =
  | { variables: Readonly<Record<string, string>> }
  | { keyArn: string; ciphertext: string };

export interface InvokeRequest {
  /** Request id, by which the function and its log lines know the invocation. */
  id: string;
  payload: Buffer;
  /** As it was asked for: with its qualifier. */
  invokedArn: string;
  clientContext?: string | undefined;
  /** What is answered is handed on piece by piece. */
  streams?: boolean;
  hops: number;
}

/** What came of an invocation. */
export interface Outcome {
  payload: Buffer;
  /** The function failed, and `payload` says how. */
  functionError?: "Unhandled";
  /** Last 4 KB of what was logged, in base64. */
  logTail: string;
  version: string;
  /** Of the payload, as the function says it. */
  contentType?: string | undefined;
}

/** An invocation that could not be run at all, as the API shows it. */
export interface Refusal {
  code: string;
  message: string;
  status: number;
}
