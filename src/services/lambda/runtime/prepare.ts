import type { Context, Host } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { lambdaFor, roleSession } from "./journal.ts";
import type { Packages } from "./packages.ts";
import { pythonHere, sandboxHere, shims, type View } from "./sandbox.ts";
import type { PackageRef, Refusal, Runnable } from "./types.ts";

/** What an environment needs before it starts: the role's credentials, its variables, its code. */

export interface Prepared {
  variables: Record<string, string>;
  /** When the credentials expire, ms by the clock. */
  expiresAt: number;
  view: View;
  cloudkeepPort: number;
}

/** The environment cannot be made, for a reason that the caller is told. */
class CannotStart extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

interface Granted {
  credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string; Expiration: Date };
  own: Readonly<Record<string, string>>;
}

export async function prepare(
  runnable: Runnable,
  logStream: string,
  packages: Packages,
  host: Host,
  initialization: "on-demand" | "provisioned-concurrency",
): Promise<Prepared> {
  const { account, region } = runnable;
  const act = <T>(body: (ctx: Context) => Promise<T>) =>
    host.act({ service: "lambda", account, region }, body);
  const granted = await act((ctx) => grant(runnable, ctx));
  const read = (ref: PackageRef) => act((ctx) => bytesOf(ref, ctx));
  const taskDir = await packages.code(runnable, read);
  const optDir = await packages.layers(runnable, read);
  const endpoint = new URL(host.endpoint());
  const { kind } = await sandboxHere();
  const paths =
    kind === "bubblewrap"
      ? { task: "/var/task", runtime: "/var/runtime", opt: "/opt" }
      : { task: taskDir, runtime: shims, opt: optDir ?? "/opt" };
  const python = runnable.runtime.startsWith("python") ? pythonHere()?.prefix : undefined;
  const pythonDir = python?.startsWith("/usr") ? undefined : python;
  const view = {
    pythonDir,
    taskDir,
    optDir,
    tmpBytes: runnable.ephemeralMb * 1_048_576,
    etcDir: packages.etcDir,
  };
  return {
    variables: {
      ...variablesOf(runnable, logStream, granted, endpoint, paths),
      AWS_LAMBDA_INITIALIZATION_TYPE: initialization,
    },
    expiresAt: granted.credentials.Expiration.getTime(),
    view,
    cloudkeepPort: Number(endpoint.port || (endpoint.protocol === "https:" ? 443 : 80)),
  };
}

async function grant(runnable: Runnable, ctx: Context): Promise<Granted> {
  const { roleArn, functionName } = runnable;
  const input = { RoleArn: roleArn, RoleSessionName: functionName.slice(0, 64).padEnd(2, "-") };
  const as = lambdaFor(runnable);
  try {
    const answer = await ctx.call("sts", "AssumeRole", input, {
      as,
      account: roleArn.split(":")[4] as string,
    });
    return {
      credentials: answer.Credentials as Granted["credentials"],
      own: await variablesInClear(runnable, ctx),
    };
  } catch (error) {
    if (!(error instanceof AwsError) || error.code.startsWith("KMS")) throw asRefusal(error);
    const message = "The role defined for the function cannot be assumed by Lambda.";
    throw new CannotStart({ code: "AccessDeniedException", message, status: 403 });
  }
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  return new CannotStart({ code: error.code, message: error.message, status: 502 });
}

/** The function's variables; what a key of the customer's protects, the function's own role opens. */
async function variablesInClear(runnable: Runnable, ctx: Context): Promise<Readonly<Record<string, string>>> {
  const { environment, functionArn } = runnable;
  if ("variables" in environment) return environment.variables;
  try {
    const as = await roleSession(runnable, ctx);
    const { Plaintext } = await ctx.call(
      "kms",
      "Decrypt",
      {
        CiphertextBlob: Buffer.from(environment.ciphertext, "base64"),
        KeyId: environment.keyArn,
        EncryptionContext: { "aws:lambda:FunctionArn": functionArn },
      },
      { as: { ...as, calledVia: ["lambda.amazonaws.com"] } },
    );
    return JSON.parse(Buffer.from(Plaintext as Uint8Array).toString()) as Record<string, string>;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const kind =
      { DisabledException: "KMSDisabledException", NotFoundException: "KMSNotFoundException" }[error.code] ??
      (error.code === "KMSInvalidStateException" ? "KMSInvalidStateException" : "KMSAccessDeniedException");
    const why = kind === "KMSAccessDeniedException" ? "KMS access was denied" : "the KMS key cannot be used";
    throw new AwsError(
      kind,
      `Lambda was unable to decrypt the environment variables because ${why}. Please check the function's KMS key settings. KMS Exception: ${error.code} KMS Message: ${error.message}`,
    );
  }
}

async function bytesOf({ bodyId }: PackageRef, ctx: Context): Promise<Buffer> {
  const content = await ctx.bytes.open(bodyId);
  if (Buffer.isBuffer(content)) return content;
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
function variablesOf(
  runnable: Runnable,
  logStream: string,
  { credentials, own }: Granted,
  endpoint: URL,
  paths: { task: string; runtime: string; opt: string },
): Record<string, string> {
  const { region, runtime } = runnable;
  const major = /^nodejs(\d+)/.exec(runtime)?.[1] ?? "20";
  const { version = "3" } = pythonHere() ?? {};
  return {
    PATH: `/var/lang/bin:/usr/local/bin:/usr/bin:/bin:${paths.opt}/bin`,
    LD_LIBRARY_PATH: `/var/lang/lib:${paths.runtime}:${paths.task}:${paths.task}/lib:${paths.opt}/lib`,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    NODE_PATH: `${paths.opt}/nodejs/node${major}/node_modules:${paths.opt}/nodejs/node_modules:${paths.runtime}/node_modules`,
    ...(runtime.startsWith("python") && {
      PYTHONPATH: `${paths.opt}/python/lib/python${version}/site-packages:${paths.opt}/python`,
      PYTHONDONTWRITEBYTECODE: "1",
    }),
    ...own,
    _HANDLER: runnable.handler,
    LAMBDA_TASK_ROOT: paths.task,
    LAMBDA_RUNTIME_DIR: paths.runtime,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: runnable.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: runnable.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(runnable.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: runnable.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    ...(runnable.logFormat === "JSON" && {
      AWS_LAMBDA_LOG_FORMAT: "JSON",
      AWS_LAMBDA_LOG_LEVEL: runnable.applicationLogLevel ?? "INFO",
    }),
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    AWS_ACCESS_KEY_ID: credentials.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.SecretAccessKey,
    AWS_SESSION_TOKEN: credentials.SessionToken,
    AWS_ENDPOINT_URL: `${endpoint.protocol}//127.0.0.1:${endpoint.port}`,
  };
}
