import { MemoryStore } from "./memory.ts";
import { exerciseStore } from "./suite.ts";

exerciseStore("MemoryStore", { open: async () => new MemoryStore(), dispose: (store) => store.close() });
