import { Waiting } from "../bus/waiters.ts";
import type { Endpoint, EndpointRequest } from "../kit/endpoint.ts";
import { AwsError } from "../kit/errors.ts";
import type { Operation } from "../kit/service.ts";
import type { OperationCodec, WireResponse } from "../protocols/wire.ts";
import { type Authenticated, anonymous, claimOf, unsigned } from "./authenticate.ts";
import { readBody } from "./body.ts";
import type { Call, Gateway } from "./callTypes.ts";
import type { Exchange } from "./exchange.ts";
import { takeBody } from "./intake.ts";
import { committed, prove } from "./pipeline.ts";
import { asAwsError, Refused } from "./refuse.ts";
import { headerSeparator } from "./sigv4/canonical.ts";

/** What is asked at the address of a customer's resource: proven if it is signed, then judged like any call. */
export function endpointAnswer(exchange: Exchange, gateway: Gateway): Promise<WireResponse> | undefined {
  const { headers, path } = exchange;
  const host = (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  const found = gateway.registry.endpoint(host, path);
  return found && answerAt({ host, ...found }, exchange, gateway);
}

async function answerAt(
  found: { host: string; service: string; id: string; region?: string; path: string },
  exchange: Exchange,
  gateway: Gateway,
): Promise<WireResponse> {
  const service = await gateway.registry.load(found.service);
  const { endpoint } = service.definition;
  if (endpoint === undefined) throw new Error(`${found.service} has no endpoint.`);
  try {
    const head = {
      id: found.id,
      method: exchange.method,
      path: found.path,
      query: exchange.query,
      host: found.host,
      headers: plainHeaders(exchange.headers),
    };
    const streams = endpoint.streams?.(head);
    const { caller, body, arriving } = await proven(exchange, endpoint, streams !== undefined, gateway);
    const asked: EndpointRequest = { ...head, body };
    const place = await gateway.store.peek((tx) => endpoint.locate?.(asked, tx));
    const call: Call = {
      requestId: exchange.requestId,
      service,
      operation: operationOf(found.service, endpoint, asked, streams),
      protocol: "restJson1",
      caller,
      account: place?.account ?? (caller.principal.account || gateway.homeAccount),
      region: place?.region ?? found.region ?? gateway.homeRegion,
      isLocated: place !== undefined,
      request: exchange.facts,
      input: asked as never,
      events: [],
      afterCommit: [],
    };
    const outcome = (await takeBody(call, arriving, gateway)) ?? (await committed(call, exchange, gateway));
    return outcome.error === undefined
      ? (outcome.output as unknown as WireResponse)
      : endpoint.refuse(outcome.error, exchange.requestId);
  } catch (error) {
    const shown = error instanceof Refused ? asAwsError(error, "restJson1") : error;
    if (!(shown instanceof AwsError) || shown instanceof Waiting) throw error;
    return endpoint.refuse(shown, exchange.requestId);
  }
}

/** An Authorization header of another kind is the resource's own matter. */
async function proven(
  exchange: Exchange,
  endpoint: Endpoint,
  streams: boolean,
  gateway: Gateway,
): Promise<Authenticated> {
  const { headers, query } = exchange;
  const isSigned = /^AWS4-/.test(headers.authorization ?? "") || /(?:^|&)X-Amz-Algorithm=/.test(query);
  const limits = { streams, maxBytes: endpoint.maxBodyBytes };
  if (isSigned) return await prove(exchange, claimOf(exchange), limits, gateway);
  if (streams) return await unsigned(exchange, true);
  exchange.proceed();
  return { caller: anonymous, body: await readBody(exchange.request, headers, endpoint.maxBodyBytes) };
}

/** Repeated headers as one, with commas. */
function plainHeaders(headers: Exchange["headers"]): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(":")) plain[name] = value.replaceAll(headerSeparator, ",");
  }
  return plain;
}

function operationOf(
  service: string,
  endpoint: Endpoint,
  asked: EndpointRequest,
  streams: { maxBytes: number } | undefined,
): Call["operation"] {
  const name = typeof endpoint.name === "string" ? endpoint.name : endpoint.name(asked);
  const isManagement = endpoint.isManagement?.(asked) ?? false;
  const operation: Operation = {
    service,
    name,
    access: endpoint.access as never,
    handle: endpoint.handle as never,
    ...(streams && { body: { digests: () => [], ...streams } }),
    record: {
      ...(!isManagement && { data: true as const }),
      readOnly: !isManagement || asked.method === "GET",
      requestOnly: (() => ({})) as never,
      // Pages and tokens are nobody's business.
      response: () => null,
    },
  };
  return { name, eventName: name, operation, codec };
}

/** There is no contract, and so nothing to read, check or write by. */
const codec: OperationCodec = {
  name: "",
  read: () => ({}),
  validate: () => {},
  write: () => ({ status: 200, headers: [], body: "" }),
};
