import { createHmac } from "node:crypto";
import type { FormRequest } from "../kit/browsers.ts";
import type { Caller } from "../kit/caller.ts";
import type { RequestSignature } from "../kit/context.ts";
import { AwsError } from "../kit/errors.ts";
import type { Incoming } from "./arriving.ts";
import { anonymous, findCredential } from "./authenticate.ts";
import type { Call } from "./call.ts";
import type { Gateway } from "./callTypes.ts";
import type { Exchange } from "./exchange.ts";
import { type Form, readForm } from "./formFields.ts";
import { Refused } from "./refuse.ts";
import { destinationOf, pathFor } from "./route.ts";
import { type Claim, timeOf } from "./sigv4/claim.ts";
import { equalInConstantTime } from "./sigv4/keys.ts";
import { signatureMatches } from "./sigv4/verify.ts";

/**
 * Uploads of browsers: a form whose policy somebody signed, or that anybody may post. From here on the call is the
 * one that it stands for, its file the body.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
 */

export interface FormUpload {
  call: Call;
  incoming: Incoming;
  request: FormRequest;
}

/** The upload of a form; undefined for every other request. */
export async function formUpload(exchange: Exchange, gateway: Gateway): Promise<FormUpload | undefined> {
  const { method, headers } = exchange;
  if (method !== "POST" || !headers["content-type"]?.startsWith("multipart/form-data")) return undefined;
  if (headers.authorization !== undefined) return undefined;
  const destination = destinationOf(exchange, undefined, gateway.registry, gateway.homeRegion);
  const [name] = destination.services;
  if (name === undefined || !gateway.registry.isOpen(name)) return undefined;
  const service = await gateway.registry.load(name);
  const { formUpload: port } = service.definition;
  if (port === undefined) return undefined;
  const form = await readForm(exchange);
  const { caller, region, signature } = await proveForm(form, gateway);
  exchange.facts.signature = signature;
  const request = port({
    path: pathFor(destination, exchange),
    fields: form.fields,
    fileName: form.fileName,
    isSigned: caller !== anonymous,
    nowMs: gateway.clock.real(),
  });
  const operation = service.operations.get(request.operation);
  if (operation === undefined) throw new Error(`${name} has no operation ${request.operation}.`);
  const wire = {
    method: "PUT",
    path: request.path,
    query: "",
    headers: request.headers,
    body: Buffer.alloc(0),
  };
  const call: Call = {
    requestId: exchange.requestId,
    service,
    operation,
    protocol: "restXml",
    caller,
    account: caller.principal.account || gateway.homeAccount,
    region: region ?? destination.region,
    request: exchange.facts,
    input: operation.codec.read("restXml", wire),
    events: [],
    afterCommit: [],
  };
  return { call, incoming: incomingOf(exchange, form, request), request };
}

/** Whose signature the form's policy carries. */
async function proveForm(
  { fields }: Form,
  gateway: Gateway,
): Promise<{ caller: Caller; region?: string | undefined; signature?: RequestSignature }> {
  const policy = fields.get("policy");
  if (policy === undefined) return { caller: anonymous };
  const legacyKey = fields.get("awsaccesskeyid");
  const isCurrent = fields.has("x-amz-algorithm") || fields.has("x-amz-signature") || legacyKey === undefined;
  const claim = isCurrent ? currentClaim(fields) : legacyClaim(fields, legacyKey);
  const { findAccessKey, openSession } = gateway.ports;
  if (findAccessKey === undefined || openSession === undefined) throw new Refused("unknownKey", "");
  const { store, clock, keys } = gateway;
  const credential = await findCredential(claim, {
    store,
    clock,
    keys,
    ports: { findAccessKey, openSession },
  });
  const { secretAccessKey: secret, caller } = credential;
  const matches =
    claim.algorithm === "AWS"
      ? equalInConstantTime(createHmac("sha1", secret).update(policy).digest("base64"), claim.signature)
      : signatureMatches(policy, claim, secret, keys);
  if (!matches) throw new Refused("badSignature", "The signature of the form's policy does not match.");
  const ageMs = clock.real() - timeOf(claim.timestamp);
  const { algorithm } = claim;
  const signature = { place: "form" as const, algorithm, ...(!Number.isNaN(ageMs) && { ageMs }) };
  return { caller, region: claim.region || undefined, signature };
}

function field(fields: Form["fields"], name: string): string {
  const value = fields.get(name.toLowerCase());
  if (value !== undefined) return value;
  throw new AwsError(
    "InvalidArgument",
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { status: 400, members: { ArgumentName: name, ArgumentValue: "" } },
  );
}

function currentClaim(fields: Form["fields"]): Claim {
  const algorithm = field(fields, "X-Amz-Algorithm");
  const [accessKeyId = "", day = "", region = "", service = "", end] = field(
    fields,
    "X-Amz-Credential",
  ).split("/");
  if (algorithm !== "AWS4-HMAC-SHA256" || service !== "s3" || end !== "aws4_request") {
    throw new Refused("incompleteSignature", "The form's credential or algorithm cannot be read.");
  }
  return {
    algorithm,
    place: "query",
    accessKeyId,
    day,
    region,
    service,
    scope: `${day}/${region}/${service}/${end}`,
    signedHeaders: [],
    signature: field(fields, "X-Amz-Signature"),
    timestamp: field(fields, "X-Amz-Date"),
    securityToken: fields.get("x-amz-security-token"),
  };
}

function legacyClaim(fields: Form["fields"], accessKeyId: string): Claim {
  return {
    algorithm: "AWS",
    place: "query",
    accessKeyId,
    day: "",
    region: "",
    service: "s3",
    scope: "",
    signedHeaders: [],
    signature: field(fields, "Signature"),
    timestamp: "",
    securityToken: fields.get("x-amz-security-token"),
  };
}

/** The file, held against the lengths that the policy allows. */
function incomingOf({ headers }: Exchange, { file }: Form, request: FormRequest): Incoming {
  const pieces = () => within(file, request);
  return {
    size: Number(headers["content-length"] ?? Number.MAX_SAFE_INTEGER),
    announced: [],
    trailers: {},
    isAwaited: false,
    async whole() {
      const all: Buffer[] = [];
      for await (const piece of pieces()) all.push(piece);
      return Buffer.concat(all);
    },
    pieces,
  };
}

async function* within(
  file: AsyncIterable<Buffer>,
  { minBytes, maxBytes }: FormRequest,
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const piece of file) {
    size += piece.length;
    if (size > maxBytes) {
      throw new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
        status: 400,
        members: { ProposedSize: size, MaxSizeAllowed: maxBytes },
      });
    }
    yield piece;
  }
  if (size < minBytes) {
    throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
      status: 400,
      members: { ProposedSize: size, MinSizeAllowed: minBytes },
    });
  }
}
