import type { QueueEngine } from "./engine.ts";
import { fifoQueue } from "./fifo.ts";
import { standardQueue } from "./standard.ts";
import type { QueueRow } from "./tables.ts";

export function engineOf({ settings }: Pick<QueueRow, "settings">): QueueEngine {
  return settings.fifo ? fifoQueue : standardQueue;
}
