import { runningInstance } from "./home.ts";
import { signedHeaders } from "./sign.ts";

/** Calls one of Cloudkeep's own operations on the running instance, signed as any other call. */
export async function callCloudkeep<Output>(
  directory: string,
  operation: string,
  input: object = {},
): Promise<Output> {
  const { endpoint, region, credentials } = runningInstance(directory);
  const body = JSON.stringify(input);
  const headers = signedHeaders({
    endpoint,
    region,
    service: "cloudkeep",
    credentials,
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `Cloudkeep.${operation}` },
    body,
  });
  const response = await fetch(endpoint, { method: "POST", headers, body }).catch(() => {
    throw new Error(`Cloudkeep does not answer at ${endpoint}. Is it still running?`);
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${answer.__type}: ${answer.message}`);
  return answer as Output;
}
