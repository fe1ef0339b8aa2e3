/**
 * ec2Query: as awsQuery, with its own names, flat lists and no result element.
 * https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
import { errorDetails, xmlHeaders } from "./awsQuery.ts";
import { type Contract, unit } from "./contract.ts";
import { formParameters, formTree } from "./form.ts";
import { type ProtocolCodec, response } from "./protocol.ts";
import { QueryReader } from "./queryValues.ts";
import { escapeXml } from "./xmlText.ts";
import { XmlWriter } from "./xmlWriter.ts";

export function ec2Query(contract: Contract): ProtocolCodec {
  const reader = new QueryReader(contract, true);
  const writer = new XmlWriter(contract);
  const xmlns = escapeXml(contract.xmlNamespace);

  return {
    reader(operation) {
      const read = reader.reader(contract.operations[operation]?.input ?? "");
      return (request) => read(formTree(formParameters(request))) as Record<string, unknown>;
    },

    writer(operation) {
      const shapeName = contract.operations[operation]?.output ?? "";
      const write = writer.content(shapeName);
      return (output, requestId) => {
        // An operation without an output says that it worked.
        const content = shapeName === unit ? "<return>true</return>" : write(output);
        const body = `<${operation}Response xmlns="${xmlns}"><requestId>${escapeXml(requestId)}</requestId>${content}</${operation}Response>`;
        return response(200, xmlHeaders(requestId), body);
      };
    },

    writeError(error, requestId) {
      const body =
        `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${escapeXml(error.code)}</Code>` +
        `<Message>${escapeXml(error.message)}</Message>${errorDetails(writer, error)}</Error></Errors>` +
        `<RequestID>${escapeXml(requestId)}</RequestID></Response>`;
      return response(error.status, xmlHeaders(requestId), body);
    },
  };
}
