import { hash } from "node:crypto";
import { canonicalRequest } from "../gateway/sigv4/canonical.ts";
import { signingKey } from "../gateway/sigv4/keys.ts";

export interface ToSign {
  endpoint: string;
  region: string;
  /** Name in the credential scope: "sqs". */
  service: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  method: string;
  /** Percent-encoded, with its query. */
  path?: string;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
}

/** Headers of a signed request. https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
export function signedHeaders({
  endpoint,
  region,
  service,
  credentials,
  method,
  path = "/",
  headers: given,
  body,
}: ToSign): Record<string, string> {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = timestamp.slice(0, 8);
  const payload = hash("sha256", body, "hex");
  const headers: Record<string, string> = {
    ...given,
    host: new URL(endpoint).host,
    "x-amz-content-sha256": payload,
    "x-amz-date": timestamp,
  };
  const names = Object.keys(headers).sort();
  const [bare = "/", query = ""] = path.split("?", 2);
  const isS3 = service === "s3";
  const rules = { normalize: !isS3, encodeTwice: !isS3 };
  const canonical = canonicalRequest({ method, path: bare, query, headers }, names, payload, rules);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash("sha256", canonical ?? "", "hex")}`;
  const signature = signingKey(credentials.secretAccessKey, day, region, service).hex(stringToSign);
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return headers;
}
