/** The HTTP bindings of outputs and errors: status, headers, payload. https://smithy.io/2.0/spec/http-bindings.html */
import { isScalar, membersOf, shapeNamed } from "./compile.ts";
import type { Contract, Member, StructureShape } from "./contract.ts";
import { isUnbound } from "./restInput.ts";
import { booleanOf, bytesOf, dateOf, numberOf, textOf } from "./scalars.ts";
import { formatTimestamp } from "./timestamps.ts";
import type { WireResponse } from "./wire.ts";

export interface BodyWriter {
  contentType: string;
  members(
    shapeName: string,
    shape: StructureShape,
    keep: (member: Member) => boolean,
  ): (output: Record<string, unknown>) => string;
  payload(member: Member): (value: unknown) => string;
}

/** Appends a structure's header-bound members to `headers`. */
export type WriteHeaders = (value: Record<string, unknown>, headers: string[]) => void;

export interface Written {
  status?: number;
  headers: string[];
  body: WireResponse["body"];
}

/** Characters that would end a header or start another. */
const unsafeInHeader = /[^\t\u0020-\uffff]/;

function headerText(text: string): string {
  if (unsafeInHeader.test(text)) throw new TypeError("output: control character in a header");
  return text;
}

export function headerWriter(contract: Contract, shape: StructureShape): WriteHeaders {
  const writers = membersOf(shape).flatMap(([name, member]): WriteHeaders[] => {
    if (member.httpHeader !== undefined) {
      const { httpHeader } = member;
      const write = headerValue(contract, member);
      return [
        (value, headers) => {
          const field = value[name];
          if (field === undefined || field === null) return;
          const text = write(field);
          if (text !== "") headers.push(httpHeader, headerText(text));
        },
      ];
    }
    if (member.httpPrefixHeaders === undefined) return [];
    const { httpPrefixHeaders } = member;
    return [
      (value, headers) => {
        for (const [key, item] of Object.entries((value[name] ?? {}) as Record<string, unknown>)) {
          headers.push(headerText(httpPrefixHeaders + key), headerText(textOf(item)));
        }
      },
    ];
  });
  return (value, headers) => {
    for (const write of writers) write(value, headers);
  };
}

function headerValue(contract: Contract, member: Member): (value: unknown) => string {
  const shape = shapeNamed(contract, member.shape);
  if (shape.type === "list") {
    const write = headerValue(contract, shape.member);
    const quote = shapeNamed(contract, shape.member.shape).type === "string";
    return (value) =>
      (value as unknown[])
        .map((item) => {
          const text = write(item);
          return quote && /[",]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
        })
        .join(", ");
  }
  if (!isScalar(shape)) throw new Error(`${contract.service}: ${shape.type} bound to a header`);
  switch (shape.type) {
    case "string":
      return member.mediaType ? (value) => Buffer.from(textOf(value)).toString("base64") : textOf;
    case "boolean":
      return (value) => String(booleanOf(value));
    case "timestamp": {
      const format = member.timestampFormat ?? "http-date";
      return (value) => formatTimestamp(dateOf(value), format);
    }
    case "blob":
      return (value) => bytesOf(value).toString("base64");
    default:
      return (value) => String(numberOf(value));
  }
}

/** Compiles what one operation answers. */
export function restWriter(
  contract: Contract,
  shapeName: string,
  body: BodyWriter,
): (output: Record<string, unknown>) => Written {
  const shape = contract.shapes[shapeName] as StructureShape;
  const members = membersOf(shape);
  const writeHeaders = headerWriter(contract, shape);
  const statusMember = members.find(([, member]) => member.httpResponseCode)?.[0];
  const payload = members.find(([, member]) => member.httpPayload);
  const hasBody = members.some(([, member]) => isUnbound(member));
  const writeBody = hasBody ? body.members(shapeName, shape, isUnbound) : undefined;
  const writePayload = payload && payloadWriter(contract, payload[1], body);
  return (output) => {
    const headers: string[] = [];
    writeHeaders(output, headers);
    let written: WireResponse["body"] = "";
    let contentType: string | undefined;
    if (payload && writePayload) {
      const field = output[payload[0]];
      if (field !== undefined && field !== null) [written, contentType] = writePayload(field);
    } else if (writeBody) {
      written = writeBody(output);
      contentType = body.contentType;
    }
    const given = headers.some((text, index) => index % 2 === 0 && text.toLowerCase() === "content-type");
    if (contentType && !given) headers.push("Content-Type", contentType);
    const status = statusMember === undefined ? undefined : output[statusMember];
    return { ...(status !== undefined && { status: numberOf(status) }), headers, body: written };
  };
}

function isPieces(value: unknown): value is AsyncIterable<Buffer> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

type WritePayload = (value: unknown) => [WireResponse["body"], contentType: string];

function payloadWriter(contract: Contract, member: Member, body: BodyWriter): WritePayload {
  const shape = shapeNamed(contract, member.shape);
  if (shape.type === "blob") {
    return (value) => [
      typeof value === "string" || isPieces(value) ? value : bytesOf(value),
      member.mediaType ?? "application/octet-stream",
    ];
  }
  if (shape.type === "string") return (value) => [textOf(value), member.mediaType ?? "text/plain"];
  if (member.streaming && shape.type === "union") {
    // The messages of an event stream, already framed.
    return (value) => [bytesOf(value), "application/vnd.amazon.eventstream"];
  }
  const write = body.payload(member);
  return (value) => [write(value), body.contentType];
}
