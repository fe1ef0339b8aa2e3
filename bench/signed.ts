import { hash } from "node:crypto";
import { canonicalRequest } from "../src/gateway/sigv4/canonical.ts";
import { type HmacKey, signingKey } from "../src/gateway/sigv4/keys.ts";

export interface Signer {
  port: number;
  service: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  region?: string;
}

/** Makes whole signed requests, as the SDK signs them. */
export function requestMaker({ port, service, credentials, region = "us-east-1" }: Signer) {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = timestamp.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = signingKey(credentials.secretAccessKey, day, region, service);
  return {
    /** A request of a REST service; S3 keeps its paths as they are. */
    rest: (method: string, path: string, body: Buffer) =>
      rest({ method, path, body }, { port, key, accessKeyId: credentials.accessKeyId, scope, timestamp }),
    query: (parameters: Record<string, string>) =>
      signed(
        port,
        key,
        credentials.accessKeyId,
        scope,
        timestamp,
        {
          "content-type": "application/x-www-form-urlencoded",
        },
        new URLSearchParams(parameters).toString(),
      ),
    json: (target: string, input: object, type = "application/x-amz-json-1.1") =>
      signed(
        port,
        key,
        credentials.accessKeyId,
        scope,
        timestamp,
        {
          "content-type": type,
          "x-amz-target": target,
        },
        JSON.stringify(input),
      ),
  };
}

function signed(
  port: number,
  key: HmacKey,
  accessKeyId: string,
  scope: string,
  timestamp: string,
  own: Record<string, string>,
  body: string,
): Buffer {
  const payloadHash = hash("sha256", body, "hex");
  const headers: Record<string, string> = {
    ...own,
    host: `127.0.0.1:${port}`,
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": timestamp,
  };
  const names = Object.keys(headers).sort();
  const canonical = canonicalRequest({ method: "POST", path: "/", query: "", headers }, names, payloadHash, {
    normalize: true,
    encodeTwice: true,
  });
  const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash("sha256", canonical ?? "", "hex")}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${key.hex(stringToSign)}`;
  const lines = [
    ...Object.entries(headers),
    ["authorization", authorization],
    ["content-length", String(Buffer.byteLength(body))],
  ];
  return Buffer.from(
    `POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n${body}`,
  );
}

interface Signing {
  port: number;
  key: HmacKey;
  accessKeyId: string;
  scope: string;
  timestamp: string;
}

function rest(
  { method, path, body }: { method: string; path: string; body: Buffer },
  { port, key, accessKeyId, scope, timestamp }: Signing,
): Buffer {
  const payloadHash = hash("sha256", body, "hex");
  const headers: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": timestamp,
  };
  const names = Object.keys(headers).sort();
  const canonical = canonicalRequest({ method, path, query: "", headers }, names, payloadHash, {
    normalize: false,
    encodeTwice: false,
  });
  const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash("sha256", canonical ?? "", "hex")}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${key.hex(stringToSign)}`;
  const lines = [
    ...Object.entries(headers),
    ["authorization", authorization],
    ["content-length", String(body.length)],
  ];
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
