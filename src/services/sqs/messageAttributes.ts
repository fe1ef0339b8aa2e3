import { hash } from "node:crypto";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import { AwsError } from "../../kit/errors.ts";
import type { StoredAttribute } from "./tables.ts";
import { invalidParameter } from "./words.ts";

/**
 * Message attributes: what they may be, their size, their digest, and which of them a receiver asks for.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */

const maxAttributes = 10;
const maxNameCharacters = 256;
const maxTypeCharacters = 256;
const nameForm = /^(?!\.)(?!.*\.\.)(?!.*\.$)[A-Za-z0-9_.-]+$/;
const reservedForm = /^(?:aws\.|amazon\.)/i;
const typeForm = /^(String|Number|Binary)(?:\..+)?$/s;
const numberForm = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
/** What a body and a text may be made of. https://www.w3.org/TR/REC-xml/#charsets */
const invalidCharacters = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

export type GivenAttributes = Record<string, Partial<MessageAttributeValue>> | undefined;
export type StoredAttributes = Readonly<Record<string, StoredAttribute>>;

export function checkCharacters(text: string): void {
  if (!invalidCharacters.test(text)) return;
  throw new AwsError(
    "InvalidMessageContents",
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
  );
}

/** "user" or "system", as AWS's words tell them apart. */
export function readAttributes(
  given: GivenAttributes,
  whose: "user" | "system",
): StoredAttributes | undefined {
  if (given === undefined) return undefined;
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  if (entries.length > maxAttributes) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${maxAttributes}].`,
    );
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, readAttribute(name, value, whose)]));
}

function readAttribute(
  name: string,
  value: Partial<MessageAttributeValue>,
  whose: "user" | "system",
): StoredAttribute {
  checkName(name);
  const label = `Message (${whose}) attribute '${name}'`;
  const { DataType = "", StringValue, BinaryValue } = value;
  if (value.StringListValues?.length || value.BinaryListValues?.length) {
    throw new AwsError(
      "UnsupportedOperation",
      "Message attribute list values in SendMessage operation are not supported.",
    );
  }
  if (DataType === "") throw invalidParameter(`${label} must contain a non-empty message attribute type.`);
  const kind = typeForm.exec(DataType)?.[1];
  if (kind === undefined || DataType.length > maxTypeCharacters) {
    throw invalidParameter(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const empty = invalidParameter(
    `${label} must contain a non-empty value of type '${kind === "Binary" ? "Binary" : "String"}'.`,
  );
  if (kind === "Binary") {
    if (BinaryValue === undefined || BinaryValue.length === 0) throw empty;
    return { type: DataType, bytes: Buffer.from(BinaryValue).toString("base64") };
  }
  if (!StringValue) throw empty;
  checkCharacters(StringValue);
  if (kind === "Number" && !numberForm.test(StringValue.trim()))
    throw invalidParameter(`Can't cast the value of message (${whose}) attribute '${name}' to a number.`);
  return { type: DataType, text: StringValue };
}

function checkName(name: string): void {
  if (name.length > maxNameCharacters) {
    throw invalidParameter(
      `Message (user) attribute name cannot be longer than ${maxNameCharacters} characters.`,
    );
  }
  if (!nameForm.test(name) || reservedForm.test(name)) {
    throw invalidParameter(
      `The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters; it can't start or end with a period, hold two in a row, or start with AWS. or Amazon.`,
    );
  }
}

/** Names, types and values all count towards the size of a message. */
export function attributeBytes(attributes: StoredAttributes | undefined): number {
  let bytes = 0;
  for (const [name, attribute] of Object.entries(attributes ?? {}))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.type) + contentOf(attribute).length;
  return bytes;
}

function contentOf({ text, bytes }: StoredAttribute): Buffer {
  return bytes === undefined ? Buffer.from(text ?? "") : Buffer.from(bytes, "base64");
}

const textTransport = Buffer.of(1);
const binaryTransport = Buffer.of(2);

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation */
export function attributesMd5(attributes: StoredAttributes | undefined): string | undefined {
  const names = Object.keys(attributes ?? {}).sort();
  if (attributes === undefined || names.length === 0) return undefined;
  const parts: Buffer[] = [];
  const add = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  };
  for (const name of names) {
    const attribute = attributes[name] as StoredAttribute;
    add(Buffer.from(name));
    add(Buffer.from(attribute.type));
    parts.push(attribute.bytes === undefined ? textTransport : binaryTransport);
    add(contentOf(attribute));
  }
  return hash("md5", Buffer.concat(parts), "hex");
}

/** The attributes that a receiver asks for: by name, by prefix ("team.*"), or all. */
export function selected(
  attributes: StoredAttributes | undefined,
  wanted: readonly string[],
): StoredAttributes | undefined {
  if (attributes === undefined || wanted.length === 0) return undefined;
  if (wanted.includes("All") || wanted.includes(".*")) return attributes;
  const prefixes = wanted.filter((name) => name.endsWith(".*")).map((name) => name.slice(0, -2));
  const chosen = Object.entries(attributes).filter(
    ([name]) => wanted.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return chosen.length > 0 ? Object.fromEntries(chosen) : undefined;
}

export function shownAttributes(attributes: StoredAttributes): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, text, bytes }]) => [
      name,
      bytes === undefined
        ? { DataType: type, StringValue: text ?? "" }
        : { DataType: type, BinaryValue: Buffer.from(bytes, "base64") },
    ]),
  );
}
