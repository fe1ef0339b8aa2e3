import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixedRootKey, newRootKey } from "../sealing/rootKey.ts";
import { LevelStore } from "./level.ts";
import { exerciseStore } from "./suite.ts";

const directories = new Map<unknown, string>();

exerciseStore("LevelStore", {
  async open() {
    const dir = mkdtempSync(join(tmpdir(), "cloudkeep-level-"));
    const store = await LevelStore.open({ dir, rootKey: fixedRootKey(newRootKey()) });
    directories.set(store, dir);
    return store;
  },
  async dispose(store) {
    await store.close();
    rmSync(directories.get(store) as string, { recursive: true, force: true });
  },
});
