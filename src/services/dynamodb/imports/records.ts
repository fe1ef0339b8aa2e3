import type { DeliveryScope } from "../../../kit/service.ts";
import type { TableRow } from "../tables.ts";
import { BadIon, itemOfIon } from "../transfer/ionReader.ts";
import type { ImportObjectRow, ImportRow } from "../transfer/tables.ts";
import { checkedItem, type Item } from "../values.ts";
import { checkHeaders, fieldsOf, isOpen, itemOfFields } from "./csv.ts";
import { type LineRead, linesOf, Unreadable } from "./reading.ts";

/** What an object holds: one record for each item that it should be. */
export interface RecordRead {
  /** How the item is had of it: throws `Unreadable`, or what is wrong with the item. A header has none. */
  item?: (table: TableRow) => Item;
  bytes: number;
}

/** A line that is no JSON, or holds no item: what follows it in the object is passed over. */
export class NoItem extends Unreadable {}

function jsonItem(text: string): Item {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new NoItem("The line cannot be parsed as DynamoDB JSON");
  }
  const item = (parsed as { Item?: unknown } | null)?.Item;
  if (typeof item !== "object" || item === null) throw new NoItem("The line has no Item");
  return checkedItem(item);
}

function ionItem(text: string): Item {
  try {
    const item = itemOfIon(text);
    if (item !== undefined) return checkedItem(item);
  } catch (error) {
    if (!(error instanceof BadIon)) throw error;
    throw new NoItem(error.message);
  }
  throw new NoItem("The line has no Item");
}

async function* csvRecords(lines: AsyncIterable<LineRead>, { csv }: ImportRow): AsyncGenerator<RecordRead> {
  const delimiter = csv?.delimiter ?? ",";
  let headers = csv?.headers;
  let held: LineRead | undefined;
  for await (const line of lines) {
    const text: string = held === undefined ? line.text : `${held.text}\n${line.text}`;
    const bytes: number = line.bytes + (held?.bytes ?? 0);
    held = isOpen(text) ? { text, bytes } : undefined;
    if (held !== undefined || text === "") continue;
    const fields = fieldsOf(text, delimiter);
    if (headers === undefined) {
      checkHeaders(fields);
      headers = fields;
      yield { bytes };
      continue;
    }
    const names = headers;
    yield { bytes, item: (table) => itemOfFields(fields, names, table) };
  }
  if (held !== undefined) throw new Unreadable("The object ends within a quoted field");
}

export async function* recordsOf(
  object: ImportObjectRow,
  row: ImportRow,
  scope: DeliveryScope,
): AsyncGenerator<RecordRead> {
  const lines = linesOf(object, row, scope);
  if (row.format === "CSV") return yield* csvRecords(lines, row);
  const itemOf = row.format === "ION" ? ionItem : jsonItem;
  for await (const { text, bytes } of lines) {
    if (text.trim() !== "") yield { bytes, item: () => itemOf(text) };
  }
}
