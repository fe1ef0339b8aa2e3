import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteStore } from "./storage/bytes.ts";
import type { Store } from "./storage/store.ts";

/** The byte store of a store, and the temporary directory that one in memory needs for it. */
export class Bodies {
  readonly bytes: ByteStore;
  readonly #temporary: string | undefined;

  constructor(store: Store & { identity?: { bytesDir: string } }) {
    const { bytesDir } = store.identity ?? {};
    if (bytesDir === undefined) this.#temporary = mkdtempSync(join(tmpdir(), "cloudkeep-bytes-"));
    this.bytes = new ByteStore(bytesDir ?? (this.#temporary as string), store);
  }

  async close(): Promise<void> {
    await this.bytes.close();
    if (this.#temporary !== undefined) rmSync(this.#temporary, { recursive: true, force: true });
  }
}
