import { signedHeaders } from "../sign.ts";

/** As much of an AWS client as a demonstration needs: signed calls over the services' own wires. */

export interface Aws {
  endpoint: string;
  account: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

/** Services that speak JSON: their prefix of `X-Amz-Target`, and their name in signatures where it differs. */
const json: Record<string, { target: string; version: string; signs?: string }> = {
  sqs: { target: "AmazonSQS", version: "1.0" },
  events: { target: "AWSEvents", version: "1.1" },
  logs: { target: "Logs_20140328", version: "1.1" },
  cloudtrail: { target: "CloudTrail_20131101", version: "1.1" },
  cloudwatch: { target: "GraniteServiceVersion20100801", version: "1.0", signs: "monitoring" },
  cloudkeep: { target: "Cloudkeep", version: "1.1" },
};

const queryVersions: Record<string, string> = { iam: "2010-05-08", sns: "2010-03-31" };

type Parameters = Record<string, unknown>;

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
  if (!response.ok) throw new Error(`${service}:${operation} was refused: ${text}`);
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
  { endpoint, credentials }: Aws,
  method: string,
  path: string,
  body = "",
  headers: Record<string, string> = {},
): Promise<Buffer> {
  const request = { endpoint, region: "us-east-1", service: "s3", credentials, method, path, headers, body };
  const response = await fetch(`${endpoint}${path}`, {
    method,
    headers: signedHeaders(request),
    ...(method !== "GET" && { body }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`S3 refused ${method} ${path}: ${bytes.toString()}`);
  return bytes;
}

/** Text of the first element of a name. */
export function element(answer: Record<string, unknown>, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(String(answer.xml))?.[1] ?? "";
}
