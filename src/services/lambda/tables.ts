import { table } from "../../kit/table.ts";
import type { SealedEnvironment } from "./runtime/types.ts";

/** An archive of code in the byte store. */
export interface PackageRow {
  bodyId: string;
  /** Base64. */
  sha256: string;
  bytes: number;
}

export interface LayerRefRow extends PackageRow {
  arn: string;
}

export interface LoggingRow {
  format: "Text" | "JSON";
  group?: string;
  applicationLevel?: string;
  systemLevel?: string;
}

/** The configuration of $LATEST, or of a version as it was published. */
export interface ConfigurationRow {
  version: string;
  runtime: string;
  handler: string;
  role: string;
  description: string;
  /** Of a version: what $LATEST was described as when it was published. */
  latestDescription?: string;
  timeoutSeconds: number;
  memoryMb: number;
  ephemeralMb: number;
  architectures: string[];
  /** Left out where none was ever given. */
  environment?: SealedEnvironment;
  kmsKeyArn?: string;
  layers: LayerRefRow[];
  logging: LoggingRow;
  tracing: string;
  snapStart: string;
  deadLetterArn?: string;
  vpc?: { subnetIds: string[]; securityGroupIds: string[] };
  code: PackageRow;
  revisionId: string;
  modifiedAt: number;
}

export interface FunctionRow {
  /** Differs where a function is made anew under the same name. */
  id: string;
  latest: ConfigurationRow;
  nextVersion: number;
  tags: Record<string, string>;
  reserved?: number;
  /** Sum of what is provisioned for its versions. */
  provisioned?: number;
  recursion?: "Allow" | "Terminate";
  /** When versions of the runtime change, by version of the function. */
  runtimeUpdates?: Record<string, { mode: string; arn?: string }>;
  /** Id of the code signing configuration. */
  codeSigning?: string;
  createdAt: number;
}

type FunctionKey = [account: string, region: string, name: string];

export const functions = table<FunctionRow, FunctionKey>("lambda", "functions");

/** Versions sort as numbers. */
export function versionKey(version: string): string {
  return version.padStart(10, "0");
}

export const versions = table<
  ConfigurationRow,
  [account: string, region: string, name: string, version: string]
>("lambda", "versions");

export interface AliasRow {
  name: string;
  version: string;
  description: string;
  /** Share of the invocations that go to another version, by version. */
  weights: Record<string, number>;
  revisionId: string;
}

type QualifiedKey = [account: string, region: string, name: string, qualifier: string];

export const aliases = table<AliasRow, QualifiedKey>("lambda", "aliases");

export interface StatementRow {
  Sid: string;
  Effect: "Allow";
  Principal: string | Record<string, string>;
  Action: string;
  Resource: string;
  Condition?: Record<string, Record<string, string>>;
}

export interface PolicyRow {
  statements: StatementRow[];
  revisionId: string;
}

/** Of a function (qualifier ""), a version or an alias. */
export const policies = table<PolicyRow, QualifiedKey>("lambda", "policies");

export interface EventInvokeRow {
  maxRetries?: number;
  maxAgeSeconds?: number;
  onSuccess?: string;
  onFailure?: string;
  modifiedAt: number;
}

export const eventInvokes = table<EventInvokeRow, QualifiedKey>("lambda", "eventInvokes");

export interface UrlRow {
  urlId: string;
  authType: "AWS_IAM" | "NONE";
  /** Left out where none was ever said: then answers are buffered. */
  invokeMode?: "BUFFERED" | "RESPONSE_STREAM";
  cors?: CorsRow;
  createdAt: number;
  modifiedAt: number;
}

export interface CorsRow {
  AllowCredentials?: boolean;
  AllowHeaders?: string[];
  AllowMethods?: string[];
  AllowOrigins?: string[];
  ExposeHeaders?: string[];
  MaxAge?: number;
}

export const urls = table<UrlRow, QualifiedKey>("lambda", "urls");

/** Where the function of a URL stands. */
export interface UrlTarget {
  account: string;
  region: string;
  name: string;
  /** "" for $LATEST. */
  qualifier: string;
}

export const urlIds = table<UrlTarget, [urlId: string]>("lambda", "urlIds");

export interface LayerRow {
  lastVersion: number;
}

export const layers = table<LayerRow, FunctionKey>("lambda", "layers");

export interface LayerVersionRow {
  version: number;
  description: string;
  license?: string;
  runtimes?: string[];
  architectures?: string[];
  code: PackageRow;
  createdAt: number;
  policy?: PolicyRow;
}

export const layerVersions = table<
  LayerVersionRow,
  [account: string, region: string, layer: string, version: string]
>("lambda", "layerVersions");

/** Of Lambda in an account and Region, what they share. */
export interface AccountRow {
  /** Sum of what functions reserve. */
  reserved: number;
  /** Sum of what is provisioned for versions. */
  provisioned?: number;
}

export const accounts = table<AccountRow, [account: string, region: string]>("lambda", "accounts");

/** Environments of a version, or of an alias's, that are kept warm. */
export interface ProvisionedRow {
  requested: number;
  modifiedAt: number;
}

export const provisioned = table<ProvisionedRow, QualifiedKey>("lambda", "provisioned");

/** An event source and the function that gets what comes from it. */
export interface MappingRow {
  uuid: string;
  functionName: string;
  qualifier: string | undefined;
  /** "sqs", "kinesis", "dynamodb" */
  kind: "sqs" | "kinesis" | "dynamodb";
  sourceArn: string;
  enabled: boolean;
  batchSize: number;
  windowSeconds: number;
  parallelization: number;
  startingPosition?: string;
  startingAtMs?: number;
  /** From when on LATEST counts, for shards of which nothing has been processed. */
  createdAt?: number;
  maxAgeSeconds: number;
  maxRetries: number;
  bisect: boolean;
  partial: boolean;
  filters: string[];
  onFailure?: string;
  maxConcurrency?: number;
  tumblingSeconds?: number;
  kmsKeyArn?: string;
  lastResult: string;
  reason: string;
  modifiedAt: number;
  tags: Record<string, string>;
}

export const mappings = table<MappingRow, [account: string, region: string, uuid: string]>(
  "lambda",
  "mappings",
);

/** A tumbling window that is open, and what the function made of its records. */
export interface WindowRow {
  startMs: number;
  state: Record<string, unknown>;
}

/** Behind which record of a shard everything has been processed. */
export interface CheckpointRow {
  sequenceNumber: string;
  window?: WindowRow;
}

export const checkpoints = table<
  CheckpointRow,
  [account: string, region: string, uuid: string, shard: string]
>("lambda", "checkpoints");

/** Who may sign code, and what becomes of code that they have not signed. */
export interface CodeSigningConfigRow {
  publishers: string[];
  policy: "Warn" | "Enforce";
  description?: string;
  modifiedAt: number;
  tags: Record<string, string>;
}

export const codeSigningConfigs = table<CodeSigningConfigRow, [account: string, region: string, id: string]>(
  "lambda",
  "codeSigningConfigs",
);

/** The functions of a code signing configuration. */
export const codeSigningUses = table<
  Record<string, never>,
  [account: string, region: string, id: string, name: string]
>("lambda", "codeSigningUses");
