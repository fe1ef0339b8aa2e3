import type { Contract, Member, StructureShape } from "../../src/protocols/contract.ts";
import type { Value } from "./examples.ts";
import type { Draft } from "./sign.ts";

/** Requests of every wire from a contract and an input, as a client of that service would send them. */

type Values = Record<string, Value>;

/** An unsigned request for an operation, in the service's first protocol. */
export function requestOf(contract: Contract, operation: string, input: Values): Draft {
  const protocol = contract.protocols[0] ?? "awsQuery";
  if (protocol === "restJson1" || protocol === "restXml") return restRequest(contract, operation, input);
  const base = { method: "POST", path: "/", query: "" };
  if (protocol.startsWith("awsJson")) {
    const headers = {
      "content-type": `application/x-amz-json-${protocol === "awsJson1_0" ? "1.0" : "1.1"}`,
      "x-amz-target": `${contract.target}.${operation}`,
    };
    return { ...base, headers, body: JSON.stringify(jsonOf(input)) };
  }
  const parameters = new URLSearchParams({ Action: operation, Version: contract.apiVersion });
  addQuery(parameters, "", input, contract, contract.operations[operation]?.input);
  return {
    ...base,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: parameters.toString(),
  };
}

function jsonOf(value: Value): unknown {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
}

/** `shapeName` is the value's shape: maps and structures look alike, and stand differently in a query. */
function addQuery(
  parameters: URLSearchParams,
  at: string,
  value: Value,
  contract: Contract,
  shapeName: string | undefined,
): void {
  const shape = shapeName === undefined ? undefined : contract.shapes[shapeName];
  if (Array.isArray(value)) {
    const inner = shape?.type === "list" ? shape.member.shape : undefined;
    for (const [i, item] of value.entries())
      addQuery(parameters, `${at}.member.${i + 1}`, item, contract, inner);
  } else if (typeof value === "object" && !Buffer.isBuffer(value) && !(value instanceof Date)) {
    for (const [i, [name, one]] of Object.entries(value).entries()) {
      if (shape?.type === "map") {
        parameters.set(`${at}.entry.${i + 1}.key`, name);
        addQuery(parameters, `${at}.entry.${i + 1}.value`, one, contract, shape.value.shape);
      } else {
        const inner = shape !== undefined && "members" in shape ? shape.members[name]?.shape : undefined;
        addQuery(parameters, at === "" ? name : `${at}.${name}`, one, contract, inner);
      }
    }
  } else parameters.set(at, textOf(value));
}

function restRequest(contract: Contract, operation: string, input: Values): Draft {
  const { http, input: inputName } = contract.operations[operation] ?? {};
  if (http === undefined || inputName === undefined) throw new Error(`${operation} has no HTTP binding.`);
  const shape = contract.shapes[inputName] as StructureShape | undefined;
  const members = shape?.members ?? {};
  const [template = "", fixed = ""] = http.uri.split("?", 2);
  const path = template.replace(/\{(.+?)(\+?)\}/g, (_, name: string, greedy: string) => {
    const text = textOf(input[name] ?? "absent") || "empty";
    const parts = greedy ? text.split("/") : [text];
    return parts.map(encodeLabel).join("/");
  });
  const query = new URLSearchParams(fixed);
  const headers: Record<string, string> = {};
  const rest: Values = {};
  let payload: string | undefined;
  for (const [name, value] of Object.entries(input)) {
    const member = members[name];
    if (member === undefined || member.httpLabel) continue;
    // The length is what the body has: another would leave the server waiting.
    if (member.httpHeader?.toLowerCase() === "content-length") continue;
    if (member.httpQuery !== undefined) {
      for (const one of Array.isArray(value) ? value : [value]) query.append(member.httpQuery, textOf(one));
    } else if (member.httpHeader !== undefined) {
      headers[member.httpHeader.toLowerCase()] = headerText(member, contract, value);
    } else if (member.httpPrefixHeaders !== undefined) {
      for (const [key, one] of Object.entries(value as Values))
        headers[`${member.httpPrefixHeaders}${key}`.toLowerCase().replace(/[^a-z0-9-]/g, "-")] = asHeader(
          textOf(one),
        );
    } else if (member.httpPayload) payload = payloadOf(contract, name, member, value);
    else rest[name] = value;
  }
  const unbound = Object.values(members).some(isBody);
  const body = payload ?? (unbound ? bodyOf(contract, inputName, rest) : "");
  if (body !== "")
    headers["content-type"] ??= contract.protocols[0] === "restXml" ? "application/xml" : "application/json";
  return { method: http.method, path, query: query.toString().replace(/\+/g, "%20"), headers, body };
}

function isBody({ httpQuery, httpHeader, httpLabel, httpPrefixHeaders, httpPayload }: Member): boolean {
  return !(httpQuery ?? httpHeader ?? httpLabel ?? httpPrefixHeaders ?? httpPayload);
}

function payloadOf(contract: Contract, name: string, member: Member, value: Value): string {
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  if (typeof value !== "object") return textOf(value);
  if (contract.protocols[0] !== "restXml") return JSON.stringify(jsonOf(value));
  const shape = contract.shapes[member.shape] as StructureShape;
  return xml(contract, member.xmlName ?? shape.xmlName ?? name, member, value);
}

function bodyOf(contract: Contract, inputName: string, rest: Values): string {
  if (contract.protocols[0] !== "restXml") return JSON.stringify(jsonOf(rest));
  const shape = contract.shapes[inputName] as StructureShape;
  return xml(contract, shape.xmlName ?? inputName, { shape: inputName }, rest);
}

function xml(contract: Contract, name: string, member: Member, value: Value): string {
  const shape = contract.shapes[member.shape];
  if (Array.isArray(value)) {
    if (shape?.type !== "list") throw new Error(`${member.shape} is no list.`);
    const inner = member.xmlFlattened ? name : (shape.member.xmlName ?? "member");
    const items = value.map((item) => xml(contract, inner, shape.member, item)).join("");
    return member.xmlFlattened ? items : `<${name}>${items}</${name}>`;
  }
  if (typeof value === "object" && !Buffer.isBuffer(value) && !(value instanceof Date)) {
    const members = (shape as StructureShape).members ?? {};
    let attributes = "";
    let content = "";
    for (const [key, one] of Object.entries(value)) {
      const inner = members[key];
      if (inner === undefined) continue;
      if (inner.xmlAttribute) attributes += ` ${inner.xmlName ?? key}="${escaped(textOf(one))}"`;
      else content += xml(contract, inner.xmlName ?? key, inner, one);
    }
    const declared = attributes.includes("xsi:")
      ? ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
      : "";
    return `<${name}${declared}${attributes}>${content}</${name}>`;
  }
  return `<${name}>${escaped(textOf(value))}</${name}>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"\u0000-\u0008\u000b-\u001f]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Dots alone would be taken for a step in the path. */
function encodeLabel(text: string): string {
  return encodeURIComponent(text).replace(/^\.{1,2}$/, (dots) => dots.replaceAll(".", "%2E"));
}

function headerText(member: Member, contract: Contract, value: Value): string {
  if (value instanceof Date) {
    const format = member.timestampFormat ?? "http-date";
    if (format === "http-date") return value.toUTCString();
  }
  if (Array.isArray(value)) return value.map((item) => headerText(member, contract, item)).join(",");
  return asHeader(textOf(value));
}

/** No client could send other characters in a header. */
function asHeader(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, "-").trim();
}

function textOf(value: Value): string {
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
