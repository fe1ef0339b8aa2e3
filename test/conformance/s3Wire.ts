import { type BinaryLike, createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials } from "../harness.ts";

/** Requests to S3 that no SDK makes: signed or not, for a host of one's own, with headers as they are given. */

/** What the signer asks of a hash. */
export class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as BinaryLike);
  }
  update(data: unknown): void {
    this.#hash.update(data as BinaryLike);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

export interface WireRequest {
  method?: string;
  /** Behind the host, without a query. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Left out, the endpoint's own. */
  host?: string;
  region?: string;
  unsigned?: true;
}

export interface WireAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends a request, with texts of headers as UTF-8. */
export async function sendOnWire(
  { endpoint, credentials }: { endpoint: string; credentials: Credentials },
  asked: WireRequest,
): Promise<WireAnswer> {
  const { hostname, port, host: ownHost } = new URL(endpoint);
  const { method = "GET", path, query = {}, body = "", host = ownHost, region = "us-east-1" } = asked;
  const plain = {
    method,
    path,
    query,
    protocol: "http:",
    hostname,
    headers: {
      ...asked.headers,
      host,
      "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
    },
    body,
  };
  const signer = new SignatureV4({
    credentials,
    region,
    service: "s3",
    sha256: Sha256,
    uriEscapePath: false,
  });
  const { headers } = asked.unsigned ? plain : await signer.sign(plain);
  const text = new URLSearchParams(query).toString();
  const sent = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
  return await new Promise((resolve, reject) => {
    const options = { hostname, port, method, path: text ? `${path}?${text}` : path, agent: false };
    const call = request({ ...options, headers: Object.fromEntries(sent) }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(pieces).toString(),
        }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** An XML document in the form in which it was recorded: elements by name, repeated ones in lists. */
export function xmlShown(document: string): Record<string, unknown> {
  const tokens = document.matchAll(/<(\/?)([\w:]+)((?:\s+[\w:]+="[^"]*")*)\s*(\/?)>|([^<]+)|<\?[^>]*>/g);
  const root: Record<string, unknown> = {};
  const open: { name: string; members: Record<string, unknown>; text: string }[] = [
    { name: "", members: root, text: "" },
  ];
  const close = () => {
    const { name, members, text } = open.pop() as (typeof open)[number];
    const value = Object.keys(members).some((one) => !one.startsWith("@")) ? members : text || null;
    const into = open.at(-1)?.members as Record<string, unknown>;
    into[name] = name in into ? [into[name], value].flat() : value;
  };
  for (const [, ends, name, attributes = "", empty, text] of tokens) {
    const top = open.at(-1) as (typeof open)[number];
    if (text !== undefined)
      top.text += text.replace(/&(?:#(\d+)|(\w+));/g, (_, code, word) =>
        code === undefined ? (entities[word] ?? "") : String.fromCodePoint(Number(code)),
      );
    else if (ends) close();
    else if (name !== undefined) {
      const given = [...attributes.matchAll(/([\w:]+)="([^"]*)"/g)];
      const members = Object.fromEntries(given.map(([, key, value]) => [`@${key}`, value]));
      open.push({ name, members, text: "" });
      if (empty) close();
    }
  }
  return root;
}
