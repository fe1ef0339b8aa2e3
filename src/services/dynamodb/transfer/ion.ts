import type { Item, Value } from "../values.ts";

/**
 * Amazon Ion in its text form, as DynamoDB maps its own types onto it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html#S3DataExport.Output_Data_ION
 */

const keywords = new Set(["null", "true", "false", "nan"]);

export function ionString(text: string): string {
  return JSON.stringify(text);
}

/** A name of a struct's member: bare where it may be. */
function ionName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && !keywords.has(name) ? name : ionString(name);
}

/** Numbers are decimals: "103." and "-1.5", "1d20". */
export function ionDecimal(number: string): string {
  const [digits = "", exponent] = number.toLowerCase().split("e");
  if (exponent !== undefined) return `${digits}d${Number(exponent)}`;
  return digits.includes(".") ? digits : `${digits}.`;
}

function ionBlob(base64: string): string {
  return `{{${base64}}}`;
}

function list(values: readonly string[], annotation = ""): string {
  return `${annotation}[${values.join(",")}]`;
}

export function ionValue(value: Value): string {
  if (value.S !== undefined) return ionString(value.S);
  if (value.N !== undefined) return ionDecimal(value.N);
  if (value.B !== undefined) return ionBlob(value.B);
  if (value.BOOL !== undefined) return String(value.BOOL);
  if (value.M !== undefined) return ionStruct(value.M);
  if (value.L !== undefined) return list(value.L.map(ionValue));
  if (value.SS !== undefined) return list(value.SS.map(ionString), "$dynamodb_SS::");
  if (value.NS !== undefined) return list(value.NS.map(ionDecimal), "$dynamodb_NS::");
  if (value.BS !== undefined) return list(value.BS.map(ionBlob), "$dynamodb_BS::");
  return "null";
}

export function ionStruct(item: Item): string {
  const members = Object.entries(item).map(([name, value]) => `${ionName(name)}:${ionValue(value)}`);
  return `{${members.join(",")}}`;
}
