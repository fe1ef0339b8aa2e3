/** Form-encoded parameters of the query protocols, as a tree of the dotted names. */
import { SerializationError } from "./errors.ts";
import { maxListIndex, maxQueryNesting, maxQueryParameters } from "./limits.ts";
import type { WireRequest } from "./wire.ts";

export interface FormNode {
  value?: string;
  children?: Map<string, FormNode>;
}

/** Parameters of the query string and of a form body. A name given twice is refused: it would mean two things. */
export function formParameters(request: WireRequest): Map<string, string> {
  if (request.parameters !== undefined) return request.parameters;
  const parameters = new Map<string, string>();
  addPairs(parameters, request.query);
  const contentType = request.headers["content-type"] ?? "application/x-www-form-urlencoded";
  if (contentType.startsWith("application/x-www-form-urlencoded")) {
    addPairs(parameters, request.body.toString("utf8"));
  }
  request.parameters = parameters;
  return parameters;
}

function addPairs(parameters: Map<string, string>, text: string): void {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf("&", start);
    if (end < 0) end = text.length;
    if (end > start) addPair(parameters, text.slice(start, end));
    start = end + 1;
  }
}

function addPair(parameters: Map<string, string>, pair: string): void {
  const equals = pair.indexOf("=");
  const name = decode(equals < 0 ? pair : pair.slice(0, equals));
  if (parameters.has(name)) throw malformed(`Duplicate parameter ${JSON.stringify(name.slice(0, 100))}`);
  if (parameters.size >= maxQueryParameters) throw malformed(`More than ${maxQueryParameters} parameters`);
  parameters.set(name, equals < 0 ? "" : decode(pair.slice(equals + 1)));
}

function decode(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw malformed("The query string contains a malformed percent encoding");
  }
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
function malformed(message: string): SerializationError {
  return new SerializationError(message, "MalformedQueryString");
}

export function formTree(parameters: Map<string, string>): FormNode {
  const root: FormNode = { children: new Map() };
  for (const [name, value] of parameters) {
    const parts = name.split(".", maxQueryNesting + 1);
    if (parts.length > maxQueryNesting)
      throw malformed(`Parameter names nest at most ${maxQueryNesting} levels`);
    let node = root;
    for (const part of parts) {
      node.children ??= new Map();
      let child = node.children.get(part);
      if (!child) {
        child = {};
        node.children.set(part, child);
      }
      node = child;
    }
    node.value = value;
  }
  return root;
}

/** The entries of a list in the order of their numbers, gaps closed. */
export function numbered(node: FormNode): FormNode[] {
  const entries: [number, FormNode][] = [];
  for (const [key, child] of node.children ?? []) {
    const index = Number(key);
    if (!/^\d{1,6}$/.test(key) || index > maxListIndex) {
      throw new SerializationError(`${key.slice(0, 100)} is not a valid index.`, "MalformedInput");
    }
    entries.push([index, child]);
  }
  return entries.sort((a, b) => a[0] - b[0]).map(([, child]) => child);
}
