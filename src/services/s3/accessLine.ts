import type { Context } from "../../kit/context.ts";
import type { NotedCall } from "../../kit/service.ts";
import { uriEncoded } from "./encodeKey.ts";
import { canonicalId } from "./names.ts";
import type { BucketRow } from "./tables.ts";

/** A request as a line of an access log. https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html */

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** "[25/Nov/2026:15:04:05 +0000]" */
function timeText(ms: number): string {
  const [day = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year, month, date] = day.split("-");
  return `[${date}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000]`;
}

/** What a request is about, where its subresource does not say it in capitals. */
const resources: Record<string, string> = {
  delete: "MULTI_OBJECT_DELETE",
  logging: "LOGGING_STATUS",
  policy: "BUCKETPOLICY",
  policyStatus: "BUCKETPOLICY_STATUS",
  publicAccessBlock: "PUBLIC_ACCESS_BLOCK",
  ownershipControls: "OWNERSHIP_CONTROLS",
  requestPayment: "REQUEST_PAYMENT",
  versions: "BUCKETVERSIONS",
  "list-type=2": "BUCKET",
};

const operations: Record<string, string> = {
  AbortMultipartUpload: "REST.DELETE.UPLOAD",
  CompleteMultipartUpload: "REST.POST.UPLOAD",
  CopyObject: "REST.COPY.OBJECT",
  DeleteObjectTagging: "REST.DELETE.OBJECT_TAGGING",
  GetObjectTagging: "REST.GET.OBJECT_TAGGING",
  ListParts: "REST.GET.UPLOAD",
  PutObjectTagging: "REST.PUT.OBJECT_TAGGING",
  UploadPart: "REST.PUT.PART",
  UploadPartCopy: "REST.COPY.PART",
};

/** "REST.GET.OBJECT" */
export function operationText({ operation, http }: Pick<NotedCall, "operation" | "http">): string {
  const { method = "GET", uri = "" } = http ?? {};
  const [path = "", query] = uri.split("?");
  const asked = query === undefined ? (path.includes("{Key+}") ? "OBJECT" : "BUCKET") : query;
  const resource = resources[asked] ?? asked.replace(/=.*$/, "").replaceAll("-", "_").toUpperCase();
  return operations[operation] ?? `REST.${method}.${resource}`;
}

/** Text in quotes; what would end the line or the quotes is encoded. */
function quoted(text: string | undefined): string {
  return text ? `"${text.replace(/["\n\r]/g, (one) => encodeURIComponent(one))}"` : "-";
}

function word(value: string | number | undefined): string {
  return value === undefined || value === "" ? "-" : String(value).replaceAll(" ", "+");
}

function requester({ caller }: Context): string {
  const { principal } = caller;
  if (principal.kind === "anonymous") return "-";
  if (principal.kind === "service") return `svc:${principal.service}`;
  return principal.kind === "root" ? canonicalId(principal.account) : principal.arn;
}

/** What nobody asked over HTTP, as it would have been asked. */
function requestLine(name: string, key: string, { http }: NotedCall, { request, caller }: Context): string {
  const isOwn = caller.principal.kind !== "service" && !caller.calledVia?.length;
  if (isOwn && request.url !== undefined) return `${request.method} ${request.url} HTTP/1.1`;
  return `${http?.method ?? "GET"} /${name}${key === "" ? "" : `/${key}`} HTTP/1.1`;
}

const authTypes = { header: "AuthHeader", query: "QueryString", form: "-" } as const;

function bytesOf({ output, error, operation }: NotedCall, ctx: Context): [sent?: number, object?: number] {
  if (error !== undefined) return [];
  const { ContentLength, ContentRange } = (output ?? {}) as { ContentLength?: number; ContentRange?: string };
  const whole = Number(/\/(\d+)$/.exec(ContentRange ?? "")?.[1] ?? ContentLength);
  if (ContentLength !== undefined) return [operation === "HeadObject" ? undefined : ContentLength, whole];
  return /^(?:PutObject|UploadPart)$/.test(operation) ? [undefined, ctx.body.size] : [];
}

/** Milliseconds since the request came: its id begins with the time. */
function elapsedMs(requestId: string): number {
  return Math.max(0, Date.now() - Number.parseInt(requestId.replaceAll("-", "").slice(0, 12), 16));
}

export function accessLine(bucket: BucketRow, call: NotedCall, ctx: Context): string {
  const { request, caller, requestId } = ctx;
  const { input, output, error, status } = call;
  const key = uriEncoded(typeof input.Key === "string" ? input.Key : "");
  const [sent, size] = bytesOf(call, ctx);
  const isClients = caller.principal.kind !== "service";
  const { signature } = request;
  const version = input.VersionId ?? output?.VersionId;
  return [
    canonicalId(bucket.account),
    bucket.name,
    timeText(ctx.clock.now()),
    word(isClients ? request.sourceIp : undefined),
    requester(ctx),
    requestId,
    operationText(call),
    word(key),
    quoted(requestLine(bucket.name, key, call, ctx)),
    status,
    word(error?.code),
    word(sent),
    word(size),
    elapsedMs(requestId),
    "-",
    quoted(isClients ? request.referer : undefined),
    quoted(isClients ? request.userAgent : caller.principal.service),
    word(typeof version === "string" ? version : undefined),
    requestId,
    signature === undefined ? "-" : signature.algorithm === "AWS" ? "SigV2" : "SigV4",
    word(request.tls?.cipherSuite),
    signature === undefined ? "-" : authTypes[signature.place],
    word(request.host),
    word(request.tls?.version),
    "-",
    "-",
    bucket.region,
  ].join(" ");
}
