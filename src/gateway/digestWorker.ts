import { parentPort } from "node:worker_threads";
import type { DigestName } from "../kit/digests.ts";
import { RunningDigests } from "./memoryBody.ts";

/** The thread that computes digests of large bodies. Who asks is `digestThread.ts`. */

export type DigestTask =
  | { kind: "bytes"; body: number; names: readonly DigestName[]; slot: ArrayBuffer; length: number }
  | { kind: "end"; body: number; names: readonly DigestName[] }
  | { kind: "drop"; body: number };

/** A slot comes back once its bytes are read; the digests come once the body has ended. */
export type DigestReply =
  | { body: number; slot: ArrayBuffer }
  | { body: number; digests: Partial<Record<DigestName, Uint8Array>> };

const bodies = new Map<number, RunningDigests>();

function digestsOf(body: number, names: readonly DigestName[]): RunningDigests {
  const known = bodies.get(body);
  if (known !== undefined) return known;
  const made = new RunningDigests(names);
  bodies.set(body, made);
  return made;
}

parentPort?.on("message", (task: DigestTask) => {
  const { kind, body } = task;
  if (kind === "bytes") {
    digestsOf(body, task.names).update(Buffer.from(task.slot, 0, task.length));
    const reply: DigestReply = { body, slot: task.slot };
    parentPort?.postMessage(reply, [task.slot]);
    return;
  }
  if (kind === "end") {
    const reply: DigestReply = { body, digests: digestsOf(body, task.names).digest() };
    parentPort?.postMessage(reply);
  }
  bodies.delete(body);
});
