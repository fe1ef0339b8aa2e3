import type { StreamedBody } from "../kit/body.ts";
import { type DigestName, newDigest } from "../kit/digests.ts";

/** A body that is at hand. */
export function inMemory(
  bytes: Buffer,
  names: readonly DigestName[],
  trailers: StreamedBody["trailers"],
): StreamedBody {
  const running = new RunningDigests(names);
  running.update(bytes);
  return { size: bytes.length, digests: running.digest(), trailers, content: bytes };
}

/** Digests of one body, computed as it passes. */
export class RunningDigests {
  readonly #running: [DigestName, ReturnType<typeof newDigest>][];

  constructor(names: readonly DigestName[]) {
    this.#running = [...new Set(names)].map((name) => [name, newDigest(name)]);
  }

  update(bytes: Buffer): void {
    for (const [, digest] of this.#running) digest.update(bytes);
  }

  digest(): StreamedBody["digests"] {
    return Object.fromEntries(this.#running.map(([name, digest]) => [name, digest.digest()]));
  }
}
