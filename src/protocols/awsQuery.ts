/**
 * awsQuery: form parameters in, XML out. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import { type Contract, unit } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { formParameters, formTree } from "./form.ts";
import { type ProtocolCodec, type ResolvedError, response } from "./protocol.ts";
import { QueryReader } from "./queryValues.ts";
import type { WireRequest } from "./wire.ts";
import { escapeXml } from "./xmlText.ts";
import { XmlWriter } from "./xmlWriter.ts";

export function awsQuery(contract: Contract): ProtocolCodec {
  const reader = new QueryReader(contract, false);
  const writer = new XmlWriter(contract);
  const xmlns = escapeXml(contract.xmlNamespace);

  return {
    reader(operation) {
      const read = reader.reader(contract.operations[operation]?.input ?? "");
      return (request) => read(formTree(formParameters(request))) as Record<string, unknown>;
    },

    writer(operation) {
      const shapeName = contract.operations[operation]?.output ?? "";
      const write =
        shapeName === unit ? () => "" : writer.element(`${operation}Result`, { shape: shapeName });
      return (output, requestId) => {
        const metadata = `<ResponseMetadata><RequestId>${escapeXml(requestId)}</RequestId></ResponseMetadata>`;
        const body = `<${operation}Response xmlns="${xmlns}">${write(output)}${metadata}</${operation}Response>`;
        return response(200, xmlHeaders(requestId), body);
      };
    },

    writeError(error, requestId) {
      const type = error.fault === "client" ? "Sender" : "Receiver";
      const details = errorDetails(writer, error);
      const body =
        `<ErrorResponse xmlns="${xmlns}"><Error><Type>${type}</Type><Code>${escapeXml(error.code)}</Code>` +
        `<Message>${escapeXml(error.message)}</Message>${details}</Error>` +
        `<RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`;
      return response(error.status, xmlHeaders(requestId), body);
    },
  };
}

export function xmlHeaders(requestId: string): string[] {
  return ["x-amzn-RequestId", requestId, "Content-Type", "text/xml"];
}

/** Members of a modelled error besides its text. */
export function errorDetails(writer: XmlWriter, error: ResolvedError): string {
  if (!error.shape) return "";
  const { message: _, Message: __, ...members } = error.members;
  return writer.content(error.name)(members);
}

/** The operation that `Action` names, if `Version` is this contract's or is left out. */
export function identifyQuery(contract: Contract, request: WireRequest): string | undefined {
  let parameters: Map<string, string>;
  try {
    parameters = formParameters(request);
  } catch (error) {
    // Reading the request says what is wrong with it; here it only names no operation.
    if (error instanceof SerializationError) return undefined;
    throw error;
  }
  const version = parameters.get("Version");
  if (version !== undefined && version !== contract.apiVersion) return undefined;
  return parameters.get("Action");
}
