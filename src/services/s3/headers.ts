import { isUtf8 } from "node:buffer";
import type { StorageClass } from "@aws-sdk/client-s3";
import { decodedWords, encodedWords } from "./encodedWords.ts";
import { fail, invalidArgument } from "./errors.ts";
import { maxKeyBytes } from "./names.ts";
import type { ObjectRow, SystemHeaders } from "./tables.ts";

/** What a request says of a new object in headers, and how an answer says it again. */

export interface HeadersInput {
  ContentType?: string | undefined;
  CacheControl?: string | undefined;
  ContentDisposition?: string | undefined;
  ContentEncoding?: string | undefined;
  ContentLanguage?: string | undefined;
  Expires?: Date | undefined;
  WebsiteRedirectLocation?: string | undefined;
  Metadata?: Record<string, string> | undefined;
  StorageClass?: string | undefined;
}

const maxMetadataBytes = 2 * 1024;
const storageClasses = new Set([
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER",
  "DEEP_ARCHIVE",
  "GLACIER_IR",
]);

export function systemHeaders(input: HeadersInput): SystemHeaders {
  // The encoding of the transport is none of the object's.
  const encoding = input.ContentEncoding?.split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "aws-chunked" && one !== "")
    .join(", ");
  return {
    ...(input.ContentType !== undefined && { contentType: input.ContentType }),
    ...(input.CacheControl !== undefined && { cacheControl: input.CacheControl }),
    ...(input.ContentDisposition !== undefined && { contentDisposition: input.ContentDisposition }),
    ...(encoding && { contentEncoding: encoding }),
    ...(input.ContentLanguage !== undefined && { contentLanguage: input.ContentLanguage }),
    ...(input.Expires !== undefined && { expires: input.Expires.toUTCString() }),
    ...(input.WebsiteRedirectLocation !== undefined && { websiteRedirect: input.WebsiteRedirectLocation }),
  };
}

/** The metadata of a request; repeated headers stand joined by commas. */
export function userMetadata({ Metadata }: HeadersInput): Record<string, string> | undefined {
  if (Metadata === undefined) return undefined;
  let bytes = 0;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(Metadata)) {
    const text = decodedWords(utf8Of(value.replaceAll("\0", ",").trim()));
    bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
    kept[name] = text;
  }
  if (bytes > maxMetadataBytes) {
    throw fail("MetadataTooLarge", { members: { Size: bytes, MaxSizeAllowed: maxMetadataBytes } });
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/** Headers are read as Latin-1; clients send UTF-8. */
function utf8Of(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  return isUtf8(bytes) ? bytes.toString() : text;
}

export function storageClassOf({ StorageClass: asked = "STANDARD" }: HeadersInput): StorageClass {
  if (!storageClasses.has(asked)) {
    throw fail("InvalidStorageClass", { members: { StorageClassRequested: asked } });
  }
  return asked as StorageClass;
}

export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > maxKeyBytes) {
    throw fail("KeyTooLongError", { members: { Size: bytes, MaxSizeAllowed: maxKeyBytes } });
  }
}

export function checkRedirect(location: string | undefined): void {
  if (location === undefined || /^(?:\/|https?:\/\/)/.test(location)) return;
  throw fail("InvalidRequest", {
    message: "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
  });
}

function shownMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, encodedWords(value)]));
}

/** Headers of an answer, with those that the request wants otherwise. */
export interface HeaderOverrides {
  ResponseCacheControl?: string | undefined;
  ResponseContentDisposition?: string | undefined;
  ResponseContentEncoding?: string | undefined;
  ResponseContentLanguage?: string | undefined;
  ResponseContentType?: string | undefined;
  ResponseExpires?: Date | undefined;
}

export function shownHeaders({ headers, metadata }: ObjectRow, overrides: HeaderOverrides = {}) {
  const expires =
    overrides.ResponseExpires ?? (headers.expires === undefined ? undefined : new Date(headers.expires));
  const websiteRedirect = headers.websiteRedirect;
  return {
    ContentType: overrides.ResponseContentType ?? headers.contentType ?? "binary/octet-stream",
    CacheControl: overrides.ResponseCacheControl ?? headers.cacheControl,
    ContentDisposition: overrides.ResponseContentDisposition ?? headers.contentDisposition,
    ContentEncoding: overrides.ResponseContentEncoding ?? headers.contentEncoding,
    ContentLanguage: overrides.ResponseContentLanguage ?? headers.contentLanguage,
    ...(expires !== undefined && { Expires: expires }),
    ...(websiteRedirect !== undefined && { WebsiteRedirectLocation: websiteRedirect }),
    ...(metadata !== undefined && { Metadata: shownMetadata(metadata) }),
  };
}

/** `response-…` parameters change what a signed answer says; an unsigned call may not. */
export function checkOverrides(overrides: HeaderOverrides, isAnonymous: boolean): void {
  if (
    !isAnonymous ||
    !Object.entries(overrides).some(([name, value]) => /^Response/.test(name) && value !== undefined)
  )
    return;
  throw fail("InvalidRequest", {
    message: "Request specific response headers cannot be used for anonymous GET requests.",
  });
}

export function partNumberError(name: string, value: unknown) {
  return invalidArgument("Part number must be an integer between 1 and 10000, inclusive", name, value);
}
