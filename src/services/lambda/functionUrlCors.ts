import type { EndpointAnswer, EndpointRequest } from "../../kit/endpoint.ts";
import type { CorsRow } from "./tables.ts";

/** Which foreign pages may use a URL. https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors */

function allows(list: readonly string[] | undefined, value: string): boolean {
  return list?.some((one) => one === "*" || one.toLowerCase() === value.toLowerCase()) === true;
}

function originOf({ headers }: EndpointRequest, cors: CorsRow): string | undefined {
  const { origin } = headers;
  if (origin === undefined || !matchesOrigin(cors.AllowOrigins, origin)) return undefined;
  return cors.AllowOrigins?.includes("*") && !cors.AllowCredentials ? "*" : origin;
}

function matchesOrigin(list: readonly string[] | undefined, origin: string): boolean {
  return (
    list?.some((one) => {
      const [before, after] = one.split("*");
      if (after === undefined) return one === origin;
      return origin.length >= one.length - 1 && origin.startsWith(before as string) && origin.endsWith(after);
    }) === true
  );
}

/** Headers that let a page read an answer; they replace what the function says of it. */
export function corsHeaders(asked: EndpointRequest, cors: CorsRow | undefined): string[] {
  const origin = cors && originOf(asked, cors);
  if (cors === undefined || origin === undefined) return [];
  const headers = ["Access-Control-Allow-Origin", origin];
  if (origin !== "*") headers.push("Vary", "Origin");
  if (cors.AllowCredentials) headers.push("Access-Control-Allow-Credentials", "true");
  if (cors.ExposeHeaders && cors.ExposeHeaders.length > 0)
    headers.push("Access-Control-Expose-Headers", cors.ExposeHeaders.join(","));
  return headers;
}

/** The answer to what a browser asks before the request of a foreign page. */
export function preflight(asked: EndpointRequest, cors: CorsRow): EndpointAnswer {
  const method = asked.headers["access-control-request-method"] ?? "";
  const wanted = (asked.headers["access-control-request-headers"] ?? "")
    .split(/\s*,\s*/)
    .filter((one) => one !== "");
  const headers = ["Content-Length", "0"];
  const isAllowed =
    allows(cors.AllowMethods, method) && wanted.every((one) => allows(cors.AllowHeaders, one));
  const granted = corsHeaders(asked, cors);
  if (isAllowed && granted.length > 0) {
    headers.push(...granted, "Access-Control-Allow-Methods", cors.AllowMethods?.join(",") ?? "");
    if (wanted.length > 0) headers.push("Access-Control-Allow-Headers", wanted.join(","));
    if (cors.MaxAge !== undefined) headers.push("Access-Control-Max-Age", String(cors.MaxAge));
  }
  return { status: 200, headers, body: "" };
}
