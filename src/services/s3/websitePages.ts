import type { EndpointAnswer } from "../../kit/endpoint.ts";
import { AwsError } from "../../kit/errors.ts";
import { Html, html } from "../../kit/html.ts";

/** What website endpoints answer where there is nothing to show: pages in the form that was recorded from AWS. */

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  412: "Precondition Failed",
  416: "Requested Range Not Satisfiable",
};

/** A refusal that knows its own page: an error document, or why there is none. */
export class WebsiteRefusal extends AwsError {
  readonly page: { body: EndpointAnswer["body"]; headers: string[] } | undefined;
  /** Why there is no error document to show. */
  readonly besides: AwsError | undefined;

  constructor(error: AwsError, more: { page?: WebsiteRefusal["page"]; besides?: AwsError } = {}) {
    super(error.code, error.message, {
      status: statusOf(error),
      ...(error.members && { members: error.members }),
    });
    this.page = more.page;
    this.besides = more.besides;
  }
}

export function statusOf({ code, status }: AwsError): number {
  return status ?? (code.startsWith("AccessDenied") ? 403 : 400);
}

function listed(error: AwsError, ids: Readonly<Record<string, string>> = {}): Html {
  const code = error.code === "AccessDeniedException" ? "AccessDenied" : error.code;
  // Who is refused, and by which policy, is told to those who prove who they are.
  const words = code === "AccessDenied" ? "Access Denied" : error.message;
  const facts = { Code: code, Message: words, ...error.members, ...ids };
  const items = Object.entries(facts).map(([name, value]) => html`<li>${name}: ${String(value)}</li>\n`.text);
  return new Html(items.join(""));
}

function pageOf(error: AwsError, requestId: string): string {
  const status = statusOf(error);
  const title = `${status} ${reasons[status] ?? "Error"}`;
  const ids = { RequestId: requestId, HostId: requestId };
  const besides = error instanceof WebsiteRefusal ? error.besides : undefined;
  const more =
    besides &&
    html`<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n${listed(besides)}</ul>\n`;
  return html`<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<ul>\n${listed(error, ids)}</ul>\n${more}<hr/>\n</body>\n</html>\n`
    .text;
}

/** The answer to what is refused. */
export function refusedPage(error: AwsError, requestId: string): EndpointAnswer {
  const ids = ["x-amz-request-id", requestId, "x-amz-id-2", requestId];
  if (error.status === 304) return { status: 304, headers: [...ids, ...flat(error.headers ?? {})], body: "" };
  const own = error instanceof WebsiteRefusal ? error.page : undefined;
  const status = statusOf(error);
  const shown = ["x-amz-error-code", error.code, "x-amz-error-message", error.message.slice(0, 200)];
  if (own !== undefined) return { status, headers: [...ids, ...shown, ...own.headers], body: own.body };
  const body = pageOf(error, requestId);
  const type = [
    "Content-Type",
    "text/html; charset=utf-8",
    "Content-Length",
    String(Buffer.byteLength(body)),
  ];
  return { status, headers: [...ids, ...shown, ...type], body };
}

export function flat(headers: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}
