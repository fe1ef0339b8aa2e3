import type { SchemaAttributeType } from "@aws-sdk/client-cognito-identity-provider";
import type { ClientRow } from "../clients/clientRow.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { standardNames } from "../pools/schema.ts";
import { invalid, notAuthorized } from "../refusals.ts";
import type { UserRow } from "./userRow.ts";

/** Attributes of users, held against the pool's schema. */

type Given = readonly { Name?: string | undefined; Value?: string | undefined }[];

export function attributesOf(given: Given | undefined): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const { Name = "", Value = "" } of given ?? []) attributes[Name] = Value;
  return attributes;
}

const emailForm = /^[^\s@]+@[^\s@]+\.[^\s@.]+$|^[^\s@]+@localhost$/;
const phoneForm = /^\+\d{4,15}$/;

export function isEmail(text: string): boolean {
  return emailForm.test(text);
}

export function isPhone(text: string): boolean {
  return phoneForm.test(text);
}

function problemWith(attribute: SchemaAttributeType, value: string): string | undefined {
  const { AttributeDataType, NumberAttributeConstraints, StringAttributeConstraints } = attribute;
  if (AttributeDataType === "Number") {
    const number = Number(value);
    if (value.trim() === "" || !Number.isFinite(number)) return "Type for attribute is not a number";
    const { MinValue, MaxValue } = NumberAttributeConstraints ?? {};
    if (MinValue !== undefined && number < Number(MinValue)) return `Number must be no less than ${MinValue}`;
    if (MaxValue !== undefined && number > Number(MaxValue))
      return `Number must be no greater than ${MaxValue}`;
  }
  if (AttributeDataType === "Boolean" && !/^(?:true|false)$/i.test(value))
    return "Type for attribute is not a boolean";
  if (AttributeDataType === "String") {
    const { MinLength, MaxLength } = StringAttributeConstraints ?? {};
    const { length } = value;
    if (MinLength !== undefined && length < Number(MinLength))
      return `String must be no shorter than ${MinLength} characters`;
    if (MaxLength !== undefined && length > Number(MaxLength))
      return `String must be no longer than ${MaxLength} characters`;
  }
  return undefined;
}

/** Refuses values that the schema does not take. */
export function checkValues({ schema }: PoolRow, attributes: Readonly<Record<string, string>>): void {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const attribute = schema.find(({ Name }) => Name === name);
    if (attribute === undefined) {
      problems.push(`${name}: Attribute does not exist in the schema.\n`);
      continue;
    }
    // An empty value takes an attribute away.
    const problem = value === "" && !attribute.Required ? undefined : problemWith(attribute, value);
    if (problem !== undefined) problems.push(`${name}: ${problem}\n`);
  }
  if (problems.length > 0) throw invalid(`Attributes did not conform to the schema: ${problems.join("")}`);
  if (attributes.email && !isEmail(attributes.email)) throw invalid("Invalid email address format.");
  if (attributes.phone_number && !isPhone(attributes.phone_number))
    throw invalid("Invalid phone number format.");
}

/** Refuses a new user without what the schema requires. */
export function checkRequired({ schema }: PoolRow, attributes: Readonly<Record<string, string>>): void {
  const absent = schema.filter(({ Name = "", Required }) => Required && Name !== "sub" && !attributes[Name]);
  if (absent.length === 0) return;
  const problems = absent.map(({ Name }) => `${Name}: The attribute is required\n`);
  throw invalid(`Attributes did not conform to the schema: ${problems.join("")}`);
}

/** Only administrators set these. */
const ownNames = new Set(["email_verified", "phone_number_verified", "sub", "identities"]);

/** Refuses what an app may not write on behalf of a user. */
export function checkWritable(client: ClientRow, names: readonly string[]): void {
  const { WriteAttributes } = client.settings;
  const isAllowed = (name: string) =>
    !ownNames.has(name) && !name.startsWith("dev:") && (WriteAttributes?.includes(name) ?? true);
  if (!names.every(isAllowed)) throw notAuthorized("A client attempted to write unauthorized attribute");
}

/** What an app may see of a user. */
export function readable(client: ClientRow, user: UserRow): [name: string, value: string][] {
  const { ReadAttributes } = client.settings;
  return shownAttributes(user).filter(
    ([name]) =>
      !name.startsWith("dev:") &&
      (name === "sub" || name === "identities" || (ReadAttributes?.includes(name) ?? true)),
  );
}

/** All of a user's attributes, `sub` and `identities` with them. */
export function shownAttributes({ sub, attributes, identities }: UserRow): [name: string, value: string][] {
  return [
    ["sub", sub],
    ...(identities?.length ? [["identities", JSON.stringify(identities)] as [string, string]] : []),
    ...Object.entries(attributes).filter(([, value]) => value !== ""),
  ];
}

/** Refuses changes of what is fixed once a user is there. */
export function checkMutable({ schema }: PoolRow, names: readonly string[], user: UserRow): void {
  for (const name of names) {
    const attribute = schema.find(({ Name }) => Name === name);
    if (name === "sub" || (attribute?.Mutable === false && user.attributes[name] !== undefined))
      throw invalid(`user.${name}: Attribute cannot be updated.\n`);
  }
}

/** Refuses to take away what is required. */
export function checkRemovable({ schema, usernameAttributes }: PoolRow, names: readonly string[]): void {
  for (const name of names) {
    const attribute = schema.find(({ Name }) => Name === name);
    if (attribute === undefined && !standardNames.has(name))
      throw invalid(`user.${name}: Attribute does not exist in the schema.\n`);
    if (attribute?.Required || attribute?.Mutable === false || usernameAttributes.includes(name))
      throw invalid(`user.${name}: Attribute cannot be deleted.\n`);
  }
}
