/**
 * awsCbor1_1: awsJson1_1 with CBOR in place of JSON, which AWS's Java SDKs speak with Kinesis unless told otherwise.
 * Times are whole milliseconds under tag 1, where CBOR itself has seconds.
 */
import { errorBody, identifyAwsJson, messageSpelling, rpcOutputWriter } from "./awsJson.ts";
import { CborMillis, decodeCbor, encodeCbor } from "./cbor.ts";
import { type Contract, type Member, type ScalarType, unit } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { type ProtocolCodec, response } from "./protocol.ts";
import { cborFormat } from "./rpcv2Cbor.ts";
import { dateOf } from "./scalars.ts";
import { ValueCodec, type ValueFormat } from "./values.ts";
import type { WireRequest } from "./wire.ts";

export const awsCborType = "application/x-amz-cbor-1.1";

export const awsCborFormat: ValueFormat = {
  jsonNames: false,

  readScalar(type: ScalarType, member: Member) {
    if (type !== "timestamp") return cborFormat.readScalar(type, member);
    return (value) => {
      // The decoder takes what stands under the tag for seconds.
      const millis = value instanceof Date ? value.getTime() / 1000 : Number(value);
      if (!Number.isFinite(millis)) throw new SerializationError("Expected a timestamp");
      return new Date(millis);
    };
  },

  writeScalar(type: ScalarType, member: Member) {
    return type === "timestamp"
      ? (value) => new CborMillis(dateOf(value).getTime())
      : cborFormat.writeScalar(type, member);
  },
};

export function awsCbor(contract: Contract): ProtocolCodec {
  const values = new ValueCodec(contract, awsCborFormat);
  const messageMember = messageSpelling(contract);
  const headersFor = (requestId: string) => ["x-amzn-RequestId", requestId, "Content-Type", awsCborType];

  return {
    reader(operation) {
      const read = values.reader(contract.operations[operation]?.input ?? "");
      return (request) => {
        const body = request.body.length === 0 ? {} : decodeCbor(request.body);
        return read(body, 0) as Record<string, unknown>;
      };
    },

    writer(operation) {
      const empty = contract.operations[operation]?.output === unit;
      const write = rpcOutputWriter(contract, values, operation);
      return (output, requestId) =>
        response(200, headersFor(requestId), empty ? "" : encodeCbor(write(output)));
    },

    writeError(error, requestId) {
      return response(
        error.status,
        headersFor(requestId),
        encodeCbor(errorBody(values, messageMember, error)),
      );
    },
  };
}

export function identifyAwsCbor(contract: Contract, request: WireRequest): string | undefined {
  const isCbor = request.headers["content-type"]?.startsWith(awsCborType);
  return isCbor ? identifyAwsJson(contract, request) : undefined;
}
