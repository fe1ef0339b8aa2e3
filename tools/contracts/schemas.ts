/**
 * What the two sources hold: the SDK's schemas, whose encoding `@smithy/types` describes
 * (`schema/static-schemas.d.ts`, `traits.d.ts`, `sentinels.d.ts`), and the files of `contracts/limits/`.
 */
import type { Member, ScalarType } from "../../src/protocols/contract.ts";

export interface LimitShape {
  type?: string;
  min?: number;
  max?: number;
  pattern?: string;
  enum?: string[];
  required?: string[];
  members?: Record<string, string>;
  member?: string;
  key?: string;
  value?: string;
  error?: string;
  status?: number;
  sender?: boolean;
}

export interface LimitFile {
  apiVersion: string;
  operations: Record<string, { input?: string; errors: string[]; unsigned?: boolean }>;
  shapes: Record<string, LimitShape>;
}

/** A schema, a function that gives one, or a pair of a schema and the traits of the member holding it. */
export type Ref = number | string | readonly unknown[] | (() => Ref);
export type Traits = Record<string, unknown>;

export const simpleTypes: Record<number, ScalarType> = {
  0: "string",
  1: "double",
  2: "boolean",
  4: "timestamp",
  5: "timestamp",
  6: "timestamp",
  7: "timestamp",
  15: "document",
  17: "bigInteger",
  19: "bigDecimal",
  21: "blob",
  42: "blob",
};
export const timestampFormats: Record<number, Member["timestampFormat"]> = {
  5: "date-time",
  6: "http-date",
  7: "epoch-seconds",
};
const traitBits = [
  "httpLabel",
  "idempotent",
  "idempotencyToken",
  "sensitive",
  "httpPayload",
  "httpResponseCode",
  "httpQueryParams",
];
/** Traits of a target shape that hold for every member that targets it. */
const inheritedTraits = ["sensitive", "streaming", "mediaType"];
/** Traits that a member carries under the same name in the contract, as flag or text. */
const copiedTraits = [
  ...inheritedTraits,
  "xmlName",
  "jsonName",
  "xmlFlattened",
  "xmlAttribute",
  "idempotencyToken",
  "httpLabel",
  "httpHeader",
  "httpQuery",
  "httpPrefixHeaders",
  "httpPayload",
  "httpResponseCode",
  "httpQueryParams",
  "hostLabel",
  "eventPayload",
  "eventHeader",
];
/** Every numeric type but the big ones is one sentinel in the SDK. */
export function agrees(sdkType: ScalarType, limitType: string): boolean {
  return sdkType === "double"
    ? ["integer", "long", "float", "double"].includes(limitType)
    : sdkType === limitType;
}

/**
 * The limits leave out unconstrained shapes and the SDK calls every number a number, so AWS's name of the shape
 * has to tell whole numbers apart; a name that says nothing takes any number.
 */
export function numberNamed(shapeName: string): ScalarType {
  if (/long/i.test(shapeName)) return "long";
  return /int(eger)?(type)?$|^(nullable|non_?negative|positive|boxed)?integer/i.test(shapeName)
    ? "integer"
    : "double";
}

export function range(limit: LimitShape | undefined): Pick<LimitShape, "min" | "max" | "pattern" | "enum"> {
  const { min, max, pattern } = limit ?? {};
  return {
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(pattern !== undefined && { pattern }),
    ...(limit?.enum && { enum: limit.enum }),
  };
}

export function readTraits(traits: unknown): Traits {
  if (typeof traits !== "number") return (traits ?? {}) as Traits;
  return Object.fromEntries(traitBits.flatMap((name, bit) => ((traits >> bit) & 1 ? [[name, 1]] : [])));
}

export function inherited(traits: unknown): Traits {
  return Object.fromEntries(
    Object.entries(readTraits(traits)).filter(([name]) => inheritedTraits.includes(name)),
  );
}

export function withTraits(member: Member, traits: Traits): Member {
  const target = member as unknown as Record<string, unknown>;
  for (const name of copiedTraits) {
    const value = traits[name];
    if (value !== undefined) target[name] = value === 1 ? true : value;
  }
  if (typeof traits.ec2QueryName === "string") member.ec2Name = traits.ec2QueryName;
  if (Array.isArray(traits.xmlNamespace)) member.xmlNamespace = namespace(traits.xmlNamespace);
  return member;
}

export function namespace(trait: unknown[]): { prefix?: string; uri: string } {
  const [prefix, uri] = trait as [string, string];
  return prefix ? { prefix, uri } : { uri };
}
