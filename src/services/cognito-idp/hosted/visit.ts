import type { Context } from "../../../kit/context.ts";
import type { EndpointAnswer, EndpointRequest } from "../../../kit/endpoint.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { Place } from "../../../kit/service.ts";
import type { Reads } from "../../../storage/store.ts";
import { findPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { type DomainRow, domains } from "./tables.ts";
import { type Words, wordsOf } from "./words.ts";

/** What a browser or an app asks of a pool's domain. */
export interface Visit {
  method: string;
  /** "/login" */
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  cookies: ReadonlyMap<string, string>;
  headers: EndpointRequest["headers"];
  /** What stands before the path in this domain's own links: nothing where the host names the domain. */
  base: string;
  /** "http://127.0.0.1:4566/_cognito/us-east-1/example": as whoever asks knows this domain. */
  self: string;
  pool: PoolRow;
  domain: DomainRow;
  words: Words;
  ctx: Context;
}

export type Answer = EndpointAnswer;

const hostForm = /^([a-z0-9-]+)\.auth\.([a-z0-9-]+)\.(?:localhost|amazoncognito\.com)$/;
const pathForm = /^_cognito\/([a-z0-9-]+)\/([a-z0-9.-]+)$/;

/** The domain that an address names, and what stands before the path. */
function named({ id, host }: EndpointRequest): { region: string; domain: string; base: string } {
  const [, ofPath, inPath] = pathForm.exec(id) ?? [];
  if (ofPath !== undefined && inPath !== undefined) return { region: ofPath, domain: inPath, base: `/${id}` };
  const [, domain = "", region = ""] = hostForm.exec(host) ?? [];
  return { region, domain, base: "" };
}

export async function locateDomain(asked: EndpointRequest, tx: Reads): Promise<Place | undefined> {
  const { region, domain } = named(asked);
  return await domains.get(tx, region, domain);
}

/** Where the pages of a domain are for sure: names of hosts may not resolve. */
export function pathOf({ region, domain }: Pick<DomainRow, "region" | "domain">): string {
  return `/_cognito/${region}/${domain}`;
}

export async function visitOf(asked: EndpointRequest, ctx: Context): Promise<Visit> {
  const { region, domain: name, base } = named(asked);
  const domain = await domains.get(ctx.tx, region, name);
  const pool = domain && (await findPool(domain.poolId, { ...domain, tx: ctx.tx }));
  if (domain === undefined || pool === undefined)
    throw new AwsError("NotFound", "There is no such domain.", { status: 404 });
  const query = new URLSearchParams(asked.query);
  return {
    method: asked.method,
    path: asked.path,
    query,
    form: new URLSearchParams(isForm(asked) ? asked.body.toString() : ""),
    cookies: cookiesOf(asked.headers.cookie),
    headers: asked.headers,
    base,
    self: `${ctx.request.secure ? "https" : "http"}://${ctx.request.host}${base}`,
    pool,
    domain,
    words: wordsOf(query.get("lang"), asked.headers["accept-language"]),
    ctx,
  };
}

function isForm({ headers }: EndpointRequest): boolean {
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  return type.trim().toLowerCase() === "application/x-www-form-urlencoded";
}

function cookiesOf(header = ""): Map<string, string> {
  const cookies = new Map<string, string>();
  // Over HTTP/2 each cookie may come in a header of its own, and a comma then joins them.
  for (const pair of header.split(/[;,]/)) {
    const mark = pair.indexOf("=");
    if (mark > 0) cookies.set(pair.slice(0, mark).trim(), pair.slice(mark + 1).trim());
  }
  return cookies;
}

/** A browser says that the form stood on the page of somebody else. https://www.w3.org/TR/fetch-metadata/ */
export function isForeign({ headers }: Visit): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}

/** What a step answers, or why it was refused: then nothing of it stays. */
export async function tried<T>(ctx: Context, step: () => Promise<T>): Promise<T | AwsError> {
  const before = ctx.tx.savepoint();
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(before);
    return error;
  }
}
