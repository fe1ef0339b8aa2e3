/** Files of users: comma-separated, with a header. https://www.rfc-editor.org/rfc/rfc4180 */

export class BadCsv extends Error {}

/** The records of a file; throws `BadCsv`. */
export function recordsOf(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  const end = () => {
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
  };
  while (at <= text.length) {
    const [field, next] = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    record.push(field);
    at = next + 1;
    if (next >= text.length || text[next] === "\n") end();
  }
  return records;
}

function plainField(text: string, from: number): [field: string, next: number] {
  let to = from;
  while (to < text.length && text[to] !== "," && text[to] !== "\n") to += 1;
  return [text.slice(from, to).replace(/\r$/, "").trim(), to];
}

function quotedField(text: string, from: number): [field: string, next: number] {
  let field = "";
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new BadCsv("A quoted field has no end.");
    field += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') break;
    field += '"';
    at += 1;
  }
  if (text[at] === "\r") at += 1;
  if (at < text.length && text[at] !== "," && text[at] !== "\n")
    throw new BadCsv("Text follows a quoted field.");
  return [field, at];
}

const [quote, comma, newline] = [0x22, 0x2c, 0x0a];

/** Where the first `max` records of some bytes end, and how many end there; lines without text count for none. */
export function endOfRecords(bytes: Uint8Array, max: number): { end: number; records: number } {
  let field: "start" | "plain" | "quoted" | "closed" = "start";
  let records = 0;
  let end = 0;
  for (let at = 0; at < bytes.length && records < max; at += 1) {
    const byte = bytes[at];
    if (field === "quoted") {
      // A quote within is written twice: the field opens again at once.
      if (byte === quote) field = "closed";
    } else if (byte === quote && field !== "plain") field = "quoted";
    else if (byte === comma) field = "start";
    else if (byte === newline) {
      if (at > end) records += 1;
      end = at + 1;
      field = "start";
    } else field = "plain";
  }
  return { end, records };
}
