import type { HttpRequest } from "./exchange.ts";

/**
 * Browsers may call any operation, as on AWS: what protects a call is its signature, which a foreign page
 * cannot make. https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/cors.html
 */

const exposed = "x-amzn-RequestId,x-amz-request-id,x-amz-id-2,x-amzn-ErrorType,ETag,x-amz-version-id,Date";

export const corsHeaders = ["Access-Control-Allow-Origin", "*", "Access-Control-Expose-Headers", exposed];

export function isPreflight(request: HttpRequest): boolean {
  return request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
}

/** Header names only: what a client sends here is echoed. */
const headerList = /^[A-Za-z0-9\-_, ]{0,4096}$/;

export function preflightHeaders(request: HttpRequest): string[] {
  const wanted = String(request.headers["access-control-request-headers"] ?? "");
  return [
    "Access-Control-Allow-Origin",
    "*",
    "Access-Control-Allow-Methods",
    "GET,PUT,POST,DELETE,HEAD,PATCH",
    "Access-Control-Allow-Headers",
    headerList.test(wanted) ? wanted : "",
    "Access-Control-Max-Age",
    "172800",
  ];
}
