import type { CreateFunctionRequest, UpdateFunctionConfigurationRequest } from "@aws-sdk/client-lambda";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { passRole } from "../../kit/passRole.ts";
import type { BrokenLimit } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { sealEnvironment } from "./configuration.ts";
import { layerRefs } from "./layerRefs.ts";
import { type FunctionName, functionArn } from "./names.ts";
import { invalid, validation } from "./refusals.ts";
import type { ConfigurationRow, LoggingRow } from "./tables.ts";

/** What customers say of a function, checked, as its row keeps it. */

type Configuration = Pick<
  UpdateFunctionConfigurationRequest,
  | "Role"
  | "Handler"
  | "Description"
  | "Timeout"
  | "MemorySize"
  | "VpcConfig"
  | "Environment"
  | "Runtime"
  | "DeadLetterConfig"
  | "KMSKeyArn"
  | "TracingConfig"
  | "Layers"
  | "EphemeralStorage"
  | "SnapStart"
  | "LoggingConfig"
>;

export const defaults = { timeoutSeconds: 3, memoryMb: 128, ephemeralMb: 512 };
const maxTimeoutSeconds = 900;
const maxMemoryMb = 10_240;
const maxEnvironmentBytes = 4_096;

/** Runtimes that AWS still takes for new functions, in the order in which its errors name them. */
export const runtimes = [
  "nodejs20.x",
  "python3.14",
  "provided.al2023",
  "python3.12",
  "python3.13",
  "nodejs24.x",
  "nodejs22.x",
  "java25",
  "python3.10",
  "python3.11",
  "java21",
  "ruby3.3",
  "ruby3.4",
  "ruby3.2",
  "python3.8",
  "python3.9",
  "java17",
  "nodejs16.x",
  "dotnet10",
  "dotnet8",
  "java11",
  "dotnet6",
  "nodejs18.x",
  "provided.al2",
  "java8.al2",
];

/** Runtimes that there were. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated */
const formerRuntimes = new Set([
  ...["nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x"],
  ...["nodejs14.x", "java8", "python2.7", "python3.6", "python3.7", "dotnetcore1.0", "dotnetcore2.0"],
  ...["dotnetcore2.1", "dotnetcore3.1", "dotnet5.0", "go1.x", "ruby2.5", "ruby2.7", "provided"],
]);

/** Runtimes for which the machine has what runs them. */
export function canRun(runtime: string): boolean {
  return /^(?:nodejs|python3\.|provided\.al)/.test(runtime);
}

export function checkRuntime(runtime: string | undefined): void {
  if (runtime !== undefined && !runtimes.includes(runtime)) throw invalid(unknownRuntime(runtime));
}

/** A runtime that there is not is refused by Lambda itself, not by what reads requests. */
export function refusesInput(
  _broken: readonly BrokenLimit[],
  words: string,
): { code: string; message: string } | undefined {
  const runtime = /^1 validation error detected: Value '([^']*)' at 'runtime' /.exec(words)?.[1];
  return runtime === undefined
    ? undefined
    : { code: "InvalidParameterValueException", message: unknownRuntime(runtime) };
}

function unknownRuntime(runtime: string): string {
  if (formerRuntimes.has(runtime)) {
    return `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`;
  }
  return `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${runtimes.join(", ")}] or be a valid ARN`;
}

/** Variables that Lambda sets itself. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const reserved = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
]);

function checkVariables(variables: Readonly<Record<string, string>>): void {
  const taken = Object.keys(variables).filter((name) => reserved.has(name));
  if (taken.length > 0) {
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${taken.join(", ")}`,
    );
  }
  const text = JSON.stringify(variables);
  if (Buffer.byteLength(text) > maxEnvironmentBytes) {
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${text}`,
    );
  }
}

/** Lambda must be able to take the role on. */
async function checkRole(named: FunctionName, role: string, ctx: Context): Promise<void> {
  await passRole(ctx, role, "lambda.amazonaws.com", functionArn(named));
  const source = { sourceArn: functionArn(named), sourceAccount: named.account };
  const lambda = servicePrincipal("lambda.amazonaws.com", source);
  try {
    await ctx.assumeRole(role, lambda, named.name.slice(0, 64).padEnd(2, "-"));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalid("The role defined for the function cannot be assumed by Lambda.");
  }
}

function checkNumbers({ Timeout, MemorySize }: Configuration): void {
  if (Timeout !== undefined && Timeout > maxTimeoutSeconds)
    throw validation(Timeout, "timeout", `Member must have value less than or equal to ${maxTimeoutSeconds}`);
  if (MemorySize !== undefined && MemorySize > maxMemoryMb)
    throw validation(MemorySize, "memorySize", `Member must have value less than or equal to ${maxMemoryMb}`);
}

function deadLetterOf({ DeadLetterConfig }: Configuration): string | undefined {
  const arn = DeadLetterConfig?.TargetArn;
  if (arn === undefined || arn === "") return undefined;
  const service = parseArn(arn)?.service;
  if (service !== "sqs" && service !== "sns")
    throw invalid(`The provided dead letter queue configuration is invalid: ${arn}`);
  return arn;
}

function loggingOf(given: Configuration["LoggingConfig"], present: LoggingRow | undefined): LoggingRow {
  if (given === undefined) return present ?? { format: "Text" };
  const format = given.LogFormat ?? present?.format ?? "Text";
  const wantsLevels = given.ApplicationLogLevel !== undefined || given.SystemLogLevel !== undefined;
  if (format === "Text" && wantsLevels)
    throw invalid("Cannot set Log Levels when LogFormat is Text. Set LogFormat to JSON to use Log Levels.");
  const group = given.LogGroup ?? present?.group;
  return {
    format,
    ...(group !== undefined && { group }),
    ...(format === "JSON" && {
      applicationLevel: given.ApplicationLogLevel ?? present?.applicationLevel ?? "INFO",
      systemLevel: given.SystemLogLevel ?? present?.systemLevel ?? "INFO",
    }),
  };
}

type Rest = Omit<ConfigurationRow, "version" | "code" | "revisionId" | "modifiedAt" | "architectures">;

/** The configuration that an input asks for; what it leaves out stays as it is, or has AWS's defaults. */
export async function configured(
  named: FunctionName,
  input: Configuration,
  present: Rest | undefined,
  ctx: Context,
): Promise<Rest> {
  checkNumbers(input);
  checkRuntime(input.Runtime);
  const role = input.Role ?? present?.role ?? "";
  if (input.Role !== undefined) await checkRole(named, input.Role, ctx);
  const deadLetterArn = input.DeadLetterConfig ? deadLetterOf(input) : present?.deadLetterArn;
  const kmsKeyArn = input.KMSKeyArn ?? present?.kmsKeyArn;
  const environment = await environmentOf(named, input, present, ctx);
  return {
    runtime: input.Runtime ?? present?.runtime ?? "",
    handler: input.Handler ?? present?.handler ?? "",
    role,
    description: input.Description ?? present?.description ?? "",
    timeoutSeconds: input.Timeout ?? present?.timeoutSeconds ?? defaults.timeoutSeconds,
    memoryMb: input.MemorySize ?? present?.memoryMb ?? defaults.memoryMb,
    ephemeralMb: input.EphemeralStorage?.Size ?? present?.ephemeralMb ?? defaults.ephemeralMb,
    ...(environment !== undefined && { environment }),
    ...(kmsKeyArn !== undefined && kmsKeyArn !== "" && { kmsKeyArn }),
    layers: input.Layers
      ? await layerRefs(input.Layers, present?.layers ?? [], ctx)
      : (present?.layers ?? []),
    logging: loggingOf(input.LoggingConfig, present?.logging),
    tracing: input.TracingConfig?.Mode ?? present?.tracing ?? "PassThrough",
    snapStart: input.SnapStart?.ApplyOn ?? present?.snapStart ?? "None",
    ...(deadLetterArn !== undefined && { deadLetterArn }),
    ...vpcOf(input, present),
  };
}

async function environmentOf(
  named: FunctionName,
  { Environment, KMSKeyArn }: Configuration,
  present: Rest | undefined,
  ctx: Context,
): Promise<Rest["environment"]> {
  const key = (KMSKeyArn ?? present?.kmsKeyArn) || undefined;
  if (Environment !== undefined) {
    const variables = Environment.Variables ?? {};
    checkVariables(variables);
    return await sealEnvironment(named, variables, key, ctx);
  }
  return present?.environment;
}

function vpcOf({ VpcConfig }: Configuration, present: Rest | undefined): Pick<Rest, "vpc"> {
  if (VpcConfig === undefined) return present?.vpc ? { vpc: present.vpc } : {};
  const { SubnetIds = [], SecurityGroupIds = [] } = VpcConfig;
  if (SubnetIds.length === 0 && SecurityGroupIds.length === 0) return {};
  throw invalid(
    "Cloudkeep has no virtual private clouds: VpcConfig must name no subnets or security groups.",
  );
}

/** What a package of code needs beside it, and what Cloudkeep does not run. */
export function checkPackage({
  PackageType,
  Runtime,
  Handler,
  Code,
  FileSystemConfigs,
}: CreateFunctionRequest): void {
  if (PackageType === "Image" || Code?.ImageUri !== undefined)
    throw invalid("Cloudkeep runs no container images: PackageType must be Zip.");
  if (Handler === undefined || Runtime === undefined)
    throw invalid(
      "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    );
  if (FileSystemConfigs !== undefined && FileSystemConfigs.length > 0)
    throw invalid("Cloudkeep mounts no file systems: FileSystemConfigs must be empty.");
}
