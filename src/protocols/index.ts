import { awsCbor, identifyAwsCbor } from "./awsCbor.ts";
import { awsJson, identifyAwsJson } from "./awsJson.ts";
import { awsQuery, identifyQuery } from "./awsQuery.ts";
import { isStructure } from "./compile.ts";
import type { Contract, Protocol, StructureShape } from "./contract.ts";
import { ec2Query } from "./ec2Query.ts";
import { validationCode } from "./errors.ts";
import { eventStreamWriter } from "./eventStream.ts";
import { jsonFormat } from "./json.ts";
import type { ProtocolCodec, ReadRequest, ResolvedError, WriteResponse } from "./protocol.ts";
import { restJson } from "./restJson.ts";
import { restXml } from "./restXml.ts";
import { identifyRest } from "./routes.ts";
import { identifyRpcv2Cbor, rpcv2Cbor } from "./rpcv2Cbor.ts";
import { type Validate, validator } from "./validate.ts";
import { ValueCodec } from "./values.ts";
import type { OperationCodec, ServiceCodec, WireError, WireRequest } from "./wire.ts";

export type * from "./contract.ts";
export { SerializationError, ValidationFailure, type Violation, validationCode } from "./errors.ts";
export { redactor } from "./redact.ts";
export type * from "./wire.ts";

const makers: Record<Protocol, (contract: Contract) => ProtocolCodec> = {
  awsCbor1_1: awsCbor,
  awsJson1_0: (contract) => awsJson(contract, "1.0"),
  awsJson1_1: (contract) => awsJson(contract, "1.1"),
  awsQuery,
  ec2Query,
  restJson1: restJson,
  restXml,
  rpcv2Cbor,
};

/** Compiles a contract's readers, writers and validators as they are asked for. */
export function serviceCodec(contract: Contract): ServiceCodec {
  const codecs = new Map<Protocol, ProtocolCodec>();
  const codecFor = (protocol: Protocol): ProtocolCodec => {
    let codec = codecs.get(protocol);
    if (!codec) {
      if (!contract.protocols.includes(protocol))
        throw new Error(`${contract.service} does not speak ${protocol}`);
      codec = makers[protocol](contract);
      codecs.set(protocol, codec);
    }
    return codec;
  };
  const validators = validator(contract);
  const operations = new Map<string, OperationCodec>();
  return {
    operation(name) {
      let operation = operations.get(name);
      if (!operation && Object.hasOwn(contract.operations, name)) {
        operation = operationCodec(contract, name, codecFor, validators);
        operations.set(name, operation);
      }
      return operation;
    },
    writeError(protocol, error, requestId) {
      return codecFor(protocol).writeError(resolveError(contract, protocol, error), requestId);
    },
    readDocument: (operation, document) => documentReader(contract)(operation)(document, 0) as never,
  };
}

function documentReader(contract: Contract) {
  const values = new ValueCodec(contract, jsonFormat(false));
  return (operation: string) => values.reader(contract.operations[operation]?.input ?? "");
}

function operationCodec(
  contract: Contract,
  name: string,
  codecFor: (protocol: Protocol) => ProtocolCodec,
  validators: (shape: string) => Validate,
): OperationCodec {
  const readers = new Map<Protocol, ReadRequest>();
  const writers = new Map<Protocol, WriteResponse>();
  let validate: Validate | undefined;
  return {
    name,
    read(protocol, request) {
      let read = readers.get(protocol);
      if (!read) {
        read = codecFor(protocol).reader(name);
        readers.set(protocol, read);
      }
      return read(request);
    },
    validate(input) {
      validate ??= validators(contract.operations[name]?.input ?? "");
      validate(input);
    },
    write(protocol, output, requestId) {
      let write = writers.get(protocol);
      if (!write) {
        write = eventStreamWriter(contract, protocol, name) ?? codecFor(protocol).writer(name);
        writers.set(protocol, write);
      }
      return write(output, requestId);
    },
  };
}

/** Fills in what the contract says of an error; one that it does not model keeps its own code, as a 400. */
function resolveError(contract: Contract, protocol: Protocol, error: WireError): ResolvedError {
  const found = errorsOf(contract).get(error.code);
  const modelled = found?.shape.error;
  const status = error.status ?? modelled?.status ?? 400;
  const overQuery = protocol === "awsQuery" || contract.queryCompatible;
  // No model has it, yet each wire has its own name for it: recorded from CloudWatch, which speaks them all.
  const isValidation =
    !found && contract.queryCompatible && /^Validation(?:Error|Exception)$/.test(error.code);
  return {
    ...(found && { shape: found.shape }),
    name: isValidation ? validationCode("awsJson1_0") : (found?.name ?? error.code),
    code: isValidation
      ? validationCode("awsQuery")
      : ((overQuery ? modelled?.queryCode : undefined) ?? modelled?.code ?? error.code),
    status,
    fault: error.fault ?? modelled?.fault ?? (status >= 500 ? "server" : "client"),
    message: error.message,
    members: error.members ?? {},
    ...(error.headers && { headers: error.headers }),
  };
}

type ErrorShapes = Map<string, { name: string; shape: StructureShape }>;
const errorShapes = new WeakMap<Contract, ErrorShapes>();

/** The modelled errors by name and by wire code: "NoSuchEntityException" and "NoSuchEntity". */
function errorsOf(contract: Contract): ErrorShapes {
  let errors = errorShapes.get(contract);
  if (errors) return errors;
  errors = new Map();
  for (const [name, shape] of Object.entries(contract.shapes)) {
    if (!isStructure(shape) || !shape.error) continue;
    errors.set(name, { name, shape });
    if (!errors.has(shape.error.code)) errors.set(shape.error.code, { name, shape });
  }
  errorShapes.set(contract, errors);
  return errors;
}

/** Which operation of the contract a request asks for, and over which of its protocols; undefined if none. */
export function identify(
  contract: Contract,
  request: WireRequest,
): { protocol: Protocol; operation: string } | undefined {
  for (const protocol of candidates(contract, request)) {
    const operation = identifiers[protocol](contract, request);
    if (operation !== undefined && Object.hasOwn(contract.operations, operation))
      return { protocol, operation };
  }
  return undefined;
}

const identifiers: Record<Protocol, (contract: Contract, request: WireRequest) => string | undefined> = {
  awsCbor1_1: identifyAwsCbor,
  awsJson1_0: identifyAwsJson,
  awsJson1_1: identifyAwsJson,
  awsQuery: identifyQuery,
  ec2Query: identifyQuery,
  restJson1: identifyRest,
  restXml: identifyRest,
  rpcv2Cbor: identifyRpcv2Cbor,
};

/** What the client named goes first: a version of JSON, or CBOR; otherwise the contract's order holds. */
function candidates(contract: Contract, request: WireRequest): Protocol[] {
  const contentType = request.headers["content-type"];
  const preferred = contentType?.includes("cbor-1.1")
    ? "awsCbor1_1"
    : contentType?.includes("json-1.0")
      ? "awsJson1_0"
      : "awsJson1_1";
  const { protocols } = contract;
  return protocols.includes(preferred) && protocols[0] !== preferred
    ? [preferred, ...protocols.filter((protocol) => protocol !== preferred)]
    : protocols;
}
