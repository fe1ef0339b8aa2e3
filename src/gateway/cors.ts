import type { CrossOriginAnswer } from "../kit/browsers.ts";
import { AwsError } from "../kit/errors.ts";
import type { WireResponse } from "../protocols/wire.ts";
import type { Gateway } from "./callTypes.ts";
import type { Exchange, HttpRequest } from "./exchange.ts";
import { errorResponse } from "./pipeline.ts";
import { isPage } from "./publish.ts";
import { destinationOf, pathFor } from "./route.ts";

/**
 * Browsers may call any operation, as on AWS: what protects a call is its signature, which a foreign page
 * cannot make. https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/cors.html
 * Where a resource says itself who may read it (a bucket of S3), that holds.
 */

const exposed = "x-amzn-RequestId,x-amz-request-id,x-amz-id-2,x-amzn-ErrorType,ETag,x-amz-version-id,Date";

const corsHeaders = ["Access-Control-Allow-Origin", "*", "Access-Control-Expose-Headers", exposed];

/** OPTIONS is asked before a request; no operation of AWS is. */
export function isPreflight(request: HttpRequest): boolean {
  return request.method === "OPTIONS";
}

/** Header names only: what a client sends here is echoed. */
const headerList = /^[A-Za-z0-9\-_, ]{0,4096}$/;
const methodName = /^[A-Z]{1,16}$/;

function namesIn(wanted: string): string[] {
  return headerList.test(wanted) ? wanted.split(/\s*,\s*/).filter((name) => name !== "") : [];
}

/** The answer to what a browser asks before the request of a foreign page. */
export async function preflightAnswer(exchange: Exchange, gateway: Gateway): Promise<WireResponse> {
  const { headers } = exchange;
  const wanted = headers["access-control-request-headers"] ?? "";
  const method = headers["access-control-request-method"] ?? "";
  const names = namesIn(wanted);
  if (headers.origin === undefined || method === "") {
    const message = "Insufficient information. Origin request header needed.";
    const refused = new AwsError("BadRequest", message, { status: 400 });
    return errorResponse(gateway, gateway.registry.openServices[0], "restXml", refused, exchange.requestId);
  }
  const answer = methodName.test(method) ? await ask(exchange, method, gateway, names) : undefined;
  if (answer !== undefined && "refusal" in answer) {
    const refused = new AwsError("AccessForbidden", answer.refusal, {
      status: 403,
      members: { Method: method, ResourceType: "BUCKET" },
    });
    return errorResponse(gateway, gateway.registry.openServices[0], "restXml", refused, exchange.requestId);
  }
  const allowed = answer?.headers ?? [
    "Access-Control-Allow-Origin",
    "*",
    "Access-Control-Allow-Methods",
    "GET,PUT,POST,DELETE,HEAD,PATCH",
    "Access-Control-Allow-Headers",
    headerList.test(wanted) ? wanted : "",
    "Access-Control-Max-Age",
    "172800",
  ];
  return { status: 200, headers: [...allowed, "Content-Length", "0"], body: "" };
}

/** Headers that let the page read an answer, whatever it is; none for a request that no page makes. */
export async function originHeaders(exchange: Exchange, gateway: Gateway): Promise<readonly string[]> {
  if (isPage(exchange, gateway)) return [];
  const method = exchange.headers["access-control-request-method"] ?? exchange.method;
  // What only browsers ask beforehand counts in the request itself, too, as on AWS.
  const wanted = exchange.headers["access-control-request-headers"];
  const answer = await ask(exchange, method, gateway, wanted === undefined ? undefined : namesIn(wanted));
  if (answer === undefined) return corsHeaders;
  return "headers" in answer ? answer.headers : [];
}

async function ask(
  exchange: Exchange,
  method: string,
  gateway: Gateway,
  headers?: readonly string[],
): Promise<CrossOriginAnswer | undefined> {
  const { origin = "", host = "" } = exchange.headers;
  const { registry, store, homeRegion } = gateway;
  const [service] = registry.openServices;
  if (service === undefined || origin === "" || host === "") return undefined;
  const destination = destinationOf({ ...exchange, method: "GET" }, undefined, registry, homeRegion);
  if (destination.services[0] !== service) return undefined;
  const { definition } = await registry.load(service);
  const path = pathFor(destination, exchange);
  return await store.peek(async (tx) => definition.crossOrigin?.({ path, origin, method, headers }, tx));
}
