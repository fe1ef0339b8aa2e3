/**
 * awsJson1_0 and awsJson1_1: POST / with `X-Amz-Target: TrentService.Encrypt` and a JSON body.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import { shapeNamed, structureNamed } from "./compile.ts";
import { type Contract, type Member, type StructureShape, unit } from "./contract.ts";
import { jsonFormat, parseJson } from "./json.ts";
import { type ProtocolCodec, queryErrorHeader, type ResolvedError, response } from "./protocol.ts";
import { ValueCodec, type WriteValue } from "./values.ts";
import type { WireRequest } from "./wire.ts";

export function awsJson(contract: Contract, version: "1.0" | "1.1"): ProtocolCodec {
  const contentType = `application/x-amz-json-${version}`;
  const values = new ValueCodec(contract, jsonFormat(false));
  const messageMember = messageSpelling(contract);

  return {
    reader(operation) {
      const read = values.reader(contract.operations[operation]?.input ?? "");
      return (request) => read(parseJson(request.body), 0) as Record<string, unknown>;
    },

    writer(operation) {
      const shapeName = contract.operations[operation]?.output ?? "";
      const write = rpcOutputWriter(contract, values, operation);
      // An operation without an output answers with an empty body.
      const empty = shapeName === unit;
      return (output, requestId) => {
        const body = empty ? "" : JSON.stringify(write(output));
        return response(200, ["x-amzn-RequestId", requestId, "Content-Type", contentType], body);
      };
    },

    writeError(error, requestId) {
      const headers = ["x-amzn-RequestId", requestId, "Content-Type", contentType];
      if (contract.queryCompatible) headers.push("x-amzn-query-error", queryErrorHeader(error));
      return response(error.status, headers, JSON.stringify(errorBody(values, messageMember, error)));
    },
  };
}

/** An event stream is no part of the answer: its messages follow, see eventStream.ts. */
export function rpcOutputWriter(contract: Contract, values: ValueCodec, operation: string): WriteValue {
  const { output, eventStream } = contract.operations[operation] ?? { output: "" };
  if (!eventStream) return values.writer(output);
  return values.structureWriter(
    structureNamed(contract, output),
    (member) => !(member.streaming && shapeNamed(contract, member.shape).type === "union"),
  );
}

/** `{"__type": …, "message": …}` with the modelled members. */
export function errorBody(
  values: ValueCodec,
  commonSpelling: string,
  error: ResolvedError,
  keep?: (member: Member) => boolean,
): Record<string, unknown> {
  const { shape } = error;
  const write = shape && (keep ? values.structureWriter(shape, keep) : values.writer(error.name));
  const members = write ? (write(error.members) as object) : {};
  const spelling = (shape && messageIn(shape)) ?? commonSpelling;
  return { __type: error.name, ...members, [spelling]: error.message };
}

/** The member that holds an error's text: "message" in most services, "Message" in a few. */
export function messageIn(shape: StructureShape): string | undefined {
  return ["message", "Message"].find((name) => name in shape.members);
}

/** How the service's own errors spell it, for the errors that it does not model. */
export function messageSpelling(contract: Contract): string {
  const names = new Set(Object.values(contract.operations).flatMap((operation) => operation.errors));
  const spellings = [...names].map((name) => messageIn(structureNamed(contract, name)));
  const upper = spellings.filter((spelling) => spelling === "Message").length;
  return upper > spellings.length / 2 ? "Message" : "message";
}

/** The operation that `X-Amz-Target` names. Older clients put a Java package before the service's name. */
export function identifyAwsJson(contract: Contract, request: WireRequest): string | undefined {
  const target = request.headers["x-amz-target"];
  if (!target || request.method !== "POST") return undefined;
  const dot = target.lastIndexOf(".");
  const service = target.slice(0, dot);
  if (dot < 0 || (service !== contract.target && !service.endsWith(`.${contract.target}`))) return undefined;
  return target.slice(dot + 1);
}
