/** restXml: bindings of HTTP, bodies in XML. https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html */
import { isStructure, shapeNamed } from "./compile.ts";
import type { Contract, Member, StructureShape } from "./contract.ts";
import { type ProtocolCodec, response } from "./protocol.ts";
import { type BodyReader, isUnbound, restReader } from "./restInput.ts";
import { type BodyWriter, headerWriter, restWriter } from "./restOutput.ts";
import { malformedXml, parseXml } from "./xml.ts";
import { XmlReader } from "./xmlReader.ts";
import { escapeXml } from "./xmlText.ts";
import { XmlWriter } from "./xmlWriter.ts";

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function restXml(contract: Contract): ProtocolCodec {
  const reader = new XmlReader(contract);
  const writer = new XmlWriter(contract);
  const bodyReader: BodyReader = {
    members(shape, keep) {
      const read = reader.structure(shape, keep);
      return (body) => read(parseXml(body)) as Record<string, unknown>;
    },
    payload(member) {
      const read = reader.reader(member.shape);
      const name = rootName(contract, member);
      return (body) => {
        const root = parseXml(body);
        if (root.name !== name) throw malformedXml();
        return read(root);
      };
    },
  };

  return {
    reader: (operation) => restReader(contract, operation, bodyReader),

    writer(operation) {
      const { output: shapeName, http } = contract.operations[operation] ?? { output: "", http: undefined };
      const write = restWriter(contract, shapeName, bodyWriter(contract, writer));
      return (output, requestId) => {
        const { status, headers, body } = write(output);
        return response(status ?? http?.code ?? 200, [...idHeaders(contract, requestId), ...headers], body);
      };
    },

    writeError(error, requestId) {
      const headers = [...idHeaders(contract, requestId), "Content-Type", "application/xml"];
      const { message: _, Message: __, ...members } = error.members;
      let details = "";
      if (error.shape) {
        headerWriter(contract, error.shape)(members, headers);
        details = writer.structure(error.shape, isUnbound)(members);
      }
      // S3 tells more than it models: the bucket, the argument that was wrong.
      if (contract.bareErrors) details += elements(members, error.shape);
      for (const [name, value] of Object.entries(error.headers ?? {})) headers.push(name, value);
      const id = `<RequestId>${escapeXml(requestId)}</RequestId>`;
      const text = `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>${details}`;
      const type = `<Type>${error.fault === "client" ? "Sender" : "Receiver"}</Type>`;
      const body = contract.bareErrors
        ? `<Error>${text}${id}<HostId>${escapeXml(requestId)}</HostId></Error>`
        : `<ErrorResponse xmlns="${escapeXml(contract.xmlNamespace)}"><Error>${type}${text}</Error>${id}</ErrorResponse>`;
      return response(error.status, headers, declaration + body);
    },
  };
}

function elements(members: Record<string, unknown>, shape: StructureShape | undefined): string {
  let text = "";
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || shape?.members[name] !== undefined) continue;
    text += `<${name}>${escapeXml(String(value))}</${name}>`;
  }
  return text;
}

function bodyWriter(contract: Contract, writer: XmlWriter): BodyWriter {
  return {
    contentType: "application/xml",
    members(shapeName, shape, keep) {
      const write = writer.structure(shape, keep);
      const name = shape.xmlName ?? shapeName;
      const xmlns = escapeXml(shape.xmlNamespace?.uri ?? contract.xmlNamespace);
      return (output) => `${declaration}<${name} xmlns="${xmlns}">${write(output)}</${name}>`;
    },
    payload(member) {
      const write = writer.element(rootName(contract, member), member, contract.xmlNamespace);
      return (value) => declaration + write(value);
    },
  };
}

/** The root element of a body that is one member: the member's name for it, the shape's, or the shape's own name. */
function rootName(contract: Contract, member: Member): string {
  const shape = shapeNamed(contract, member.shape);
  return member.xmlName ?? (isStructure(shape) ? shape.xmlName : undefined) ?? member.shape;
}

/** S3 names its request id otherwise, and its clients look for both. */
function idHeaders(contract: Contract, requestId: string): string[] {
  return contract.bareErrors
    ? ["x-amz-request-id", requestId, "x-amz-id-2", requestId]
    : ["x-amzn-RequestId", requestId];
}
