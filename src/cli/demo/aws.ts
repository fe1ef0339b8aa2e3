import { signedHeaders } from "../sign.ts";

/** As much of an AWS client as a demonstration needs: signed calls over the services' own wires. */

export interface Aws {
  endpoint: string;
  account: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

export interface Demo {
  aws: Aws;
  /** Says one sentence. */
  say(text: string): void;
}

/** Services that speak JSON: their prefix of `X-Amz-Target`, and their name in signatures where it differs. */
const json: Record<string, { target: string; version: string; signs?: string }> = {
  sqs: { target: "AmazonSQS", version: "1.0" },
  events: { target: "AWSEvents", version: "1.1" },
  logs: { target: "Logs_20140328", version: "1.1" },
  cloudtrail: { target: "CloudTrail_20131101", version: "1.1" },
  cloudwatch: { target: "GraniteServiceVersion20100801", version: "1.0", signs: "monitoring" },
  cloudkeep: { target: "Cloudkeep", version: "1.1" },
  kms: { target: "TrentService", version: "1.1" },
  dynamodb: { target: "DynamoDB_20120810", version: "1.0" },
  kinesis: { target: "Kinesis_20131202", version: "1.1" },
  firehose: { target: "Firehose_20150804", version: "1.1" },
};

const queryVersions: Record<string, string> = { iam: "2010-05-08", sns: "2010-03-31" };

type Parameters = Record<string, unknown>;

/** A call that was answered with an error, in its words. */
export class Refusal extends Error {}

/** Calls an operation; the answer as JSON, or as the text of its XML under "xml". */
export async function call(
  { endpoint, credentials }: Aws,
  service: string,
  operation: string,
  input: Parameters,
  region = "us-east-1",
): Promise<Record<string, unknown>> {
  const spoken = json[service];
  const headers: Record<string, string> = spoken
    ? {
        "content-type": `application/x-amz-json-${spoken.version}`,
        "x-amz-target": `${spoken.target}.${operation}`,
      }
    : { "content-type": "application/x-www-form-urlencoded" };
  const body = spoken ? JSON.stringify(input) : form(operation, queryVersions[service] ?? "", input);
  const request = {
    endpoint,
    region,
    service: spoken?.signs ?? service,
    credentials,
    method: "POST",
    headers,
    body,
  };
  const response = await fetch(endpoint, { method: "POST", headers: signedHeaders(request), body });
  const text = await response.text();
  if (!response.ok) throw new Refusal(`${service}:${operation} was refused: ${text}`);
  if (spoken === undefined) return { xml: text };
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function form(operation: string, version: string, input: Parameters): string {
  const parameters = new URLSearchParams({ Action: operation, Version: version });
  for (const [name, value] of Object.entries(input)) {
    if (typeof value === "object" && value !== null) {
      for (const [i, [key, one]] of Object.entries(value as Record<string, string>).entries()) {
        parameters.set(`${name}.entry.${i + 1}.key`, key);
        parameters.set(`${name}.entry.${i + 1}.value`, one);
      }
    } else parameters.set(name, String(value));
  }
  return parameters.toString();
}

/** One request to S3; its body. */
export async function s3(
  aws: Aws,
  method: string,
  path: string,
  body = "",
  headers: Record<string, string> = {},
): Promise<Buffer> {
  return (await rest(aws, "s3", method, path, body, headers)).bytes;
}

/** One request to a service of REST. */
export async function rest(
  { endpoint, credentials }: Aws,
  service: string,
  method: string,
  path: string,
  body = "",
  headers: Record<string, string> = {},
): Promise<{ headers: Headers; bytes: Buffer }> {
  const request = { endpoint, region: "us-east-1", service, credentials, method, path, headers, body };
  const response = await fetch(`${endpoint}${path}`, {
    method,
    headers: signedHeaders(request),
    ...(method !== "GET" && { body }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`${service} refused ${method} ${path}: ${bytes.toString()}`);
  return { headers: response.headers, bytes };
}

/** Text of the first element of a name. */
export function element(answer: Record<string, unknown>, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(String(answer.xml))?.[1] ?? "";
}

/** A policy document of these statements, each an Allow. */
export const policy = (...statements: object[]) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((one) => ({ Effect: "Allow", ...one })),
  });

/** A role that one service may take on, for what the statements say. */
export async function role(
  aws: Aws,
  RoleName: string,
  Service: string,
  ...statements: object[]
): Promise<string> {
  const AssumeRolePolicyDocument = policy({ Principal: { Service }, Action: "sts:AssumeRole" });
  const made = await call(aws, "iam", "CreateRole", { RoleName, AssumeRolePolicyDocument });
  await call(aws, "iam", "PutRolePolicy", {
    RoleName,
    PolicyName: "act",
    PolicyDocument: policy(...statements),
  });
  return element(made, "Arn");
}
