import { crc32, deflateRawSync } from "node:zlib";
import type { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { type CreateFunctionCommandInput, Lambda } from "@aws-sdk/client-lambda";
import { type Credentials, clients, optionsOf, policyOf } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

/** What tests of Lambda share: archives, roles, functions. */

export interface ZipEntry {
  name: string;
  content: string | Buffer;
  /** Unix mode, type included. */
  mode?: number;
  /** What the archive says, where that is to be a lie. */
  claimedBytes?: number;
}

/** A zip archive of files; nothing about the names is checked. */
export function zipOf(files: Record<string, string | Buffer> | ZipEntry[]): Buffer {
  const entries = Array.isArray(files)
    ? files
    : Object.entries(files).map(([name, content]): ZipEntry => ({ name, content }));
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644, claimedBytes } of entries) {
    const bytes = Buffer.from(content as string);
    const packed = deflateRawSync(bytes);
    const label = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claimedBytes ?? bytes.length, 18);
    common.writeUInt16LE(label.length, 22);
    const local = Buffer.concat([Buffer.from("504b0304", "hex"), common, label, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    const made = Buffer.from([20, 3]);
    directory.push(Buffer.concat([Buffer.from("504b0102", "hex"), made, common, tail, label]));
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

type Reached = Pick<Cloudkeep, "endpoint" | "credentials">;

export function lambdaClient(cloudkeep: Reached, credentials: Credentials = cloudkeep.credentials): Lambda {
  return new Lambda(optionsOf(cloudkeep, credentials));
}

/** What AWSLambdaBasicExecutionRole allows. */
const mayLog = {
  Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
  Resource: "*",
};

/** A role that Lambda may take on; its ARN. */
export async function lambdaRole(
  cloudkeep: Reached,
  RoleName: string,
  allowed: Record<string, unknown> = mayLog,
): Promise<string> {
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const AssumeRolePolicyDocument = policyOf({
    Principal: { Service: "lambda.amazonaws.com" },
    Action: "sts:AssumeRole",
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = policyOf(allowed);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
  return Role?.Arn ?? "";
}

/** Makes a function of one file, "index.mjs", "index.js" or "index.py". */
export async function makeFunction(
  lambda: Lambda,
  FunctionName: string,
  Role: string,
  source: string | Record<string, string | Buffer> | ZipEntry[],
  options: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  const file = options.Runtime?.startsWith("python") ? "index.py" : "index.mjs";
  await lambda.createFunction({
    FunctionName,
    Role,
    Runtime: "nodejs20.x",
    // By AWS's default, a machine that is busy with other tests would end functions that do nothing wrong.
    Timeout: 60,
    Handler: "index.handler",
    Code: { ZipFile: zipOf(typeof source === "string" ? { [file]: source } : source) },
    ...options,
  });
}

/** A function that says so once it runs, and does not end by itself. */
export const endless = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("first");
  await new Promise(() => setInterval(() => {}, 1_000));
});`;

/** Invokes `endless` and returns once it runs. */
export async function running(lambda: Lambda, FunctionName: string): Promise<string> {
  const { EventStream = [] } = await lambda.invokeWithResponseStream({ FunctionName });
  for await (const { PayloadChunk } of EventStream)
    if (PayloadChunk?.Payload) return Buffer.from(PayloadChunk.Payload).toString();
  throw new Error("The function ended.");
}

/** What a function says of each batch ("BATCH" and JSON), from its log. */
export async function logged(logs: CloudWatchLogs, name: string): Promise<unknown[]> {
  const answer = await logs
    .filterLogEvents({ logGroupName: `/aws/lambda/${name}`, filterPattern: "BATCH" })
    .catch(() => undefined);
  return (answer?.events ?? []).map(
    ({ message = "" }) => JSON.parse(message.slice(message.indexOf("BATCH") + 6)) as unknown,
  );
}

export interface Invoked {
  status: number | undefined;
  error: string | undefined;
  value: unknown;
  log: string;
}

/** Invokes a function and waits; its answer, read. */
export async function invoke(lambda: Lambda, FunctionName: string, event: unknown = {}): Promise<Invoked> {
  const Payload = Buffer.from(JSON.stringify(event));
  const answer = await lambda.invoke({ FunctionName, Payload, LogType: "Tail" });
  const text = Buffer.from(answer.Payload ?? []).toString();
  return {
    status: answer.StatusCode,
    error: answer.FunctionError,
    value: text === "" ? undefined : JSON.parse(text),
    log: Buffer.from(answer.LogResult ?? "", "base64").toString(),
  };
}
