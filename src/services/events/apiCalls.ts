import type { CreateConnectionAuthRequestParameters, Target } from "@aws-sdk/client-eventbridge";
import { send } from "../../kit/outbound.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { apiDestinations, type ConnectionRow, connections } from "./tables.ts";

/** Calls of API destinations. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html */

export interface HttpResult {
  error?: { code: string; message: string; retriable: boolean };
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html#eb-api-destination-limits */
const answerTimeoutMs = 5_000;
const retriableStatus = new Set([401, 407, 409, 429]);

export function isApiDestination({ Arn = "" }: Target): boolean {
  return /^arn:aws[a-z-]*:events:[^:]*:\d{12}:api-destination\//.test(Arn);
}

/** What a target asks outside of Cloudkeep, as an option of the outbox. */
export function peerOf(target: Target): { peer?: string } {
  return isApiDestination(target) ? { peer: target.Arn as string } : {};
}

type Read = DeliveryScope["read"];

/** Sends a body to a target's API destination. */
export async function sendToApiDestination(target: Target, body: string, read: Read): Promise<HttpResult> {
  const arn = parseArn(target.Arn ?? "");
  const [, name = ""] = arn?.resource.split("/") ?? [];
  const { account = "", region = "" } = arn ?? {};
  const destination = await read((tx) => apiDestinations.get(tx, account, region, name));
  const connectionName = parseArn(destination?.connectionArn ?? "")?.resource.split("/")[1] ?? "";
  const connection = await read((tx) => connections.get(tx, account, region, connectionName));
  if (destination === undefined || connection === undefined)
    return refusal("RESOURCE_NOT_FOUND", `${target.Arn} or its connection does not exist.`);
  if (connection.state !== "AUTHORIZED")
    return refusal("NO_PERMISSIONS", `The connection ${connectionName} is not authorized.`);
  try {
    const request = await requestFor(destination.endpoint, target, connection, body);
    const { status } = await send({ ...request, method: destination.method, timeoutMs: answerTimeoutMs });
    if (status >= 200 && status < 300) return {};
    const retriable = status >= 500 || retriableStatus.has(status);
    return { error: { code: "SDK_CLIENT_ERROR", message: `The endpoint answered ${status}.`, retriable } };
  } catch (error) {
    const message = error instanceof Error ? error.message : "The endpoint could not be asked.";
    return { error: { code: "SDK_CLIENT_ERROR", message, retriable: true } };
  }
}

function refusal(code: string, message: string): HttpResult {
  return { error: { code, message, retriable: false } };
}

interface Prepared {
  url: string;
  headers: Record<string, string>;
  body: string;
}

async function requestFor(
  endpoint: string,
  { HttpParameters = {} }: Target,
  connection: ConnectionRow,
  body: string,
): Promise<Prepared> {
  const values = [...(HttpParameters.PathParameterValues ?? [])];
  const url = new URL(endpoint.replace(/\*/g, () => encodeURIComponent(values.shift() ?? "*")));
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "user-agent": "Amazon/EventBridge/ApiDestinations",
    ...HttpParameters.HeaderParameters,
  };
  for (const [key, value] of Object.entries(HttpParameters.QueryStringParameters ?? {}))
    url.searchParams.set(key, value);
  const auth = connection.auth as CreateConnectionAuthRequestParameters;
  const {
    HeaderParameters = [],
    QueryStringParameters = [],
    BodyParameters = [],
  } = auth.InvocationHttpParameters ?? {};
  for (const { Key = "", Value = "" } of HeaderParameters) headers[Key.toLowerCase()] = Value;
  for (const { Key = "", Value = "" } of QueryStringParameters) url.searchParams.set(Key, Value);
  Object.assign(headers, await proof(auth));
  return { url: url.href, headers, body: withMembers(body, BodyParameters) };
}

/** The connection's own members join a body that is an object. */
function withMembers(body: string, parameters: readonly { Key?: string; Value?: string }[]): string {
  if (parameters.length === 0) return body;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return body;
    return JSON.stringify({
      ...parsed,
      ...Object.fromEntries(parameters.map(({ Key = "", Value = "" }) => [Key, Value])),
    });
  } catch {
    return body;
  }
}

async function proof(auth: CreateConnectionAuthRequestParameters): Promise<Record<string, string>> {
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = auth;
  if (basic !== undefined) {
    const text = Buffer.from(`${basic.Username}:${basic.Password}`).toString("base64");
    return { authorization: `Basic ${text}` };
  }
  if (key !== undefined) return { [(key.ApiKeyName ?? "").toLowerCase()]: key.ApiKeyValue ?? "" };
  if (oauth !== undefined) return { authorization: `Bearer ${await accessToken(oauth)}` };
  return {};
}

/** Client credentials. https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
async function accessToken(
  oauth: NonNullable<CreateConnectionAuthRequestParameters["OAuthParameters"]>,
): Promise<string> {
  const {
    ClientParameters,
    AuthorizationEndpoint = "",
    HttpMethod = "POST",
    OAuthHttpParameters = {},
  } = oauth;
  const parameters = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: ClientParameters?.ClientID ?? "",
    client_secret: ClientParameters?.ClientSecret ?? "",
  });
  for (const { Key = "", Value = "" } of OAuthHttpParameters.BodyParameters ?? []) parameters.set(Key, Value);
  const url = new URL(AuthorizationEndpoint);
  for (const { Key = "", Value = "" } of OAuthHttpParameters.QueryStringParameters ?? [])
    url.searchParams.set(Key, Value);
  const extra = (OAuthHttpParameters.HeaderParameters ?? []).map(({ Key = "", Value = "" }) => [Key, Value]);
  const inQuery = HttpMethod === "GET";
  if (inQuery) for (const [name, value] of parameters) url.searchParams.set(name, value);
  const { status, body } = await send({
    url: url.href,
    method: HttpMethod,
    headers: { "content-type": "application/x-www-form-urlencoded", ...Object.fromEntries(extra) },
    body: inQuery ? "" : parameters.toString(),
    timeoutMs: answerTimeoutMs,
  });
  if (status !== 200) throw new Error(`The authorization endpoint answered ${status}.`);
  const { access_token: token } = JSON.parse(body) as { access_token?: unknown };
  if (typeof token !== "string") throw new Error("The authorization endpoint gave no access token.");
  return token;
}
