import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { send } from "../../kit/outbound.ts";
import { httpTimeoutMs } from "./limits.ts";
import type { Failure, Ready } from "./records.ts";
import type { DeliveryStreamRow, HttpConfig } from "./tables.ts";

/** Deliveries to HTTP endpoints. https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html */

const gzipped = promisify(gzip);

export interface Posted {
  requestId: string;
  /** Absent where the endpoint has taken the records. */
  failure?: Failure;
  /** Too large for the endpoint: never tried again. */
  permanent?: boolean;
}

/** Posts records; the id stays the same when the same records are posted again. */
export async function post(
  stream: DeliveryStreamRow,
  config: HttpConfig,
  records: readonly Ready[],
  nowMs: number,
  requestId: string = randomUUID(),
): Promise<Posted> {
  const text = JSON.stringify({
    requestId,
    timestamp: Math.floor(nowMs),
    records: records.map(({ data }) => ({ data: data.toString("base64") })),
  });
  const isZipped = config.RequestConfiguration?.ContentEncoding === "GZIP";
  const body = isZipped ? ((await gzipped(text)) as Buffer) : Buffer.from(text);
  const attributes = config.RequestConfiguration?.CommonAttributes ?? [];
  const common = Object.fromEntries(
    attributes.map(({ AttributeName = "", AttributeValue = "" }) => [AttributeName, AttributeValue]),
  );
  const { Url = "", AccessKey } = config.EndpointConfiguration ?? {};
  const headers = {
    "content-type": "application/json",
    "content-length": String(body.length),
    "user-agent": "Amazon Kinesis Data Firehose Agent/1.0",
    "x-amz-firehose-protocol-version": "1.0",
    "x-amz-firehose-request-id": requestId,
    "x-amz-firehose-source-arn": stream.arn,
    ...(isZipped && { "content-encoding": "gzip" }),
    ...(AccessKey !== undefined && { "x-amz-firehose-access-key": AccessKey }),
    ...(attributes.length > 0 && {
      "x-amz-firehose-common-attributes": JSON.stringify({ commonAttributes: common }),
    }),
  };
  try {
    const answer = await send({ url: Url, method: "POST", headers, body, timeoutMs: httpTimeoutMs });
    return { requestId, ...judged(answer, requestId) };
  } catch (error) {
    return { requestId, failure: connectionFailure(error) };
  }
}

function judged(
  { status, headers, body }: { status: number; headers: Readonly<Record<string, unknown>>; body: string },
  requestId: string,
): Omit<Posted, "requestId"> {
  if (status === 200) {
    const isJson = String(headers["content-type"] ?? "").startsWith("application/json");
    if (isJson && answeredId(body) === requestId) return {};
    return {
      failure: {
        code: "HttpEndpoint.InvalidResponseFromDestination",
        message:
          "The response received from the specified endpoint is invalid. Contact the owner of the endpoint to resolve the issue.",
      },
    };
  }
  const message = `The following response was received from the endpoint destination. ${status}: ${body.slice(0, 500)}`;
  return { failure: { code: "HttpEndpoint.DestinationException", message }, permanent: status === 413 };
}

function answeredId(body: string): unknown {
  try {
    return (JSON.parse(body) as { requestId?: unknown } | null)?.requestId;
  } catch {
    return undefined;
  }
}

function connectionFailure(error: unknown): Failure {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ECONNRESET") {
    return {
      code: "HttpEndpoint.ConnectionReset",
      message:
        "Unable to maintain connection with the endpoint. Contact the owner of the endpoint to resolve this issue.",
    };
  }
  if ((error as Error).name === "TimeoutError" || code === "ABORT_ERR") {
    return {
      code: "HttpEndpoint.RequestTimeout",
      message: "The delivery timed out before a response was received and will be retried.",
    };
  }
  return {
    code: "HttpEndpoint.ConnectionFailed",
    message:
      "Unable to connect to the destination endpoint. Contact the owner of the endpoint to resolve this issue.",
  };
}
