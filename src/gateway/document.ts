import { AwsError } from "../kit/errors.ts";
import { SerializationError } from "../protocols/errors.ts";
import type { ServiceCodec } from "../protocols/wire.ts";

/** Reads a JSON document that a customer wrote as an operation's input. */
export function readDocument(
  codec: ServiceCodec,
  operation: string,
  document: Record<string, unknown>,
): Record<string, unknown> {
  try {
    return codec.readDocument(operation, document);
  } catch (error) {
    if (error instanceof SerializationError) throw new AwsError(error.code, error.message, { status: 400 });
    throw error;
  }
}
