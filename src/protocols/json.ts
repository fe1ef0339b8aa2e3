import { isUtf8 } from "node:buffer";
import { SerializationError } from "./errors.ts";
import { jsonScalarReader, jsonScalarWriter } from "./scalars.ts";
import type { ValueFormat } from "./values.ts";

/** awsJson names members as the model does; restJson takes `jsonName` into account. */
export function jsonFormat(jsonNames: boolean): ValueFormat {
  return { jsonNames, readScalar: jsonScalarReader, writeScalar: jsonScalarWriter };
}

/** Parses a body; an empty one is an empty structure. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw new SerializationError("Invalid UTF-8 in request body");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    // V8's words would quote the body, which may hold secrets.
    throw new SerializationError("Unable to parse the request body as JSON");
  }
}
