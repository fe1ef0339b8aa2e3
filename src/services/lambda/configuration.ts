import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { type FunctionName, functionArn, latest } from "./names.ts";
import { runtimeVersionArn } from "./runtime/reports.ts";
import type { SealedEnvironment } from "./runtime/types.ts";
import type { ConfigurationRow } from "./tables.ts";

/** A function's configuration as AWS shows it. */

export interface Shown {
  /** Version or alias that was asked for; left out, the ARN has none. */
  qualifier?: string | undefined;
  /** What just began: on AWS it takes a moment. */
  under?: "creation" | "update";
  /** $LATEST has no update to tell of while it is made. */
  environment?:
    | { Variables?: Record<string, string>; Error?: { ErrorCode: string; Message: string } }
    | undefined;
}

export function logGroupOf({ logging }: Pick<ConfigurationRow, "logging">, name: string): string {
  return logging.group ?? `/aws/lambda/${name}`;
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+0000");
}

/** The configuration, without what costs a call of another service. */
export function shownConfiguration(
  named: FunctionName,
  row: ConfigurationRow,
  { qualifier, under, environment }: Shown = {},
): FunctionConfiguration {
  const { logging } = row;
  const creating = {
    State: "Pending",
    StateReason: "The function is being created.",
    StateReasonCode: "Creating",
  };
  const updating = {
    LastUpdateStatus: "InProgress",
    LastUpdateStatusReason: "The function is being created.",
    LastUpdateStatusReasonCode: "Creating",
  };
  const shown = {
    FunctionName: named.name,
    FunctionArn: functionArn(named, qualifier),
    Runtime: row.runtime,
    Role: row.role,
    Handler: row.handler,
    CodeSize: row.code.bytes,
    Description: row.description,
    Timeout: row.timeoutSeconds,
    MemorySize: row.memoryMb,
    LastModified: timeText(row.modifiedAt),
    CodeSha256: row.code.sha256,
    Version: row.version,
    ...(row.vpc && {
      VpcConfig: {
        SubnetIds: row.vpc.subnetIds,
        SecurityGroupIds: row.vpc.securityGroupIds,
        VpcId: "",
        Ipv6AllowedForDualStack: false,
      },
    }),
    ...(row.deadLetterArn !== undefined && { DeadLetterConfig: { TargetArn: row.deadLetterArn } }),
    ...(environment && { Environment: environment }),
    ...(row.kmsKeyArn !== undefined && { KMSKeyArn: row.kmsKeyArn }),
    TracingConfig: { Mode: row.tracing },
    RevisionId: row.revisionId,
    ...(row.layers.length > 0 && {
      Layers: row.layers.map(({ arn, bytes }) => ({ Arn: arn, CodeSize: bytes })),
    }),
    ...(under === "creation"
      ? creating
      : { State: "Active", ...(under === "update" ? updating : { LastUpdateStatus: "Successful" }) }),
    PackageType: "Zip",
    Architectures: row.architectures,
    EphemeralStorage: { Size: row.ephemeralMb },
    SnapStart: { ApplyOn: row.snapStart, OptimizationStatus: "Off" },
    RuntimeVersionConfig: {
      RuntimeVersionArn: runtimeVersionArn({ region: named.region, runtime: row.runtime }),
    },
    LoggingConfig: {
      LogFormat: logging.format,
      ...(logging.applicationLevel !== undefined && { ApplicationLogLevel: logging.applicationLevel }),
      ...(logging.systemLevel !== undefined && { SystemLogLevel: logging.systemLevel }),
      LogGroup: logGroupOf(row, named.name),
    },
  };
  return shown as FunctionConfiguration;
}

/** The same with the variables; what the caller may not decrypt stands there as an error. */
export async function configurationFor(
  named: FunctionName,
  row: ConfigurationRow,
  shown: Shown,
  ctx: Context,
): Promise<FunctionConfiguration> {
  const environment = row.environment && (await shownEnvironment(named, row.environment, ctx));
  return shownConfiguration(named, row, { ...shown, environment });
}

/** As listings show it: without what may take a moment to know. */
export async function listedConfiguration(
  named: FunctionName,
  row: ConfigurationRow,
  ctx: Context,
): Promise<FunctionConfiguration> {
  const whole = await configurationFor(named, row, { qualifier: named.qualifier }, ctx);
  const { State, LastUpdateStatus, RuntimeVersionConfig, ...shown } = whole;
  return shown;
}

async function shownEnvironment(
  named: FunctionName,
  environment: SealedEnvironment,
  ctx: Context,
): Promise<NonNullable<Shown["environment"]>> {
  try {
    return { Variables: await openEnvironment(named, environment, ctx) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const Message = `Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions. KMS Exception: ${error.code} KMS Message: ${error.message}`;
    return { Error: { ErrorCode: "AccessDeniedException", Message } };
  }
}

function encryptionContext(named: FunctionName): Record<string, string> {
  return { "aws:lambda:FunctionArn": functionArn(named) };
}

/** Variables as they are kept: under the customer's key, with the caller's own right to use it. */
export async function sealEnvironment(
  named: FunctionName,
  variables: Readonly<Record<string, string>>,
  keyArn: string | undefined,
  ctx: Context,
): Promise<SealedEnvironment> {
  if (keyArn === undefined) return { variables: { ...variables } };
  const { CiphertextBlob } = await ctx.call(
    "kms",
    "Encrypt",
    {
      KeyId: keyArn,
      Plaintext: Buffer.from(JSON.stringify(variables)),
      EncryptionContext: encryptionContext(named),
    },
    { as: { ...ctx.caller, calledVia: ["lambda.amazonaws.com"] } },
  );
  return { keyArn, ciphertext: Buffer.from(CiphertextBlob as Uint8Array).toString("base64") };
}

export async function openEnvironment(
  named: FunctionName,
  environment: SealedEnvironment,
  ctx: Context,
): Promise<Record<string, string>> {
  if ("variables" in environment) return { ...environment.variables };
  const { Plaintext } = await ctx.call(
    "kms",
    "Decrypt",
    {
      KeyId: environment.keyArn,
      CiphertextBlob: Buffer.from(environment.ciphertext, "base64"),
      EncryptionContext: encryptionContext(named),
    },
    { as: { ...ctx.caller, calledVia: ["lambda.amazonaws.com"] } },
  );
  return JSON.parse(Buffer.from(Plaintext as Uint8Array).toString()) as Record<string, string>;
}

/** The qualifier that an ARN shows: of $LATEST only where it was asked for. */
export function shownQualifier({ qualifier }: FunctionName): string | undefined {
  return qualifier === undefined ? undefined : qualifier === "" ? latest : qualifier;
}
