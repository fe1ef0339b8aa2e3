/**
 * The canonical request of Signature Version 4 and 4A.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** RFC 3986 unreserved characters stay, everything else is percent-encoded in upper case. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const plainPath = /^[A-Za-z0-9\-._~/]*$/;

/** Thrown where the request line cannot be brought into canonical form. */
export class NotCanonical extends Error {}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new NotCanonical("The request line holds an invalid percent-encoding.");
  }
}

/** RFC 3986 §5.2.4 on path segments; repeated slashes count as one. */
function normalized(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  const open = path.endsWith("/") || path.endsWith("/.") || path.endsWith("/..");
  return `/${kept.join("/")}${open && kept.length > 0 ? "/" : ""}`;
}

export interface PathRules {
  /** S3 keys may hold "//" and "..", so S3 neither normalizes nor encodes twice. */
  normalize: boolean;
  encodeTwice: boolean;
}

export function canonicalPath(path: string, rules: PathRules): string {
  if (path === "/" || path === "") return "/";
  if (rules.normalize) {
    const short = normalized(path);
    return plainPath.test(short) ? short : short.split("/").map(uriEncode).join("/");
  }
  if (plainPath.test(path)) return path;
  const segments = path.split("/");
  return segments.map((segment) => uriEncode(rules.encodeTwice ? segment : decode(segment))).join("/");
}

/** Query parameters in canonical order and encoding; `leaveOut` names a parameter that is not signed. */
export function canonicalQuery(query: string, leaveOut?: string): string {
  if (query === "") return "";
  const pairs: [string, string][] = [];
  for (const part of query.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    const value = at < 0 ? "" : part.slice(at + 1);
    const decodedName = decode(name.replaceAll("+", "%20"));
    if (decodedName === leaveOut) continue;
    pairs.push([uriEncode(decodedName), uriEncode(decode(value.replaceAll("+", "%20")))]);
  }
  pairs.sort((a, b) => (a[0] === b[0] ? compare(a[1], b[1]) : compare(a[0], b[0])));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const runOfSpace = /\s{2,}|[\t\r\n]/;

function canonicalValue(value: string): string {
  const trimmed = value.trim();
  return runOfSpace.test(trimmed) ? trimmed.replace(/\s+/g, " ") : trimmed;
}

export interface Signable {
  method: string;
  /** As sent, percent-encoded. */
  path: string;
  query: string;
  /** Lower-case names; repeated headers joined with ",". */
  headers: Record<string, string | undefined>;
}

/**
 * The canonical request. `signedHeaders` in the order of the signature's list, which must be sorted.
 * Undefined when a signed header is absent from the request.
 */
export function canonicalRequest(
  request: Signable,
  signedHeaders: readonly string[],
  payloadHash: string,
  rules: PathRules,
  leaveOutOfQuery?: string,
): string | undefined {
  let headers = "";
  for (const name of signedHeaders) {
    const value = request.headers[name];
    if (value === undefined) return undefined;
    headers += `${name}:${name === "host" ? value : repeated(value)}\n`;
  }
  const path = canonicalPath(request.path, rules);
  const query = canonicalQuery(request.query, leaveOutOfQuery);
  return `${request.method}\n${path}\n${query}\n${headers}\n${signedHeaders.join(";")}\n${payloadHash}`;
}

/** Headers sent more than once arrive joined by NUL, which no header value can hold. */
export const headerSeparator = "\0";

function repeated(value: string): string {
  return value.includes(headerSeparator)
    ? value.split(headerSeparator).map(canonicalValue).join(",")
    : canonicalValue(value);
}
