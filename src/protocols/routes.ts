/** Finds the operation of a REST request: method, path template, fixed query parameters. */

import { structureNamed } from "./compile.ts";
import type { Contract, OperationContract } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { maxQueryParameters } from "./limits.ts";
import type { WireRequest } from "./wire.ts";

/** Segments that a template may have; AWS's longest has about ten. */
const maxSegments = 32;

interface Segment {
  text: string;
  label?: "one" | "greedy";
}

export interface Template {
  segments: Segment[];
  /** Fixed parameters; null for one that only has to be there: `?uploads`. */
  query: [name: string, value: string | null][];
}

export function parseTemplate(uri: string): Template {
  const [path = "", query = ""] = uri.split("?", 2);
  const segments = splitPath(path).map((text): Segment => {
    const label = /^\{(.+?)(\+?)\}$/.exec(text);
    return label ? { text: label[1] as string, label: label[2] ? "greedy" : "one" } : { text };
  });
  const pairs = query.split("&").filter((pair) => pair !== "");
  return {
    segments,
    query: pairs.map((pair) => {
      const [name = "", value] = pair.split("=", 2);
      return [name, value ?? null];
    }),
  };
}

/** "/a/b/" is "/a/b"; inside a path an empty segment stands for itself. */
function splitPath(path: string): string[] {
  const segments = path.split("/");
  segments.shift();
  if (segments.at(-1) === "") segments.pop();
  return segments;
}

/** Labels by name, decoded; undefined where the path is another's. A greedy label keeps its slashes. */
export function matchPath(template: Template, path: string): Record<string, string> | undefined {
  const { segments } = template;
  const greedy = segments.findIndex(({ label }) => label === "greedy");
  const parts = greedy < 0 ? splitPath(path) : path.split("/").slice(1);
  const surplus = parts.length - segments.length;
  if (surplus < 0 || (greedy < 0 && surplus > 0)) return undefined;
  const labels: Record<string, string> = {};
  let at = 0;
  for (const [index, segment] of segments.entries()) {
    const length = index === greedy ? surplus + 1 : 1;
    const part = length === 1 ? (parts[at] as string) : parts.slice(at, at + length).join("/");
    at += length;
    if (!segment.label) {
      if (part !== segment.text) return undefined;
    } else {
      if (part === "") return undefined;
      labels[segment.text] = decodePart(part);
    }
  }
  return labels;
}

export function decodePart(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SerializationError("The request URI contains a malformed percent encoding", "InvalidURI");
  }
}

interface Route extends Template {
  operation: string;
  /** Parameters and headers without which the operation cannot be meant. */
  requiredQuery: string[];
  requiredHeaders: string[];
}

/** Routes of one contract, indexed by method and first literal segment. */
export class Router {
  private readonly routes = new Map<string, Route[]>();

  constructor(contract: Contract) {
    for (const [operation, { http, ...rest }] of Object.entries(contract.operations)) {
      if (!http) continue;
      const route = makeRoute(contract, operation, rest, http.uri);
      const first = route.segments[0];
      const key = `${http.method} ${first && !first.label ? first.text : "*"}`;
      const known = this.routes.get(key);
      if (known) known.push(route);
      else this.routes.set(key, [route]);
    }
  }

  find(request: WireRequest): string | undefined {
    const first = request.path.split("/", 2)[1] ?? "";
    const candidates = [
      ...(this.routes.get(`${request.method} ${first}`) ?? []),
      ...(this.routes.get(`${request.method} *`) ?? []),
    ];
    const query = queryParameters(request.query);
    let best: { score: number[]; operation: string } | undefined;
    for (const route of candidates) {
      const score = rank(route, request, query);
      if (score && (!best || isHigher(score, best.score))) best = { score, operation: route.operation };
    }
    return best?.operation;
  }
}

function makeRoute(
  contract: Contract,
  operation: string,
  { input }: Omit<OperationContract, "http">,
  uri: string,
): Route {
  const shape = structureNamed(contract, input);
  const required = (shape.required ?? []).map((name) => shape.members[name]);
  return {
    operation,
    ...parseTemplate(uri),
    requiredQuery: required.flatMap((member) => member?.httpQuery ?? []),
    requiredHeaders: required.flatMap((member) => member?.httpHeader?.toLowerCase() ?? []),
  };
}

/**
 * Undefined where the route does not fit; otherwise larger is better. Literal segments beat labels, fixed parameters
 * beat none; and where S3 has several operations on one URI (`PutObject`, `CopyObject`, `UploadPart`), the one whose
 * required parameters and headers are all there wins, the more of them the better.
 */
function rank(route: Route, request: WireRequest, query: Map<string, string[]>): number[] | undefined {
  for (const [name, value] of route.query) {
    const given = query.get(name);
    if (!given || (value !== null && value !== "" && given[0] !== value)) return undefined;
  }
  if (!matchPath(route, request.path)) return undefined;
  const literals = route.segments.map(({ label }) => (label === "greedy" ? 0 : label ? 1 : 2));
  const demanded = route.requiredQuery.length + route.requiredHeaders.length;
  const met =
    route.requiredQuery.every((name) => query.has(name)) &&
    route.requiredHeaders.every((name) => request.headers[name] !== undefined);
  // Padded, so that what follows the segments is compared at the same place.
  while (literals.length < maxSegments) literals.push(0);
  return [...literals, route.query.length, met ? 1 : 0, demanded];
}

/** Compares segment by segment, then query, then bindings. */
function isHigher(score: number[], other: number[]): boolean {
  for (let index = 0; index < Math.max(score.length, other.length); index++) {
    const difference = (score[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Values of each query parameter in their order. */
export function queryParameters(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  const pairs = query === "" ? [] : query.split("&", maxQueryParameters + 1);
  if (pairs.length > maxQueryParameters)
    throw new SerializationError("Too many query parameters", "InvalidURI");
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const name = decodePart((equals < 0 ? pair : pair.slice(0, equals)).replaceAll("+", " "));
    const value = equals < 0 ? "" : decodePart(pair.slice(equals + 1).replaceAll("+", " "));
    const values = parameters.get(name);
    if (values) values.push(value);
    else parameters.set(name, [value]);
  }
  return parameters;
}

const routers = new WeakMap<Contract, Router>();

export function identifyRest(contract: Contract, request: WireRequest): string | undefined {
  let router = routers.get(contract);
  if (!router) {
    router = new Router(contract);
    routers.set(contract, router);
  }
  try {
    return router.find(request);
  } catch (error) {
    // A URI that cannot be decoded names no operation.
    if (error instanceof SerializationError) return undefined;
    throw error;
  }
}
