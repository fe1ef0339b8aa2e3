import type { Contract, Protocol } from "../protocols/contract.ts";
import { identify } from "../protocols/index.ts";
import type { WireRequest } from "../protocols/wire.ts";
import { likelyProtocol } from "./dialect.ts";
import type { Exchange } from "./exchange.ts";
import type { Registry } from "./registry.ts";
import type { Claim } from "./sigv4/claim.ts";

/** Services that a request can be for, by what its headers say. */
export interface Destination {
  /** Names of services, most likely first; empty when Cloudkeep has none of that name. */
  services: readonly string[];
  /** What the caller asked for, for messages: "sqs". */
  asked: string;
  region: string;
  protocol: Protocol;
}

const regionForm = /^[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}$/;

/**
 * A signed request names its service and Region in the credential scope. An unsigned one is known by its
 * host (`sts.eu-west-1.amazonaws.com`), its `X-Amz-Target` or the API version among its parameters.
 */
export function destinationOf(
  exchange: Exchange,
  claim: Claim | undefined,
  registry: Registry,
  homeRegion: string,
): Destination {
  const { headers } = exchange;
  const host = hostNames(headers.host ?? "");
  const asked = claim?.service ?? host.service ?? headers["x-amz-target"]?.split(".")[0] ?? "";
  const services = servicesFor(exchange, claim, registry, host.service);
  const region = [claim?.region, regionOfSet(claim?.regionSet), host.region].find(
    (name) => name && regionForm.test(name),
  );
  const contract = services[0] === undefined ? undefined : registry.contract(services[0]);
  return { services, asked, region: region ?? homeRegion, protocol: likelyProtocol(headers, contract) };
}

function servicesFor(
  exchange: Exchange,
  claim: Claim | undefined,
  registry: Registry,
  host: string | undefined,
): readonly string[] {
  if (claim !== undefined) return registry.bySigningName(claim.service);
  const target = exchange.headers["x-amz-target"];
  const byTarget =
    target === undefined ? undefined : registry.byTarget(target.slice(0, target.lastIndexOf(".")));
  if (byTarget !== undefined) return [byTarget];
  const version = /(?:^|&)Version=([\d-]+)/.exec(exchange.query)?.[1];
  const byVersion = version === undefined ? undefined : registry.byVersion(version);
  if (byVersion !== undefined) return [byVersion];
  const byHost = host === undefined ? [] : registry.bySigningName(host);
  return byHost.length > 0 || isForm(exchange) ? byHost : registry.openServices;
}

/** Query requests are forms posted to the root; nothing else that is unsigned is told by its body. */
function isForm({ method, path, headers }: Exchange): boolean {
  return method === "POST" && path === "/" && !headers["content-type"]?.startsWith("multipart/form-data");
}

/** The first Region that a SigV4A signature names without a wildcard. */
function regionOfSet(regionSet: string | undefined): string | undefined {
  return regionSet?.split(",").find((name) => !name.includes("*"));
}

/** Service and Region in a host name of AWS's form: `kms.eu-west-1.amazonaws.com`, `kms.eu-west-1.localhost:4566`. */
function hostNames(host: string): { service: string | undefined; region: string | undefined } {
  const match = /^([a-z0-9-]+)(?:\.([a-z0-9-]+))?\.(?:amazonaws\.com|localhost)(?::\d+)?$/.exec(
    host.toLowerCase(),
  );
  return { service: match?.[1], region: match?.[2] };
}

export interface Found {
  service: string;
  contract: Contract;
  protocol: Protocol;
  operation: string;
}

/** The operation that a request, its body read, asks of one of the services. */
export function findOperation(
  request: WireRequest,
  destination: Destination,
  registry: Registry,
): Found | undefined {
  for (const service of destination.services) {
    const contract = registry.contract(service);
    const found = identify(contract, request);
    if (found !== undefined) return { service, contract, ...found };
  }
  return undefined;
}

/** The operation that a request's line and headers ask for, where the body does not decide it: over REST. */
export function foundEarly(
  exchange: Exchange,
  destination: Destination,
  registry: Registry,
): Found | undefined {
  if (destination.services.length === 0 || destination.protocol !== "restXml") return undefined;
  const { method, query, headers } = exchange;
  const wire = { method, path: pathFor(destination, exchange), query, headers, body: noBody };
  return findOperation(wire, destination, registry);
}

const noBody = Buffer.alloc(0);

/**
 * Unsigned query requests carry Action and Version in the body only, so their service can be told no sooner
 * than the body is read.
 */
export function destinationByBody(destination: Destination, body: Buffer, registry: Registry): Destination {
  if (destination.services.length > 0) return destination;
  const version = /(?:^|&)Version=([\d-]+)/.exec(body.toString("latin1"))?.[1];
  const service = version === undefined ? undefined : registry.byVersion(version);
  return service === undefined ? destination : { ...destination, services: [service], asked: service };
}

/** A bucket before the service in a host name; an address or a bare `localhost` has none. */
const bucketHost =
  /^(.+?)\.(?:s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com|s3(?:\.[a-z0-9-]+)?\.localhost|localhost)$/;
const serviceHost = /^s3(?:[.-][a-z0-9-]+)?$/;

/** The path as the contract of the service knows it. */
export function pathFor({ services }: Destination, { headers, path }: Exchange): string {
  return services.includes("s3") ? pathWithBucket(headers.host ?? "", path) : path;
}

/**
 * The path of a request with its bucket in front, where the host names the bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function pathWithBucket(host: string, path: string): string {
  const bucket = bucketHost.exec(host.toLowerCase().replace(/:\d+$/, ""))?.[1];
  return bucket === undefined || serviceHost.test(bucket) ? path : `/${bucket}${path}`;
}
