import { hash } from "node:crypto";
import { canonicalRequest } from "../gateway/sigv4/canonical.ts";
import { signingKey } from "../gateway/sigv4/keys.ts";
import { runningInstance } from "./home.ts";

/** Calls one of Cloudkeep's own operations on the running instance, signed as any other call. */
export async function callCloudkeep<Output>(
  directory: string,
  operation: string,
  input: object = {},
): Promise<Output> {
  const { endpoint, region, credentials } = runningInstance(directory);
  const body = JSON.stringify(input);
  const headers = signedHeaders(endpoint, region, credentials, operation, body);
  const response = await fetch(endpoint, { method: "POST", headers, body }).catch(() => {
    throw new Error(`Cloudkeep does not answer at ${endpoint}. Is it still running?`);
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${answer.__type}: ${answer.message}`);
  return answer as Output;
}

function signedHeaders(
  endpoint: string,
  region: string,
  credentials: { accessKeyId: string; secretAccessKey: string },
  operation: string,
  body: string,
): Record<string, string> {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = timestamp.slice(0, 8);
  const headers: Record<string, string> = {
    "content-type": "application/x-amz-json-1.1",
    host: new URL(endpoint).host,
    "x-amz-date": timestamp,
    "x-amz-target": `Cloudkeep.${operation}`,
  };
  const names = Object.keys(headers).sort();
  const request = { method: "POST", path: "/", query: "", headers };
  const canonical = canonicalRequest(request, names, hash("sha256", body, "hex"), {
    normalize: true,
    encodeTwice: true,
  });
  const scope = `${day}/${region}/cloudkeep/aws4_request`;
  const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash("sha256", canonical ?? "", "hex")}`;
  const signature = signingKey(credentials.secretAccessKey, day, region, "cloudkeep").hex(stringToSign);
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return headers;
}
