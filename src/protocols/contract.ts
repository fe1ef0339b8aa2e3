/**
 * The wire contract of one service: what `tools/contracts.ts` writes to `build/contracts/<service>.json`
 * from AWS's published models (the SDK's runtime schemas joined with `contracts/limits/`).
 */

export type Protocol =
  | "awsCbor1_1"
  | "awsJson1_0"
  | "awsJson1_1"
  | "awsQuery"
  | "ec2Query"
  | "restJson1"
  | "restXml"
  | "rpcv2Cbor";

export interface Contract {
  /** Folder name under `src/services/`, and file name in `contracts/limits/`: "kms". */
  service: string;
  /** The SDK's service id: "KMS", "IAM", "CloudWatch Logs". */
  sdkId: string;
  apiVersion: string;
  /** The service name in a SigV4 credential scope: "kms", "iam", "monitoring". */
  signingName: string;
  /** First label of AWS's host name: "kms", "iam", "logs". */
  endpointPrefix: string;
  /** Prefix of `X-Amz-Target`, and the service name of an rpcv2Cbor path: "TrentService". */
  target: string;
  xmlNamespace: string;
  /** Every protocol that the service answers; the first is the one that AWS's models prefer. */
  protocols: Protocol[];
  /** JSON and CBOR errors carry the older query code in `x-amzn-query-error`. */
  queryCompatible?: true;
  /** Validation messages name no rejected value and no enum set, as IAM's do. */
  terseValidation?: true;
  /** restXml: `<Error>` is the document, as in S3, instead of standing in `<ErrorResponse>`. */
  bareErrors?: true;
  /** Generated to test the protocols only: no service answers it. */
  testOnly?: true;
  operations: Record<string, OperationContract>;
  shapes: Record<string, Shape>;
}

/** Name of the input or output shape of an operation that has none. */
export const unit = "Unit";

export interface OperationContract {
  /** Shape names in `Contract.shapes`; `unit` for none. */
  input: string;
  output: string;
  /** Names of the modelled error shapes. */
  errors: string[];
  /** AWS takes this operation without a signature. */
  unsigned?: true;
  /** REST binding: method, URI template with `{Label}`, `{Greedy+}` and fixed query, success status. */
  http?: { method: string; uri: string; code: number };
  /** Input or output holds an event stream. */
  eventStream?: "input" | "output" | "both";
  /** Payload checksum behaviour of the model, where it has one. */
  checksumRequired?: true;
}

export type ScalarType =
  | "string"
  | "boolean"
  | "integer"
  | "long"
  | "float"
  | "double"
  | "bigInteger"
  | "bigDecimal"
  | "timestamp"
  | "blob"
  | "document";

export interface Limits {
  /** Inclusive: characters of a string, bytes of a blob, value of a number, entries of a list or map. */
  min?: number;
  max?: number;
  pattern?: string;
  enum?: string[];
}

export interface ScalarShape extends Limits {
  type: ScalarType;
}

export type Shape = ScalarShape | ListShape | MapShape | StructureShape;

export interface ListShape extends Limits {
  type: "list";
  member: Member;
  /** Null entries are kept. */
  sparse?: true;
}

export interface MapShape extends Limits {
  type: "map";
  key: Member;
  value: Member;
  sparse?: true;
}

export interface StructureShape {
  type: "structure" | "union";
  /** Name of the root element when this structure is a whole XML document. */
  xmlName?: string;
  xmlNamespace?: { prefix?: string; uri: string };
  members: Record<string, Member>;
  required?: string[];
  /** Present on errors: the code on the wire, the HTTP status, whose fault. */
  error?: {
    code: string;
    status: number;
    fault: "client" | "server";
    /** The code that the service's query protocol uses, where it differs. */
    queryCode?: string;
  };
}

/** A member of a structure, list or map: its shape and how it stands on the wire. */
export interface Member {
  shape: string;
  /** XML or query name where it differs from the member's name; JSON name likewise. */
  xmlName?: string;
  jsonName?: string;
  ec2Name?: string;
  xmlFlattened?: true;
  xmlAttribute?: true;
  xmlNamespace?: { prefix?: string; uri: string };
  timestampFormat?: "date-time" | "http-date" | "epoch-seconds";
  sensitive?: true;
  streaming?: true;
  idempotencyToken?: true;
  mediaType?: string;
  /** REST bindings. */
  httpLabel?: true;
  httpHeader?: string;
  httpQuery?: string;
  httpPrefixHeaders?: string;
  httpPayload?: true;
  httpResponseCode?: true;
  httpQueryParams?: true;
  hostLabel?: true;
  eventPayload?: true;
  eventHeader?: true;
}
