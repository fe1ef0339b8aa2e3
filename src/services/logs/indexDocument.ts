import type { Context } from "../../kit/context.ts";

/**
 * The document of a field index policy: {"Fields": ["RequestId"]}, or {"FieldsV2": {"RequestId": {"type": "FACET"}}}.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Field-Indexing-Syntax.html
 */

const maxFields = 20;
const maxFieldCharacters = 100;

export interface IndexedField {
  name: string;
  type: "FIELD_INDEX" | "FACET";
}

/** Undefined for what is no such document. */
export function indexedFields(text: string): IndexedField[] | undefined {
  try {
    const document = JSON.parse(text) as { Fields?: unknown; FieldsV2?: unknown } | null;
    if (typeof document !== "object" || document === null) return undefined;
    const { Fields, FieldsV2 = {} } = document;
    if (Fields === undefined && document.FieldsV2 === undefined) return undefined;
    const names: unknown[] = Array.isArray(Fields) ? Fields : [];
    if (Fields !== undefined && !Array.isArray(Fields)) return undefined;
    if (typeof FieldsV2 !== "object" || FieldsV2 === null || Array.isArray(FieldsV2)) return undefined;
    const typed = Object.entries(FieldsV2).map(([name, value]) => {
      const isFacet = (value as { type?: unknown } | null)?.type === "FACET";
      return { name, type: isFacet ? ("FACET" as const) : ("FIELD_INDEX" as const) };
    });
    const fields = [...names.map((name) => ({ name, type: "FIELD_INDEX" as const })), ...typed];
    const valid = fields.every(
      ({ name }) => typeof name === "string" && name !== "" && name.length <= maxFieldCharacters,
    );
    return valid && fields.length > 0 && fields.length <= maxFields ? (fields as IndexedField[]) : undefined;
  } catch {
    return undefined;
  }
}

export function checkIndexDocument(text: string, ctx: Context<"InvalidParameterException">): void {
  if (indexedFields(text) === undefined) {
    throw ctx.error("InvalidParameterException", "Invalid policy document for a field index policy.");
  }
}
