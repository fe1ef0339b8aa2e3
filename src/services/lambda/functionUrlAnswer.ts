import type { EndpointAnswer } from "../../kit/endpoint.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Execution } from "./runtime/execution.ts";

/** What functions answer at their URLs. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload */

const integration = "application/vnd.awslambda.http-integration-response";
/** Between a stream's metadata and its body. */
const divider = Buffer.alloc(8);
const maxPreludeBytes = 256 * 1024;

/** Headers that belong to the connection, not to the function. */
const notTheirs = new Set([
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "upgrade",
  "trailer",
]);
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

interface Said {
  statusCode?: unknown;
  headers?: Record<string, unknown>;
  cookies?: unknown;
  body?: unknown;
  isBase64Encoded?: unknown;
}

function badGateway(): AwsError {
  return new AwsError("InternalServerErrorException", "Internal Server Error", { status: 502 });
}

function headersOf({ headers = {}, cookies }: Said, requestId: string): string[] {
  const list = ["x-amzn-RequestId", requestId];
  let hasType = false;
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const text = String(value);
    if (notTheirs.has(lower) || !headerName.test(name) || /[\r\n\0]/.test(text)) continue;
    hasType ||= lower === "content-type";
    list.push(name, text);
  }
  if (!hasType) list.push("Content-Type", "application/json");
  if (Array.isArray(cookies)) {
    for (const cookie of cookies)
      if (!/[\r\n\0]/.test(String(cookie))) list.push("Set-Cookie", String(cookie));
  }
  return list;
}

function statusOf({ statusCode }: Said): number {
  const status = Number(statusCode ?? 200);
  if (!Number.isInteger(status) || status < 100 || status > 599) throw badGateway();
  return status;
}

export function answerOf({ outcome }: Execution, requestId: string): EndpointAnswer {
  if (outcome === undefined || outcome.functionError !== undefined) throw badGateway();
  const text = outcome.payload.toString();
  const said = parsed(text);
  const isFormed = typeof said === "object" && said !== null && "statusCode" in said;
  // Whatever else a function answers is the body, as JSON; a text is taken as it is.
  const whole: Said = isFormed ? (said as Said) : { body: typeof said === "string" ? said : text };
  const { body = "" } = whole;
  const content = typeof body === "string" ? body : JSON.stringify(body);
  const bytes = Buffer.from(content, whole.isBase64Encoded === true ? "base64" : "utf8");
  const headers = [...headersOf(whole, requestId), "Content-Length", String(bytes.length)];
  return { status: statusOf(whole), headers, body: bytes };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badGateway();
  }
}

/** An answer that is handed on as it comes; one that begins with metadata says its status and headers there. */
export async function streamedAnswer(execution: Execution, requestId: string): Promise<EndpointAnswer> {
  const { stream, outcome } = execution;
  if (stream === undefined) {
    if (outcome?.functionError !== undefined || outcome === undefined) throw badGateway();
    return answerOf(execution, requestId);
  }
  if (stream.contentType !== integration) {
    const type = stream.contentType ?? "application/octet-stream";
    return {
      status: 200,
      headers: headersOf({ headers: { "Content-Type": type } }, requestId),
      body: stream.read(),
    };
  }
  const pieces = stream.read();
  let gathered: Buffer = Buffer.alloc(0);
  let at = -1;
  while (at < 0 && gathered.length <= maxPreludeBytes) {
    const next = await pieces.next();
    if (next.done) break;
    gathered = Buffer.concat([gathered, next.value]);
    at = gathered.indexOf(divider);
  }
  if (at < 0) throw badGateway();
  const said = parsed(gathered.toString("utf8", 0, at)) as Said;
  const rest = gathered.subarray(at + divider.length);
  return { status: statusOf(said), headers: headersOf(said, requestId), body: joined(rest, pieces) };
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* rest;
}
