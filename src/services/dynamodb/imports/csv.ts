import type { TableRow } from "../tables.ts";
import { checkedItem, type Item } from "../values.ts";
import { Unreadable } from "./reading.ts";

/**
 * Comma-separated values. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Format.html
 * Attributes of keys have the types that the table defines, all others are strings.
 */

/** Whether a quoted field goes on in the next line. */
export function isOpen(text: string): boolean {
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes += 1;
  return quotes % 2 === 1;
}

export function fieldsOf(text: string, delimiter: string): string[] {
  if (!text.includes('"')) return text.split(delimiter);
  const fields: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const letter = text[i] as string;
    if (letter === '"') {
      if (isQuoted && text[i + 1] === '"') {
        field += letter;
        i += 1;
      } else isQuoted = !isQuoted;
    } else if (letter === delimiter && !isQuoted) {
      fields.push(field);
      field = "";
    } else field += letter;
  }
  return [...fields, field];
}

/** The names of a file's columns, from its first line or as they were given. */
export function checkHeaders(headers: readonly string[]): void {
  if (new Set(headers).size !== headers.length) throw new Unreadable("The header names a column twice");
  if (headers.includes("")) throw new Unreadable("The header has a column without a name");
}

export function itemOfFields(
  fields: readonly string[],
  headers: readonly string[],
  { attributes }: Pick<TableRow, "attributes">,
): Item {
  if (fields.length !== headers.length) {
    throw new Unreadable(`The line has ${fields.length} columns, and the header ${headers.length}`);
  }
  const given = headers.map((name, i) => {
    const type = attributes.find((one) => one.name === name)?.type ?? "S";
    return [name, { [type]: fields[i] }];
  });
  return checkedItem(Object.fromEntries(given));
}
