import type { SchemaAttributeType } from "@aws-sdk/client-cognito-identity-provider";
import { invalid } from "../refusals.ts";

/**
 * Attributes that users of a pool have: those of OpenID Connect, and the pool's own.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
 */

export const maxCustomAttributes = 50;
const maxLength = "2048";

const texts = [
  "name",
  "given_name",
  "family_name",
  "middle_name",
  "nickname",
  "preferred_username",
  "profile",
  "picture",
  "website",
  "email",
  "gender",
  "zoneinfo",
  "locale",
  "phone_number",
  "address",
];

function standard(Name: string, more: Partial<SchemaAttributeType> = {}): SchemaAttributeType {
  return {
    Name,
    AttributeDataType: "String",
    DeveloperOnlyAttribute: false,
    Mutable: true,
    Required: false,
    StringAttributeConstraints: { MinLength: "0", MaxLength: maxLength },
    ...more,
  };
}

const without = { StringAttributeConstraints: undefined };

/** Every pool's attributes, as they are where the pool says nothing about them. */
const standardAttributes: readonly SchemaAttributeType[] = [
  standard("sub", {
    Mutable: false,
    Required: true,
    StringAttributeConstraints: { MinLength: "1", MaxLength: maxLength },
  }),
  ...texts.map((name) => standard(name)),
  standard("birthdate", { StringAttributeConstraints: { MinLength: "10", MaxLength: "10" } }),
  standard("email_verified", { AttributeDataType: "Boolean", ...without }),
  standard("phone_number_verified", { AttributeDataType: "Boolean", ...without }),
  standard("updated_at", {
    AttributeDataType: "Number",
    NumberAttributeConstraints: { MinValue: "0" },
    ...without,
  }),
  standard("identities", { StringAttributeConstraints: {} }),
];

export const standardNames: ReadonlySet<string> = new Set(
  standardAttributes.map(({ Name }) => Name as string),
);

type Given = {
  Name?: string | undefined;
  AttributeDataType?: SchemaAttributeType["AttributeDataType"] | undefined;
  DeveloperOnlyAttribute?: boolean | undefined;
  Mutable?: boolean | undefined;
  Required?: boolean | undefined;
  NumberAttributeConstraints?: { MinValue?: string | undefined; MaxValue?: string | undefined } | undefined;
  StringAttributeConstraints?: { MinLength?: string | undefined; MaxLength?: string | undefined } | undefined;
};

/** A pool's schema, from what CreateUserPool was given. */
export function schemaOf(given: readonly Given[]): SchemaAttributeType[] {
  const schema = new Map(standardAttributes.map((attribute) => [attribute.Name as string, attribute]));
  for (const attribute of given) {
    const known = schema.get(attribute.Name ?? "");
    if (known === undefined) {
      const own = customAttribute(attribute);
      schema.set(own.Name as string, own);
    } else schema.set(known.Name as string, adapted(known, attribute));
  }
  checkCount([...schema.values()]);
  return [...schema.values()];
}

function adapted(known: SchemaAttributeType, given: Given): SchemaAttributeType {
  if (given.AttributeDataType !== undefined && given.AttributeDataType !== known.AttributeDataType)
    throw invalid(
      `You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute ${known.Name}`,
    );
  return {
    ...known,
    ...(given.Mutable !== undefined && { Mutable: given.Mutable }),
    ...(given.Required !== undefined && { Required: given.Required }),
    ...(given.StringAttributeConstraints && { StringAttributeConstraints: given.StringAttributeConstraints }),
    ...(given.NumberAttributeConstraints && { NumberAttributeConstraints: given.NumberAttributeConstraints }),
  };
}

function customAttribute(given: Given): SchemaAttributeType {
  const { Name = "", AttributeDataType = "String", DeveloperOnlyAttribute = false } = given;
  if (Name === "")
    throw invalid("Invalid AttributeDataType input, consider using the provided AttributeDataType enum.");
  if (given.Required) throw invalid("Required custom attributes are not supported currently.");
  if (Name.startsWith("custom:") || Name.startsWith("dev:"))
    throw invalid(`Attribute name must not begin with a reserved prefix: ${Name}`);
  return {
    Name: `${DeveloperOnlyAttribute ? "dev:" : ""}custom:${Name}`,
    AttributeDataType,
    DeveloperOnlyAttribute,
    Mutable: given.Mutable ?? true,
    Required: false,
    ...(AttributeDataType === "String" && {
      StringAttributeConstraints: given.StringAttributeConstraints ?? {},
    }),
    ...(AttributeDataType === "Number" && {
      NumberAttributeConstraints: given.NumberAttributeConstraints ?? {},
    }),
  };
}

function checkCount(schema: readonly SchemaAttributeType[]): void {
  const own = schema.filter(({ Name = "" }) => !standardNames.has(Name)).length;
  if (own > maxCustomAttributes)
    throw invalid(`The number of custom attributes must not exceed ${maxCustomAttributes}.`);
}

/** The schema with further attributes of the pool's own. */
export function extended(
  schema: readonly SchemaAttributeType[],
  given: readonly Given[],
): SchemaAttributeType[] {
  const all = [...schema];
  for (const attribute of given) {
    const own = customAttribute(attribute);
    if (all.some(({ Name }) => Name === own.Name))
      throw invalid(`${own.Name}: Existing attribute already has name ${own.Name}.`);
    all.push(own);
  }
  checkCount(all);
  return all;
}
