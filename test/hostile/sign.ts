import { createHmac, hash, sign as signAsymmetric } from "node:crypto";
import { canonicalRequest } from "../../src/gateway/sigv4/canonical.ts";
import { asymmetricKey, signingKey } from "../../src/gateway/sigv4/keys.ts";
import { pathRules } from "../../src/gateway/sigv4/verify.ts";
import type { Credentials } from "../harness.ts";

/** Signs requests by hand, in every mode, for tests that alter what a client would never get wrong. */

export type Mode =
  | "header"
  | "header-hashed"
  | "presigned"
  | "presigned-unsigned"
  | "v4a"
  | "chunked"
  | "chunked-trailer"
  | "token";

export interface Draft {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string;
}

export interface SignOptions {
  credentials: Credentials;
  service: string;
  region?: string;
  /** ms since the epoch */
  at?: number;
  expiresSeconds?: number;
  host: string;
}

const emptyHash = hash("sha256", "", "hex");

export function timestampOf(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** A signed copy of a draft. */
export function signed(mode: Mode, draft: Draft, options: SignOptions): Draft {
  switch (mode) {
    case "presigned":
      return presigned(draft, options);
    case "presigned-unsigned":
      return presigned(draft, options, "UNSIGNED-PAYLOAD");
    case "v4a":
      return inHeader(draft, options, { hashed: true, asymmetric: true });
    case "chunked":
      return chunked(draft, options, false);
    case "chunked-trailer":
      return chunked(draft, options, true);
    case "header-hashed":
      return inHeader(draft, options, { hashed: true });
    default:
      return inHeader(draft, options, {});
  }
}

function scopeOf({ service, region = "us-east-1", at = Date.now() }: SignOptions, asymmetric = false) {
  const timestamp = timestampOf(at);
  const day = timestamp.slice(0, 8);
  return {
    timestamp,
    day,
    region,
    scope: asymmetric ? `${day}/${service}/aws4_request` : `${day}/${region}/${service}/aws4_request`,
  };
}

function inHeader(
  draft: Draft,
  options: SignOptions,
  how: { hashed?: boolean; asymmetric?: boolean; payload?: string },
): Draft {
  const { credentials, service, host } = options;
  const { timestamp, day, region, scope } = scopeOf(options, how.asymmetric);
  const payloadHash = how.payload ?? hash("sha256", draft.body, "hex");
  const headers: Record<string, string> = {
    ...draft.headers,
    host,
    "x-amz-date": timestamp,
    ...(how.hashed && { "x-amz-content-sha256": payloadHash }),
    ...(how.asymmetric && { "x-amz-region-set": region }),
    ...(credentials.sessionToken && { "x-amz-security-token": credentials.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = canonicalRequest({ ...draft, headers }, names, payloadHash, pathRules(service)) ?? "";
  const algorithm = how.asymmetric ? "AWS4-ECDSA-P256-SHA256" : "AWS4-HMAC-SHA256";
  const stringToSign = `${algorithm}\n${timestamp}\n${scope}\n${hash("sha256", canonical, "hex")}`;
  const signature = how.asymmetric
    ? signAsymmetric(
        "sha256",
        Buffer.from(stringToSign),
        asymmetricKey(credentials.accessKeyId, credentials.secretAccessKey).privateKey,
      ).toString("hex")
    : signingKey(credentials.secretAccessKey, day, region, service).hex(stringToSign);
  headers.authorization = `${algorithm} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...draft, headers };
}

function presigned(
  draft: Draft,
  options: SignOptions,
  payloadHash = hash("sha256", draft.body, "hex"),
): Draft {
  const { credentials, service, host, expiresSeconds = 300 } = options;
  const { timestamp, day, region, scope } = scopeOf(options);
  const parameters = new URLSearchParams(draft.query);
  parameters.set("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  parameters.set("X-Amz-Credential", `${credentials.accessKeyId}/${scope}`);
  parameters.set("X-Amz-Date", timestamp);
  parameters.set("X-Amz-Expires", String(expiresSeconds));
  parameters.set("X-Amz-SignedHeaders", "host");
  if (credentials.sessionToken) parameters.set("X-Amz-Security-Token", credentials.sessionToken);
  const query = parameters.toString();
  const headers = { ...draft.headers, host };
  const canonical =
    canonicalRequest({ ...draft, query, headers }, ["host"], payloadHash, pathRules(service)) ?? "";
  const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash("sha256", canonical, "hex")}`;
  const signature = signingKey(credentials.secretAccessKey, day, region, service).hex(stringToSign);
  return { ...draft, headers, query: `${query}&X-Amz-Signature=${signature}` };
}

function chunked(draft: Draft, options: SignOptions, trailer: boolean): Draft {
  const payload = trailer
    ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    : "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
  const { headers, ...rest } = draft;
  const outer = inHeader(
    {
      ...rest,
      headers: {
        ...headers,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": String(Buffer.byteLength(draft.body)),
      },
    },
    options,
    { hashed: true, payload },
  );
  const { timestamp, day, region, scope } = scopeOf(options);
  const key = signingKey(options.credentials.secretAccessKey, day, region, options.service);
  let previous = /Signature=([0-9a-f]+)/.exec(outer.headers.authorization ?? "")?.[1] ?? "";
  const prove = (kind: string, text: string) => {
    previous = key.hex(`AWS4-HMAC-SHA256-${kind}\n${timestamp}\n${scope}\n${previous}\n${text}`);
    return previous;
  };
  const half = Math.ceil(draft.body.length / 2);
  let body = "";
  for (const data of [draft.body.slice(0, half), draft.body.slice(half)]) {
    if (data === "") continue;
    body += `${data.length.toString(16)};chunk-signature=${prove("PAYLOAD", `${emptyHash}\n${hash("sha256", data, "hex")}`)}\r\n${data}\r\n`;
  }
  body += `0;chunk-signature=${prove("PAYLOAD", `${emptyHash}\n${emptyHash}`)}\r\n`;
  if (!trailer) return { ...outer, body: `${body}\r\n` };
  const digest = createHmac("sha256", "trailer").update(draft.body).digest("base64");
  const line = `x-amz-checksum-sha256:${digest}\n`;
  body += `${line.trim()}\r\nx-amz-trailer-signature:${prove("TRAILER", hash("sha256", line, "hex"))}\r\n\r\n`;
  return { ...outer, body };
}
