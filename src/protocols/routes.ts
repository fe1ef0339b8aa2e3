/** Finds the operation of a REST request: method, path template, fixed query parameters. */

import { structureNamed } from "./compile.ts";
import type { Contract, OperationContract } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { maxQueryParameters } from "./limits.ts";
import type { WireRequest } from "./wire.ts";

/** Parameters and headers that an operation may demand; AWS's most demanding has about ten. */
const maxDemanded = 100;

interface Segment {
  text: string;
  label?: "one" | "greedy";
}

export interface Template {
  segments: Segment[];
  /** Which segment is a greedy label; -1 if none is. */
  greedy: number;
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
    greedy: segments.findIndex(({ label }) => label === "greedy"),
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
  const { segments, greedy } = template;
  const parts = greedy < 0 ? splitPath(path) : path.split("/").slice(1);
  const surplus = parts.length - segments.length;
  if (surplus < 0 || (greedy < 0 && surplus > 0)) return undefined;
  const labels: Record<string, string> = {};
  let at = 0;
  for (let index = 0; index < segments.length; index += 1) {
    const segment = segments[index] as Segment;
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

/** Routes that go alike before others; among them, what a request holds decides. */
type Rank = Route[];

/**
 * Routes of one contract, indexed by method and first literal segment, the more particular first: literal segments
 * go before labels, more fixed parameters before fewer. Where S3 has several operations on one URI (`PutObject`,
 * `CopyObject`, `UploadPart`), the one whose required parameters and headers are all there wins, the more of them
 * the better.
 */
export class Router {
  private readonly ranks = new Map<string, Rank[]>();

  constructor(contract: Contract) {
    const byKey = new Map<string, Route[]>();
    for (const [operation, { http, ...rest }] of Object.entries(contract.operations)) {
      if (!http) continue;
      const route = makeRoute(contract, operation, rest, http.uri);
      const first = route.segments[0];
      const key = `${http.method} ${first && !first.label ? first.text : "*"}`;
      const known = byKey.get(key);
      if (known) known.push(route);
      else byKey.set(key, [route]);
    }
    for (const [key, routes] of byKey) this.ranks.set(key, ranked(routes));
  }

  find(request: WireRequest): string | undefined {
    const query = queryParameters(request.query);
    const first = request.path.split("/", 2)[1] ?? "";
    // A literal first segment goes before a label.
    for (const key of [`${request.method} ${first}`, `${request.method} *`]) {
      for (const rank of this.ranks.get(key) ?? []) {
        const fitting = rank.filter((route) => fits(route, request, query));
        const [one] = fitting;
        if (fitting.length < 2) {
          if (one !== undefined) return one.operation;
        } else return meant(fitting, request, query).operation;
      }
    }
    return undefined;
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

/** Routes in groups that go alike, the most particular first. */
function ranked(routes: readonly Route[]): Rank[] {
  const ranks: Rank[] = [];
  for (const route of [...routes].sort(compare)) {
    const last = ranks.at(-1);
    if (last?.[0] !== undefined && compare(last[0], route) === 0) last.push(route);
    else ranks.push([route]);
  }
  return ranks;
}

/** Segment by segment, then by fixed parameters; negative if `a` is the more particular. */
function compare(a: Route, b: Route): number {
  for (let index = 0; index < Math.max(a.segments.length, b.segments.length); index += 1) {
    const difference = weight(b.segments[index]) - weight(a.segments[index]);
    if (difference !== 0) return difference;
  }
  return b.query.length - a.query.length;
}

function weight(segment: Segment | undefined): number {
  if (segment === undefined || segment.label === "greedy") return 0;
  return segment.label ? 1 : 2;
}

function fits(route: Route, request: WireRequest, query: ReadonlyMap<string, string[]>): boolean {
  for (const [name, value] of route.query) {
    const given = query.get(name);
    if (!given || (value !== null && value !== "" && given[0] !== value)) return false;
  }
  return matchPath(route, request.path) !== undefined;
}

/** Of routes that all fit, the one that the request holds most for. */
function meant(
  [first, ...rest]: readonly Route[],
  request: WireRequest,
  query: ReadonlyMap<string, string[]>,
): Route {
  const score = ({ requiredQuery, requiredHeaders }: Route) => {
    const met =
      requiredQuery.every((name) => query.has(name)) &&
      requiredHeaders.every((name) => request.headers[name] !== undefined);
    const demanded = requiredQuery.length + requiredHeaders.length;
    return met ? maxDemanded + demanded : demanded;
  };
  return rest.reduce((best, route) => (score(route) > score(best) ? route : best), first as Route);
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
