/** Scalars of parsed JSON, and the checks that every writer makes of what a handler returned. */
import { asBuffer, decodeBase64 } from "./base64.ts";
import type { Member, ScalarType } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { maxNesting } from "./limits.ts";
import { formatTimestamp, fromEpochSeconds, parseTimestamp, type TimestampFormat } from "./timestamps.ts";

const maxInteger = 2 ** 31 - 1;
/** Java's long; a JSON number loses its last digits long before. */
const maxLong = 2 ** 63;

/** AWS's name of a JSON token, as its messages spell it. */
function tokenName(value: unknown): string {
  if (value === true) return "TRUE_VALUE";
  if (value === false) return "FALSE_VALUE";
  if (typeof value === "number") return Number.isInteger(value) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
  return "STRING_VALUE";
}

function mismatch(value: unknown, wanted: string): SerializationError {
  if (Array.isArray(value)) return new SerializationError("Start of list found where not expected");
  if (typeof value === "object" && value !== null) {
    return new SerializationError("Start of structure or map found where not expected.");
  }
  return new SerializationError(`${tokenName(value)} can not be converted to ${wanted}`);
}

type Read = (value: unknown) => unknown;

const readString: Read = (value) => {
  if (typeof value !== "string") throw mismatch(value, "a String");
  return value;
};

const readBoolean: Read = (value) => {
  if (typeof value !== "boolean") throw mismatch(value, "a Boolean");
  return value;
};

const readInteger: Read = (value) => {
  if (!Number.isInteger(value) || Math.abs(value as number) > maxInteger + 1 || value === maxInteger + 1) {
    throw mismatch(value, "an Integer");
  }
  return value;
};

const readLong: Read = (value) => {
  if (!Number.isInteger(value) || Math.abs(value as number) > maxLong) throw mismatch(value, "a Long");
  return value;
};

const readDouble: Read = (value) => {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw mismatch(value, "a Double");
};

const readBase64: Read = (value) => {
  if (typeof value !== "string") throw mismatch(value, "a Blob");
  const bytes = decodeBase64(value);
  if (bytes) return bytes;
  throw new SerializationError(
    value.length % 4 === 0
      ? "Invalid Base64 character"
      : `Base64 encoded length is expected a multiple of 4 bytes but found: ${value.length}`,
  );
};

/** Any JSON, as deep as a modelled value may be. */
const readDocument: Read = (value) => {
  checkDocument(value, 0);
  return value;
};

export function checkDocument(value: unknown, depth: number): void {
  if (depth > maxNesting) throw new SerializationError(`Nesting exceeds ${maxNesting} levels.`);
  if (typeof value !== "object" || value === null) return;
  for (const item of Object.values(value)) checkDocument(item, depth + 1);
}

function timestampReader(format: TimestampFormat): Read {
  return (value) => {
    let date: Date | undefined;
    if (typeof value === "number") date = fromEpochSeconds(value);
    else if (typeof value === "string" && format !== "epoch-seconds") date = parseTimestamp(value, format);
    else throw mismatch(value, "milliseconds since epoch");
    if (!date) throw mismatch(value, "milliseconds since epoch");
    return date;
  };
}

export function jsonScalarReader(type: ScalarType, member: Member): Read {
  switch (type) {
    case "string":
      return readString;
    case "boolean":
      return readBoolean;
    case "integer":
      return readInteger;
    case "long":
    case "bigInteger":
      return readLong;
    case "float":
    case "double":
    case "bigDecimal":
      return readDouble;
    case "blob":
      return readBase64;
    case "timestamp":
      return timestampReader(member.timestampFormat ?? "epoch-seconds");
    case "document":
      return readDocument;
  }
}

/** A handler returned what the contract does not describe: a fault of ours, never the client's. */
function unwritable(type: ScalarType, value: unknown): never {
  throw new TypeError(`output: expected ${type}, got ${value instanceof Date ? "Date" : typeof value}`);
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : unwritable("string", value);
}

export function booleanOf(value: unknown): boolean {
  return typeof value === "boolean" ? value : unwritable("boolean", value);
}

export function numberOf(value: unknown): number {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : unwritable("double", value);
}

export function dateOf(value: unknown): Date {
  return value instanceof Date ? value : unwritable("timestamp", value);
}

export function bytesOf(value: unknown): Buffer {
  return value instanceof Uint8Array ? asBuffer(value) : unwritable("blob", value);
}

function writeJsonNumber(value: unknown): number | string {
  const number = numberOf(value);
  return Number.isFinite(number) ? number : String(number);
}

export function jsonScalarWriter(type: ScalarType, member: Member): (value: unknown) => unknown {
  switch (type) {
    case "string":
      return textOf;
    case "boolean":
      return booleanOf;
    case "blob":
      return (value) => bytesOf(value).toString("base64");
    case "timestamp": {
      const format = member.timestampFormat ?? "epoch-seconds";
      if (format === "epoch-seconds") return (value) => dateOf(value).getTime() / 1000;
      return (value) => formatTimestamp(dateOf(value), format);
    }
    case "document":
      return (value) => value;
    default:
      return writeJsonNumber;
  }
}
