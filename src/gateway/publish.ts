import type { PublicDocument, PublicRequest } from "../kit/pages.ts";
import type { WireResponse } from "../protocols/wire.ts";
import { anonymous } from "./authenticate.ts";
import { outsideOfCalls } from "./background.ts";
import { maxUnprovenBodyBytes, readBody } from "./body.ts";
import type { Gateway } from "./callTypes.ts";
import type { Exchange } from "./exchange.ts";
import { headerSeparator } from "./sigv4/canonical.ts";

/**
 * What services show to everybody, unsigned, by path: documents (what verifies tokens), and pages with small forms
 * (signing in). The service answers in a transaction, as nobody; reading is not recorded, and what else it does is
 * recorded as the service says. The host of a document is the request's own (`<issuer>/.well-known/jwks.json`), or
 * stands first in the path where names cannot be made to resolve
 * (`http://127.0.0.1:4566/<issuer's host>/.well-known/jwks.json`).
 */
export async function publicDocument(
  exchange: Exchange,
  gateway: Gateway,
): Promise<WireResponse | undefined> {
  const { method, query, headers, requestId, facts } = exchange;
  if (method !== "GET" && method !== "POST") return undefined;
  const [host, path] = hostAndPath(exchange);
  const publisher = gateway.registry.publisher(host, path);
  if (publisher === undefined || (method === "POST" && !publisher.takesForms)) return undefined;
  const body = method === "POST" ? await formOf(exchange) : "";
  if (body === undefined) return { status: 415, headers: [], body: "" };
  if (method === "POST" && isForeign(exchange)) return { status: 403, headers: [], body: "" };
  const asked: PublicRequest = {
    method,
    host,
    path,
    query: new URLSearchParams(query),
    form: new URLSearchParams(body),
    cookies: cookiesOf(headers.cookie),
  };
  const service = await gateway.registry.load(publisher.service);
  const scope = () => ({
    requestId,
    service,
    caller: anonymous,
    account: gateway.homeAccount,
    region: gateway.homeRegion,
    request: facts,
  });
  const document = await outsideOfCalls(
    gateway,
    scope,
    async (ctx) => await service.definition.publishes?.(asked, ctx),
  );
  return document === undefined ? { status: 404, headers: [], body: "" } : wireOf(document);
}

/** Whether a request is for a page: no foreign page may read it, or what its forms answer. */
export function isPage(exchange: Exchange, { registry }: Pick<Gateway, "registry">): boolean {
  const publisher = registry.publisher(...hostAndPath(exchange));
  return publisher?.takesForms === true;
}

function hostAndPath({ headers, path }: Exchange): [host: string, path: string] {
  const mark = path.indexOf("/.well-known/");
  if (mark > 0) return [path.slice(1, mark), path.slice(mark)];
  return [(headers.host ?? "").replace(/:\d+$/, ""), path];
}

async function formOf(exchange: Exchange): Promise<string | undefined> {
  const { request, headers } = exchange;
  exchange.proceed();
  const body = await readBody(request, headers, maxUnprovenBodyBytes);
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  return type.trim().toLowerCase() === "application/x-www-form-urlencoded" ? body.toString() : undefined;
}

/** A browser says that the form stood on the page of somebody else. https://www.w3.org/TR/fetch-metadata/ */
function isForeign({ headers }: Exchange): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}

function cookiesOf(header = ""): Map<string, string> {
  const cookies = new Map<string, string>();
  // HTTP/2 may send each cookie in a header of its own.
  for (const pair of header.split(headerSeparator).flatMap((one) => one.split(";"))) {
    const mark = pair.indexOf("=");
    if (mark > 0) cookies.set(pair.slice(0, mark).trim(), pair.slice(mark + 1).trim());
  }
  return cookies;
}

function wireOf({ status = 200, contentType, headers = [], body }: PublicDocument): WireResponse {
  return { status, headers: ["content-type", contentType, ...headers.flat()], body };
}
