import type { MessageAttributeValue } from "@aws-sdk/client-sns";
import type { Context } from "../../kit/context.ts";

/** What may be published. https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html */

export interface StoredAttribute {
  type: string;
  text?: string;
  /** base64 */
  bytes?: string;
}

export type StoredAttributes = Record<string, StoredAttribute>;

export const maxMessageBytes = 256 * 1024;
const maxNameCharacters = 256;
const maxSubjectCharacters = 100;

type Errors = "InvalidParameterException" | "InvalidParameterValueException";

/** Checks attributes and makes them storable. */
export function readAttributes(
  given: Readonly<Record<string, MessageAttributeValue>> = {},
  ctx: Context<Errors>,
): StoredAttributes {
  const stored: StoredAttributes = {};
  for (const [name, value] of Object.entries(given)) {
    checkName(name, ctx);
    stored[name] = readAttribute(name, value, ctx);
  }
  return stored;
}

function readAttribute(
  name: string,
  { DataType = "", StringValue, BinaryValue }: MessageAttributeValue,
  ctx: Context<Errors>,
): StoredAttribute {
  const invalid = (message: string) => ctx.error("InvalidParameterValueException", message);
  const kind = /^(String|Number|Binary)(?:\..|$)/.exec(DataType)?.[1];
  if (kind === undefined) {
    throw invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const field = kind === "Binary" ? "Binary" : "String";
  const isOther = field === "Binary" ? StringValue !== undefined : BinaryValue !== undefined;
  if (isOther)
    throw invalid(`The message attribute '${name}' with type '${DataType}' must use field '${field}'.`);
  const isEmpty = field === "Binary" ? !BinaryValue?.length : !StringValue;
  if (isEmpty) {
    throw invalid(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${DataType}'.`,
    );
  }
  return field === "Binary"
    ? { type: DataType, bytes: Buffer.from(BinaryValue as Uint8Array).toString("base64") }
    : { type: DataType, text: StringValue as string };
}

function checkName(name: string, ctx: Context<Errors>): void {
  const invalid = (message: string) => ctx.error("InvalidParameterValueException", message);
  if (name.length > maxNameCharacters)
    throw invalid("Length of message attribute name must be less than 256 bytes.");
  const bad = /[^a-zA-Z0-9_.-]/.exec(name)?.[0];
  if (bad !== undefined) {
    const code = `#x${bad.charCodeAt(0).toString(16).toUpperCase()}`;
    throw invalid(
      `Invalid non-alphanumeric character '${code}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`,
    );
  }
  if (name.startsWith("."))
    throw invalid("Invalid message attribute name starting with character '.' was found.");
  if (name.endsWith("."))
    throw invalid("Invalid message attribute name ending with character '.' was found.");
  if (name.includes("..")) throw invalid("Message attribute name can not have successive '.' character.");
}

export function attributeBytes(attributes: StoredAttributes): number {
  return Object.entries(attributes).reduce((sum, [name, { type, text = "", bytes }]) => {
    const value = bytes === undefined ? Buffer.byteLength(text) : Buffer.from(bytes, "base64").length;
    return sum + Buffer.byteLength(name) + type.length + value;
  }, 0);
}

export interface Content {
  Message?: string | undefined;
  Subject?: string | undefined;
  MessageStructure?: string | undefined;
}

/** Checks a message. With the structure "json" it holds a text for each protocol, and one for the others. */
export function readContent(
  { Message = "", Subject, MessageStructure }: Content,
  ctx: Context<Errors>,
): { body: string; byProtocol?: Record<string, string> } {
  const invalid = (reason: string) => ctx.error("InvalidParameterException", `Invalid parameter: ${reason}`);
  if (
    Subject !== undefined &&
    (Subject === "" || Subject.length > maxSubjectCharacters || /[\r\n]/.test(Subject))
  )
    throw invalid("Subject");
  if (Message === "") throw invalid("Empty message");
  if (MessageStructure !== "json") return { body: Message };
  let parsed: unknown;
  try {
    parsed = JSON.parse(Message);
  } catch {
    throw invalid("Message Structure - JSON message body failed to parse");
  }
  const byProtocol = Object.fromEntries(
    Object.entries(parsed as object).filter(([, value]) => typeof value === "string"),
  ) as Record<string, string>;
  if (byProtocol.default === undefined)
    throw invalid("Message Structure - No default entry in JSON message body");
  return { body: byProtocol.default, byProtocol };
}
