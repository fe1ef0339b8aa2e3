import { Waiting } from "../bus/waiters.ts";
import type { Caller } from "../kit/caller.ts";
import { AwsError } from "../kit/errors.ts";
import { recordLog } from "../kit/record.ts";
import type { Place } from "../kit/service.ts";
import type { Protocol } from "../protocols/contract.ts";
import { SerializationError } from "../protocols/errors.ts";
import type { WireRequest, WireResponse } from "../protocols/wire.ts";
import { chain, type MaybePromise } from "../storage/maybe.ts";
import { type Authenticated, authenticate, claimOf, unsigned } from "./authenticate.ts";
import { ClientGone } from "./body.ts";
import { type Call, type Outcome, runCall } from "./call.ts";
import type { Gateway } from "./callTypes.ts";
import { type Exchange, onGone } from "./exchange.ts";
import { type FormUpload, formUpload } from "./formUpload.ts";
import { inflated } from "./inflate.ts";
import { dropBody, takeBody } from "./intake.ts";
import { longPoll } from "./longPoll.ts";
import { publicDocument } from "./publish.ts";
import { asAwsError, Refused } from "./refuse.ts";
import type { LoadedService, Registry } from "./registry.ts";
import {
  type Destination,
  destinationByBody,
  destinationOf,
  type Found,
  findOperation,
  foundEarly,
  pathFor,
} from "./route.ts";
import { checkSession } from "./sessionLimits.ts";
import type { Claim } from "./sigv4/claim.ts";

/**
 * The one path: route, authenticate, read, and then, in one transaction, validate, authorize, handle and
 * record. Returns the answer; what it throws is a fault of our own.
 */
export async function answer(exchange: Exchange, gateway: Gateway): Promise<WireResponse> {
  let protocol: Protocol = "awsQuery";
  let service: string | undefined;
  try {
    const claim = claimOf(exchange, () => {
      // Told in the protocol of whom the request is for by everything but its signature.
      const unclaimed = destinationOf(exchange, undefined, gateway.registry, gateway.homeRegion);
      ({ protocol } = unclaimed);
      service = unclaimed.services[0];
    });
    const published = claim === undefined ? await publicDocument(exchange, gateway) : undefined;
    if (published !== undefined) return published;
    const early = destinationOf(exchange, claim, gateway.registry, gateway.homeRegion);
    protocol = early.protocol;
    service = early.services[0];
    const form = claim === undefined ? await formUpload(exchange, gateway) : undefined;
    if (form !== undefined) return await answerForm(form, exchange, gateway);
    const found = foundEarly(exchange, early, gateway.registry);
    const streams = found !== undefined && gateway.registry.isStreamed(found.service, found.operation);
    const maxBytes = gateway.registry.maxBodyBytes(early.services);
    const proving = prove(exchange, claim, { streams, maxBytes }, gateway);
    const proven = proving instanceof Promise ? await proving : proving;
    // What an unsigned caller sends is not blown up.
    if (claim !== undefined)
      proven.body = inflated(proven.body, exchange.headers["content-encoding"], protocol);
    const destination = destinationByBody(early, proven.body, gateway.registry);
    service = destination.services[0];
    const reading = read(exchange, claim, proven, destination, found, gateway);
    const call = reading instanceof Promise ? await reading : reading;
    protocol = call.protocol;
    const refused = call.operation.operation.body && (await takeBody(call, proven.arriving, gateway));
    return respond(call, refused ?? (await committed(call, exchange, gateway)));
  } catch (error) {
    const shown = error instanceof Refused ? asAwsError(error, protocol) : error;
    if (!(shown instanceof AwsError)) throw Object.assign(new Fault(error), { protocol, service });
    gateway.refusals.note({
      requestId: exchange.requestId,
      atMs: gateway.clock.now(),
      ...(service !== undefined && { service }),
      code: shown.code,
      message: shown.message,
      ...(error instanceof Refused && error.detail !== undefined && { detail: error.detail }),
    });
    return errorResponse(gateway, service, protocol, shown, exchange.requestId);
  }
}

/** A fault of our own, with what is needed to tell the client of it in its own protocol. */
export class Fault extends Error {
  protocol: Protocol = "awsQuery";
  service: string | undefined;
  constructor(cause: unknown) {
    super("internal fault", { cause });
  }
}

export function prove(
  exchange: Exchange,
  claim: Claim | undefined,
  { streams, maxBytes }: { streams: boolean; maxBytes: number | undefined },
  gateway: Gateway,
): MaybePromise<Authenticated> {
  if (claim === undefined) return unsigned(exchange, streams);
  const { store, clock, keys, ports } = gateway;
  const { findAccessKey, openSession } = ports;
  if (findAccessKey === undefined || openSession === undefined) {
    throw new Refused("unknownKey", "The security token included in the request is invalid.");
  }
  const options = { store, clock, keys, ports: { findAccessKey, openSession }, streams, maxBytes };
  return authenticate(exchange, claim, options);
}

function read(
  exchange: Exchange,
  claim: Claim | undefined,
  { caller, body }: Authenticated,
  destination: Destination,
  foundEarlier: Found | undefined,
  gateway: Gateway,
): MaybePromise<Call> {
  if (destination.services.length === 0) {
    if (claim === undefined) throw new Refused("missingToken", "Request is missing Authentication Token");
    throw new Refused("notImplemented", `Cloudkeep does not offer the service '${destination.asked}'.`);
  }
  const { method, query, headers } = exchange;
  const wire: WireRequest = { method, path: pathFor(destination, exchange), query, headers, body };
  const found = foundEarlier ?? findOperation(wire, destination, gateway.registry);
  if (claim === undefined && !mayBeUnsigned(found, gateway.registry)) {
    throw new Refused("missingToken", "Request is missing Authentication Token");
  }
  if (found === undefined) throw new Refused("unknownOperation", unknownOperation(wire));
  return chain(gateway.registry.load(found.service), (service) => {
    const call = callOf(found, service, caller, wire, exchange);
    return chain(placeOf(found, service, call.input, gateway), (place) => {
      call.isLocated = place !== undefined;
      call.account = place?.account ?? (caller.principal.account || gateway.homeAccount);
      call.region = place?.region ?? destination.region;
      return call;
    });
  });
}

/** The call that a request asks for; whose it is and where is still to be told. */
function callOf(
  found: Found,
  service: LoadedService,
  caller: Caller,
  wire: WireRequest,
  { requestId, facts, path }: Exchange,
): Call {
  const operation = service.operations.get(found.operation);
  if (operation === undefined) {
    throw new Refused(
      "notImplemented",
      `Cloudkeep does not build ${found.service}:${found.operation}; it is on the service's list of missing operations.`,
    );
  }
  checkSession(caller, found.service, found.operation);
  const input = readInput(operation.codec, found.protocol, wire);
  const origin = `${facts.secure ? "https" : "http"}://${facts.host}`;
  service.definition.inputFromUrl?.(input, { origin, path });
  return {
    requestId,
    service,
    operation,
    protocol: found.protocol,
    caller,
    account: "",
    region: "",
    isLocated: false,
    request: facts,
    input,
    events: [],
    afterCommit: [],
  };
}

/** To whom a call belongs that is the same whether it is signed or not. */
function placeOf(
  { contract, operation }: Found,
  { definition }: LoadedService,
  input: Record<string, unknown>,
  { store }: Gateway,
): MaybePromise<Place | undefined> {
  const { locate } = definition;
  if (locate === undefined || !contract.operations[operation]?.unsigned) return undefined;
  return store.peek((tx) => locate(input, tx));
}

function readInput(
  codec: Call["operation"]["codec"],
  protocol: Protocol,
  wire: WireRequest,
): Record<string, unknown> {
  try {
    return codec.read(protocol, wire);
  } catch (error) {
    if (error instanceof SerializationError) {
      const code = protocol === "restXml" && error.code === "MalformedInput" ? "InvalidArgument" : error.code;
      throw new AwsError(code, error.message, { status: 400 });
    }
    throw error;
  }
}

function unknownOperation({ headers, query, body }: WireRequest): string {
  const target = headers["x-amz-target"];
  if (target !== undefined) return "";
  const action = new URLSearchParams(query || body.toString("latin1")).get("Action");
  return action === null
    ? "Could not find an operation for this request."
    : `Could not find operation ${action}`;
}

/** AWS leaves some operations unsigned; and of one service, a resource's policy may let anybody in. */
function mayBeUnsigned(found: Found | undefined, registry: Registry): boolean {
  if (found === undefined) return false;
  return found.contract.operations[found.operation]?.unsigned === true || registry.isOpen(found.service);
}

async function commit(call: Call, gateway: Gateway): Promise<Outcome> {
  let named = false;
  try {
    const outcome = await gateway.store.transact(async (tx) => {
      call.events.length = 0;
      call.afterCommit.length = 0;
      const result = await runCall(call, tx, gateway);
      for (const event of call.events) tx.append(recordLog, event);
      return result;
    });
    named = outcome.error === undefined;
    gateway.bus.recorded();
    for (const effect of call.afterCommit) await effect();
    return outcome;
  } finally {
    if (!named) await dropBody(call, gateway);
  }
}

/** Commits a call; one that waits for something runs again when that happens, or when its time is over. */
export async function committed(call: Call, exchange: Exchange, gateway: Gateway): Promise<Outcome> {
  try {
    return await commit(call, gateway);
  } catch (error) {
    if (!(error instanceof Waiting)) throw error;
    const run = (waited: boolean) => {
      call.waited = waited;
      return commit(call, gateway);
    };
    const gone = {
      on: (wake: () => void) => onGone(exchange.request, wake),
      error: () => new ClientGone(),
    };
    return await longPoll(error, { run, gone, waiters: gateway.bus.waiters, clock: gateway.clock });
  }
}

function respond({ operation, service, protocol, requestId }: Call, outcome: Outcome): WireResponse {
  if (outcome.error !== undefined) {
    return service.codec.writeError(protocol, wireError(outcome.error), requestId);
  }
  const answer = operation.codec.write(protocol, outcome.output, requestId);
  const status = operation.operation.status?.(outcome.output as never);
  return status === undefined ? answer : { ...answer, status };
}

async function answerForm(
  { call, incoming, request }: FormUpload,
  exchange: Exchange,
  gateway: Gateway,
): Promise<WireResponse> {
  const outcome = (await takeBody(call, incoming, gateway)) ?? (await committed(call, exchange, gateway));
  if (outcome.error !== undefined) return respond(call, outcome);
  const { status, headers, body } = request.answer(outcome.output);
  const length = String(Buffer.byteLength(body));
  return {
    status,
    headers: [...headers, "x-amz-request-id", call.requestId, "Content-Length", length],
    body,
  };
}

function wireError(error: AwsError) {
  const { code, message, status, members, headers } = error;
  return {
    code,
    message,
    ...(status !== undefined && { status }),
    ...(members && { members }),
    ...(headers && { headers }),
  };
}

/** An error that came before its service was loaded still travels in the service's own protocol. */
export function errorResponse(
  gateway: Gateway,
  service: string | undefined,
  protocol: Protocol,
  error: AwsError,
  requestId: string,
): WireResponse {
  return gateway.registry.errorCodec(service).writeError(protocol, wireError(error), requestId);
}
