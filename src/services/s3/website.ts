import type { RoutingRule, WebsiteConfiguration } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import type { Endpoint, EndpointAnswer, EndpointRequest } from "../../kit/endpoint.ts";
import { AwsError } from "../../kit/errors.ts";
import { bucketAccess, objectAccess } from "./access.ts";
import { checkNotArchived } from "./archive.ts";
import { checkRead } from "./conditions.ts";
import { contentOf, spanOf } from "./content.ts";
import { crossOrigin } from "./cors.ts";
import { readDocument } from "./documents.ts";
import { keyTo } from "./encryption.ts";
import { fail } from "./errors.ts";
import { locate, noSuchBucket } from "./find.ts";
import { shownHeaders } from "./headers.ts";
import { objectArn } from "./names.ts";
import { type BucketRow, buckets, type ObjectRow } from "./tables.ts";
import { findVersion } from "./versions.ts";
import { flat, refusedPage, statusOf, WebsiteRefusal } from "./websitePages.ts";

/**
 * Buckets as websites: index and error documents, redirects and routing rules. Whether a page is shown, the bucket's
 * policy decides, as for every read. https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
 */

interface Site {
  bucket: BucketRow;
  website: WebsiteConfiguration;
  asked: EndpointRequest;
  /** What stands before the key in links to the site. */
  base: string;
}

/** What is sent to a website is not looked at. */
const maxBodyBytes = 64 * 1024;

/** Where names cannot be made to resolve, the bucket stands in the path. */
const pathPrefix = "/_s3-website/";
/** What stands in a path would share its origin with the sign-in page, and with all other sites. */
const ownOrigin = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts";

async function siteOf(asked: EndpointRequest, ctx: Context): Promise<Site> {
  const bucket = await locate(asked.id, ctx);
  if (bucket === undefined) throw noSuchBucket(asked.id);
  const website = await readDocument<WebsiteConfiguration>(asked.id, "website", ctx);
  if (website === undefined) throw fail("NoSuchWebsiteConfiguration", { members: { BucketName: asked.id } });
  const inHost = /\.s3-website[.-]/.test(asked.host);
  return { bucket, website, asked, base: inHost ? "/" : `${pathPrefix}${asked.id}/` };
}

function keyOf({ path }: EndpointRequest): string {
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    throw fail("InvalidRequest", { message: "Couldn't parse the specified URI." });
  }
}

/** A key as it stands in an address. */
function pathOf(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

function redirect(status: number, location: string): EndpointAnswer {
  return { status, headers: ["Location", location, "Content-Length", "0"], body: "" };
}

/** The rule that a request meets; `error` is the status that it would end with. */
function ruleFor({ website }: Site, key: string, error?: number): RoutingRule | undefined {
  return website.RoutingRules?.find(({ Condition = {} }) => {
    const { KeyPrefixEquals, HttpErrorCodeReturnedEquals } = Condition;
    const wanted =
      HttpErrorCodeReturnedEquals === undefined ? undefined : Number(HttpErrorCodeReturnedEquals);
    return wanted === error && (KeyPrefixEquals === undefined || key.startsWith(KeyPrefixEquals));
  });
}

function followed(
  { asked, base }: Site,
  { Condition, Redirect = {} }: RoutingRule,
  key: string,
): EndpointAnswer {
  const { HttpRedirectCode, HostName, Protocol, ReplaceKeyPrefixWith, ReplaceKeyWith } = Redirect;
  const rest = key.slice((Condition?.KeyPrefixEquals ?? "").length);
  const target = ReplaceKeyWith ?? (ReplaceKeyPrefixWith === undefined ? key : ReplaceKeyPrefixWith + rest);
  const path = (HostName === undefined ? base : "/") + pathOf(target);
  const host = HostName ?? asked.headers.host ?? asked.host;
  return redirect(Number(HttpRedirectCode ?? 301), `${Protocol ?? "http"}://${host}${path}`);
}

/** The object under a key, if whoever asks may read it. */
async function readable({ bucket }: Site, key: string, ctx: Context): Promise<ObjectRow> {
  const row = await findVersion(bucket, key, undefined, ctx);
  const object = row?.deleteMarker ? undefined : row;
  await checkAllowed(bucket, key, object, ctx);
  if (object !== undefined) return object;
  throw fail("NoSuchKey", { members: { Key: key } });
}

async function checkAllowed(bucket: BucketRow, key: string, object: ObjectRow | undefined, ctx: Context) {
  const access = await objectAccess("GetObject", bucket.name, key, ctx, { object });
  if (object === undefined) {
    // That it is not there learns only who may list the bucket.
    const listing = await bucketAccess("ListBucket", bucket.name, ctx, { context: { "s3:prefix": key } });
    if (await ctx.allowed(listing)) return;
    throw fail("AccessDenied");
  }
  await ctx.authorize(access);
}

/** An object as a page: all that GetObject says of it, in headers. */
async function shown({ bucket, asked }: Site, row: ObjectRow, ctx: Context): Promise<EndpointAnswer> {
  const { ContentType, Metadata = {}, ...described } = shownHeaders(row);
  const { start, end, partial } = spanOf(asked.headers.range, row.size);
  const under = await keyTo(row.encryption, undefined, ctx);
  checkNotArchived(row, ctx.clock.now());
  const own = Object.fromEntries(
    Object.entries(Metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
  );
  const headers = flat({
    "Content-Type": ContentType,
    "Content-Length": String(end - start),
    "Cache-Control": described.CacheControl,
    "Content-Disposition": described.ContentDisposition,
    "Content-Encoding": described.ContentEncoding,
    "Content-Language": described.ContentLanguage,
    Expires: described.Expires?.toUTCString(),
    ETag: `"${row.etag}"`,
    "Last-Modified": new Date(row.lastModified).toUTCString(),
    "Content-Range": partial ? `bytes ${start}-${end - 1}/${row.size}` : undefined,
    "x-amz-version-id": bucket.versioning === undefined ? undefined : row.versionId,
    ...own,
  });
  const body = asked.method === "HEAD" ? "" : await contentOf(bucket.name, row, { start, end }, under, ctx);
  return { status: partial ? 206 : 200, headers, body };
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** The page for what was asked: the object, the index of a folder, or where to find it. */
async function page(site: Site, key: string, ctx: Context): Promise<EndpointAnswer> {
  const { asked, base, bucket } = site;
  const suffix = site.website.IndexDocument?.Suffix ?? "";
  const isFolder = key === "" || key.endsWith("/");
  const target = isFolder ? key + suffix : key;
  const row = await readable(site, target, ctx).catch(async (error: unknown) => {
    if (isFolder || !(error instanceof AwsError)) throw error;
    // Only who may read the index learns that there is one.
    await readable(site, `${key}/${suffix}`, ctx).catch(() => {
      throw error;
    });
    return undefined;
  });
  if (row === undefined) return redirect(302, `${base}${pathOf(key)}/`);
  ctx.event.resources.push({
    accountId: bucket.account,
    type: "AWS::S3::Object",
    ARN: objectArn(bucket.name, target),
  });
  if (row.headers.websiteRedirect !== undefined) return redirect(301, row.headers.websiteRedirect);
  const { headers } = asked;
  const conditions = {
    IfMatch: headers["if-match"],
    IfNoneMatch: headers["if-none-match"],
    IfModifiedSince: dateOf(headers["if-modified-since"]),
    IfUnmodifiedSince: dateOf(headers["if-unmodified-since"]),
  };
  checkRead(conditions, row, ctx.clock.now());
  return await shown(site, row, ctx);
}

/** What is shown in place of a page: where a rule sends, or the site's own error document. */
async function instead(site: Site, key: string, error: AwsError, ctx: Context): Promise<EndpointAnswer> {
  const status = statusOf(error);
  const rule = ruleFor(site, key, status);
  if (rule !== undefined) return followed(site, rule, key);
  const document = site.website.ErrorDocument?.Key;
  if (document === undefined || status < 400 || status >= 500) throw new WebsiteRefusal(error);
  let row: ObjectRow;
  try {
    row = await readable(site, document, ctx);
  } catch (besides) {
    if (!(besides instanceof AwsError)) throw besides;
    throw new WebsiteRefusal(error, { besides });
  }
  const { body, headers } = await shown({ ...site, asked: { ...site.asked, headers: {} } }, row, ctx);
  throw new WebsiteRefusal(error, { page: { body, headers } });
}

/** Headers for a page of another site, where the bucket's CORS rules let it read. */
async function corsHeaders({ asked, bucket }: Site, ctx: Context): Promise<string[]> {
  const { origin } = asked.headers;
  if (origin === undefined) return [];
  const method = asked.headers["access-control-request-method"] ?? asked.method;
  const answer = await crossOrigin({ path: `/${bucket.name}`, origin, method }, ctx.tx);
  return answer !== undefined && "headers" in answer ? answer.headers : [];
}

async function answer(site: Site, key: string, ctx: Context): Promise<EndpointAnswer> {
  const { asked, website } = site;
  if (asked.method !== "GET" && asked.method !== "HEAD") {
    throw fail("MethodNotAllowed", { members: { Method: asked.method, ResourceType: "OBJECT" } });
  }
  const all = website.RedirectAllRequestsTo;
  if (all !== undefined) {
    const query = asked.query === "" ? "" : `?${asked.query}`;
    return redirect(301, `${all.Protocol ?? "http"}://${all.HostName}${asked.path}${query}`);
  }
  const rule = ruleFor(site, key);
  if (rule !== undefined) return followed(site, rule, key);
  try {
    return await page(site, key, ctx);
  } catch (error) {
    if (!(error instanceof AwsError) || error.status === 304) throw error;
    return await instead(site, key, error, ctx);
  }
}

export const website: Endpoint = {
  name: ({ method }) => (method === "HEAD" ? "HeadObject" : "GetObject"),
  maxBodyBytes,
  async locate(asked, tx) {
    return await buckets.get(tx, asked.id);
  },
  // Each document is judged when it is known which it is.
  access: async () => [],
  async handle(asked, ctx) {
    const site = await siteOf(asked, ctx);
    const cors = await corsHeaders(site, ctx);
    if (asked.method === "OPTIONS" && cors.length > 0)
      return { status: 200, headers: [...cors, "Content-Length", "0"], body: "" };
    const { status, headers, body } = await answer(site, keyOf(asked), ctx);
    const ids = ["x-amz-request-id", ctx.requestId, "x-amz-id-2", ctx.requestId];
    const apart = site.base === "/" ? [] : ["Content-Security-Policy", ownOrigin];
    return { status, headers: [...ids, ...apart, ...headers, ...cors], body };
  },
  refuse: refusedPage,
};
