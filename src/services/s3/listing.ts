import { uriEncoded } from "./encodeKey.ts";
import { invalidArgument } from "./errors.ts";

/**
 * Pages of keys, in the order of their UTF-8 bytes, with those rolled up that share a prefix up to a delimiter. What
 * is rolled up is skipped, not read: a page costs what it shows.
 */

export const maxPageSize = 1_000;

export interface Entry<Row> {
  key: string;
  /** Further part of the key: the upload id. */
  rest?: string;
  row: Row;
}

export interface Walk {
  prefix: string;
  delimiter: string;
  limit: number;
  /** Begins behind this key (and rest). */
  marker?: { key: string; rest?: string };
}

/** From where rows are to be read, in the words of `Table.list`. */
export interface From {
  limit: number;
  position: { after?: readonly string[]; behind?: { part: string } | { prefix: string } };
}

export interface Page<Row> {
  items: Entry<Row>[];
  prefixes: string[];
  isTruncated: boolean;
  /** Last key or prefix shown, where more follow. */
  last?: { key: string; rest?: string };
}

export async function walk<Row>(
  { prefix, delimiter, limit, marker }: Walk,
  read: (from: From) => Promise<Entry<Row>[]>,
): Promise<Page<Row>> {
  const page: Page<Row> = { items: [], prefixes: [], isTruncated: false };
  if (limit === 0) return page;
  let position = startOf(prefix, delimiter, marker);
  if (position === undefined) return page;
  let last: Page<Row>["last"];
  for (;;) {
    const left = limit - page.items.length - page.prefixes.length;
    // With a delimiter most of a long read would be skipped again.
    const wanted = delimiter === "" ? left + 1 : Math.min(left + 1, 64);
    const batch = await read({ limit: wanted, position });
    let skipped = false;
    for (const entry of batch) {
      const rolled = rolledUp(entry.key, prefix, delimiter);
      if (page.items.length + page.prefixes.length === limit) {
        page.isTruncated = true;
        if (last) page.last = last;
        return page;
      }
      if (rolled !== undefined) {
        page.prefixes.push(rolled);
        last = { key: rolled };
        position = { behind: { prefix: rolled } };
        skipped = true;
        break;
      }
      page.items.push(entry);
      last = { key: entry.key, ...(entry.rest !== undefined && { rest: entry.rest }) };
      position = { after: entry.rest === undefined ? [entry.key] : [entry.key, entry.rest] };
    }
    if (!skipped && batch.length < wanted) return page;
  }
}

/** The prefix that stands for a key in a listing with a delimiter. */
export function rolledUp(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Undefined where nothing can follow the marker. */
function startOf(prefix: string, delimiter: string, marker: Walk["marker"]): From["position"] | undefined {
  if (marker === undefined) return {};
  const { key, rest } = marker;
  if (!key.startsWith(prefix)) return compareUtf8(key, prefix) < 0 ? {} : undefined;
  // Behind a prefix that was shown, or a key within it, all that it stands for has been shown.
  const rolled = rolledUp(key, prefix, delimiter);
  if (rolled !== undefined) return { behind: { prefix: rolled } };
  return rest === undefined ? { behind: { part: key } } : { after: [key, rest] };
}

export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** How keys stand in a listing: as they are, or with what XML cannot hold encoded. */
export function encoded(type: string | undefined): (text: string) => string {
  if (type === undefined) return (text) => text;
  if (type !== "url")
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", type);
  return uriEncoded;
}

/** Size of a page: what the request asks for, at most 1,000. */
export function limitOf(asked: number | undefined, name: string): number {
  if (asked === undefined) return maxPageSize;
  if (!Number.isInteger(asked) || asked < 0) {
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, asked);
  }
  return Math.min(asked, maxPageSize);
}
