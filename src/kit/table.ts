import type { MaybePromise, Reads, Transaction } from "../storage/store.ts";

/**
 * A typed table: rows of one kind under `<service>/<table>/`, each with its key parts in order. Parts are
 * escaped, so that no part can reach into its neighbour; ranges are by leading parts.
 */
export interface Table<Row, Key extends readonly string[]> {
  get(tx: Reads, ...key: Key): MaybePromise<Row | undefined>;
  put(tx: Transaction, key: Key, row: Row): void;
  delete(tx: Transaction, ...key: Key): void;
  /** Rows whose key starts with `parts`, in key order. `after` continues behind a row of an earlier page. */
  list(tx: Reads, parts: readonly string[], options?: ListOptions): Promise<{ key: Key; row: Row }[]>;
}

export interface ListOptions {
  limit?: number;
  reverse?: boolean;
  /** The rest of the key (behind `parts`) of the last row that was seen. */
  after?: readonly string[];
  /** Only rows whose next part of the key begins so. */
  startsWith?: string;
  /** Forward only: continues behind every row whose next part is, or begins with, this. */
  behind?: { part: string } | { prefix: string };
  /** Only rows whose next part lies between these. */
  within?: { from?: Bound | undefined; to?: Bound | undefined };
}

/** An end of a range of parts. */
export interface Bound {
  part: string;
  /** Rows with this very part, too. */
  inclusive: boolean;
}

/** Escapes the separator and the bytes around it; order of escaped parts is the order of the parts. */
function escaped(part: string): string {
  return part.includes("\u0000") || part.includes("\u0001")
    ? part.replace(/[\u0000\u0001]/g, (c) => `\u0001${c === "\u0000" ? "\u0001" : "\u0002"}`)
    : part;
}

function unescaped(part: string): string {
  return part.includes("\u0001")
    ? part.replace(/\u0001([\u0001\u0002])/g, (_, c) => (c === "\u0001" ? "\u0000" : "\u0001"))
    : part;
}

/** Rows are shared between calls, so nobody may change one in place. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}

/** In the order of keys: of UTF-8 bytes, which JavaScript's own differs from beyond U+FFFF. */
function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

const separator = "\u0000";

/** The first text, in the order of code points, behind all that begin with `prefix`. */
function successor(prefix: string): string {
  const points = [...prefix];
  for (;;) {
    const last = points.pop();
    if (last === undefined) return "\u{10ffff}\u{10ffff}";
    const point = last.codePointAt(0) as number;
    if (point === 0x10ffff) continue;
    return points.join("") + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
  }
}

interface Versioned {
  v: number;
  d: unknown;
}

/** Decoded rows, by the bytes that the store hands out: a hot row is decoded once for as long as it is cached. */
const decoded = new WeakMap<Uint8Array, unknown>();

export interface TableOptions<Row> {
  /** Version of the row's shape; raised with `upgrade` when it changes. */
  version?: number;
  upgrade?: (row: unknown, from: number) => Row;
}

/** Rows must be JSON; bytes are kept as base64 text. A row that was read is shared: copy before changing it. */
export function table<Row, Key extends readonly string[]>(
  service: string,
  name: string,
  options: TableOptions<Row> = {},
): Table<Row, Key> {
  const prefix = `${service}/${name}${separator}`;
  const version = options.version ?? 1;
  const keyOf = (parts: readonly string[]) => {
    let key = prefix;
    for (const part of parts) key += escaped(part) + separator;
    return key;
  };

  function decode(bytes: Uint8Array): Row {
    const known = decoded.get(bytes);
    if (known !== undefined) return known as Row;
    const { v, d } = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
    ) as Versioned;
    const row = frozen(v === version ? (d as Row) : upgraded(d, v));
    decoded.set(bytes, row);
    return row;
  }

  function upgraded(data: unknown, from: number): Row {
    if (options.upgrade === undefined || from > version) {
      throw new Error(`${service}/${name} holds a row of version ${from}; this program reads ${version}.`);
    }
    return options.upgrade(data, from);
  }

  return {
    get(tx, ...key) {
      const bytes = tx.get(keyOf(key));
      if (bytes === undefined) return undefined;
      return bytes instanceof Promise
        ? bytes.then((value) => (value === undefined ? undefined : decode(value)))
        : decode(bytes);
    },
    put(tx, key, row) {
      tx.put(keyOf(key), Buffer.from(JSON.stringify({ v: version, d: row } satisfies Versioned)));
    },
    delete(tx, ...key) {
      tx.delete(keyOf(key));
    },
    async list(tx, parts, { limit, reverse, after, startsWith, behind, within } = {}) {
      const base = keyOf(parts);
      let from = base + escaped(startsWith ?? "");
      let to = startsWith ? base + successor(escaped(startsWith)) : `${base.slice(0, -1)}\u0001`;
      if (behind !== undefined) {
        from =
          "part" in behind
            ? `${base + escaped(behind.part)}\u0001`
            : base + successor(escaped(behind.prefix));
      }
      // A part's own rows lie between it and what its first escaped successor would be.
      if (within?.from !== undefined) {
        const { part, inclusive } = within.from;
        from = base + escaped(part) + (inclusive ? "" : "\u0001");
      }
      if (within?.to !== undefined) {
        const { part, inclusive } = within.to;
        to = base + escaped(part) + (inclusive ? "\u0001" : "");
      }
      if (after !== undefined) {
        const last = keyOf([...parts, ...after]);
        // A continuation from elsewhere never widens what was asked for.
        if (reverse) {
          if (isBefore(last, to)) to = last;
        } else if (!isBefore(last, from)) from = `${last}\u0000`;
      }
      const entries = await tx.range(from, to, {
        ...(limit !== undefined && { limit }),
        ...(reverse && { reverse }),
      });
      return entries.map(([key, bytes]) => ({
        // Taken apart only where somebody looks at it.
        get key() {
          return key.slice(prefix.length, -1).split(separator).map(unescaped) as unknown as Key;
        },
        row: decode(bytes),
      }));
    },
  };
}
