/** restJson1: bindings of HTTP, bodies in JSON. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html */
import { errorBody, messageSpelling } from "./awsJson.ts";
import type { Contract } from "./contract.ts";
import { jsonFormat, parseJson } from "./json.ts";
import { type ProtocolCodec, response } from "./protocol.ts";
import { type BodyReader, isUnbound, restReader } from "./restInput.ts";
import { type BodyWriter, headerWriter, restWriter } from "./restOutput.ts";
import { ValueCodec } from "./values.ts";

export function restJson(contract: Contract): ProtocolCodec {
  const values = new ValueCodec(contract, jsonFormat(true));
  const messageMember = messageSpelling(contract);
  const bodyReader: BodyReader = {
    members(shape, keep) {
      const read = values.structureReader(shape, keep);
      return (body) => read(parseJson(body), 0) as Record<string, unknown>;
    },
    payload(member) {
      const read = values.memberReader(member);
      return (body) => read(parseJson(body), 0);
    },
  };
  const bodyWriter: BodyWriter = {
    contentType: "application/json",
    members(_, shape, keep) {
      const write = values.structureWriter(shape, keep);
      return (output) => JSON.stringify(write(output));
    },
    payload(member) {
      const write = values.memberWriter(member);
      return (value) => JSON.stringify(write(value));
    },
  };

  return {
    reader: (operation) => restReader(contract, operation, bodyReader),

    writer(operation) {
      const write = restWriter(contract, contract.operations[operation]?.output ?? "", bodyWriter);
      const code = contract.operations[operation]?.http?.code ?? 200;
      return (output, requestId) => {
        const { status, headers, body } = write(output);
        return response(status ?? code, ["x-amzn-RequestId", requestId, ...headers], body);
      };
    },

    writeError(error, requestId) {
      const headers = [
        "x-amzn-RequestId",
        requestId,
        "x-amzn-errortype",
        error.name,
        "Content-Type",
        "application/json",
      ];
      if (error.shape) headerWriter(contract, error.shape)(error.members, headers);
      const { __type: _, ...body } = errorBody(values, messageMember, error, isUnbound);
      return response(error.status, headers, JSON.stringify(body));
    },
  };
}
