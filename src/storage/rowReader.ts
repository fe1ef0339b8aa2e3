import type { Keyring } from "../sealing/keyring.ts";
import type { Database, Snapshot } from "./database.ts";
import type { LogRow, RowReader } from "./logs/book.ts";

/** Read at once from a range. */
export const chunkEntries = 256;

/** Rows opened as they are read; of a snapshot, or of the moment. */
export function rowReader(database: Database, keyring: Keyring, snapshot?: Snapshot): RowReader {
  return {
    get(row) {
      const sealed = database.get(row, snapshot);
      return sealed && keyring.open(row, sealed);
    },
    async *rows(from, to, { reverse = false, limit } = {}): AsyncGenerator<LogRow> {
      const range = {
        gte: Buffer.from(from),
        lt: Buffer.from(to),
        reverse,
        ...(limit !== undefined && { limit }),
        ...(snapshot && { snapshot }),
      };
      for await (const chunk of database.chunks(range, Math.min(chunkEntries, limit ?? chunkEntries))) {
        for (const [key, sealed] of chunk) {
          const row = key.toString();
          yield { key: row, bytes: sealed.length, value: () => keyring.open(row, sealed) };
        }
      }
    },
  };
}
