import { parentPort } from "node:worker_threads";
import type { DigestName } from "../kit/digests.ts";
import { RunningDigests } from "./memoryBody.ts";

/** The thread that computes digests of large bodies. `digestThread.ts` gives it its work. */

export type DigestTask = { body: number; names: readonly DigestName[] } & (
  | { kind: "bytes"; slot: ArrayBuffer; length: number }
  | { kind: "end" | "drop" }
);

/** A slot comes back once its bytes are read; the digests come once the body has ended. */
export type DigestReply =
  | { body: number; slot: ArrayBuffer }
  | { body: number; slot?: never; digests: Partial<Record<DigestName, Uint8Array>> };

const bodies = new Map<number, RunningDigests>();

function digestsOf({ body, names }: DigestTask): RunningDigests {
  const known = bodies.get(body) ?? new RunningDigests(names);
  bodies.set(body, known);
  return known;
}

function reply(message: DigestReply, slots: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, slots);
}

parentPort?.on("message", (task: DigestTask) => {
  const { body } = task;
  if (task.kind === "bytes") {
    digestsOf(task).update(Buffer.from(task.slot, 0, task.length));
    reply({ body, slot: task.slot }, [task.slot]);
    return;
  }
  if (task.kind === "end") reply({ body, digests: digestsOf(task).digest() });
  bodies.delete(body);
});
