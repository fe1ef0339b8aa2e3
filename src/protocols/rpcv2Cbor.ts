/** rpcv2Cbor: POST /service/Name/operation/Name with CBOR. https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html */
import { errorBody, messageSpelling, rpcOutputWriter } from "./awsJson.ts";
import { CborDouble, decodeCbor, encodeCbor } from "./cbor.ts";
import { type Contract, type Member, type ScalarType, unit } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { type ProtocolCodec, queryErrorHeader, response } from "./protocol.ts";
import { booleanOf, bytesOf, dateOf, jsonScalarReader, numberOf, textOf } from "./scalars.ts";
import { ValueCodec, type ValueFormat } from "./values.ts";
import type { WireRequest } from "./wire.ts";

/** CBOR tells bytes and times apart from text and numbers; the rest is read as in JSON. */
export const cborFormat: ValueFormat = {
  jsonNames: false,

  readScalar(type: ScalarType, member: Member) {
    if (type === "blob") {
      return (value) => {
        if (value instanceof Uint8Array) return value;
        throw new SerializationError("Expected a byte string");
      };
    }
    if (type === "timestamp") {
      return (value) => {
        if (value instanceof Date) return value;
        throw new SerializationError("Expected a timestamp");
      };
    }
    const read = jsonScalarReader(type, member);
    return (value) => read(typeof value === "bigint" ? Number(value) : value);
  },

  writeScalar(type: ScalarType) {
    switch (type) {
      case "string":
        return textOf;
      case "boolean":
        return booleanOf;
      case "blob":
        return bytesOf;
      case "timestamp":
        return dateOf;
      case "document":
        return (value) => value;
      case "float":
      case "double":
      case "bigDecimal":
        return (value) => new CborDouble(numberOf(value));
      default:
        return (value) => (typeof value === "bigint" ? value : numberOf(value));
    }
  },
};

export function rpcv2Cbor(contract: Contract): ProtocolCodec {
  const values = new ValueCodec(contract, cborFormat);
  const messageMember = messageSpelling(contract);
  const headersFor = (requestId: string) => [
    "x-amzn-RequestId",
    requestId,
    "smithy-protocol",
    "rpc-v2-cbor",
    "Content-Type",
    "application/cbor",
  ];

  return {
    reader(operation) {
      const read = values.reader(contract.operations[operation]?.input ?? "");
      return (request) => {
        const body = request.body.length === 0 ? {} : decodeCbor(request.body);
        return read(body, 0) as Record<string, unknown>;
      };
    },

    writer(operation) {
      // An operation without an output answers without a body, and so without a type of it.
      if (contract.operations[operation]?.output === unit) {
        return (_, requestId) => response(200, headersFor(requestId).slice(0, 4), "");
      }
      const write = rpcOutputWriter(contract, values, operation);
      return (output, requestId) => response(200, headersFor(requestId), encodeCbor(write(output)));
    },

    writeError(error, requestId) {
      const headers = headersFor(requestId);
      if (contract.queryCompatible) headers.push("x-amzn-query-error", queryErrorHeader(error));
      return response(error.status, headers, encodeCbor(errorBody(values, messageMember, error)));
    },
  };
}

const pathPattern = /^\/service\/([^/]+)\/operation\/([^/]+)$/;

export function identifyRpcv2Cbor(contract: Contract, request: WireRequest): string | undefined {
  if (request.method !== "POST" || request.headers["smithy-protocol"] !== "rpc-v2-cbor") return undefined;
  const [, service, operation] = pathPattern.exec(request.path) ?? [];
  return service === contract.target ? operation : undefined;
}
