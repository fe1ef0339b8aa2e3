import { createHash, randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { S3 } from "@aws-sdk/client-s3";
import pino from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DigestName } from "../kit/digests.ts";
import { start } from "../start.ts";
import { MemoryStore } from "../storage/memory.ts";
import { DigestThread, DigestThreadEnded, maxSlotsOfBody, slotBytes } from "./digestThread.ts";
import { inMemory } from "./memoryBody.ts";

const names: DigestName[] = ["md5", "sha1", "sha256", "crc32", "crc32c", "crc64nvme"];
let thread: DigestThread;

afterEach(() => thread?.close());

async function digestsOf(bytes: Buffer, pieceBytes: number) {
  const body = thread.begin(names);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    await body.update(bytes.subarray(at, at + pieceBytes));
  return await body.digest();
}

/** A worker that takes what it is given, and answers nothing. */
function silentWorker(): Worker {
  return new Worker('require("node:worker_threads").parentPort.on("message", () => {})', { eval: true });
}

describe("digests on a thread", () => {
  it("are those of the main thread, whatever the pieces, for several bodies at once", async () => {
    thread = new DigestThread();
    const sizes = [0, 1, slotBytes - 1, slotBytes, slotBytes + 1, 2 * maxSlotsOfBody * slotBytes + 77];
    const bodies = sizes.map((size) => randomBytes(size));
    const found = await Promise.all(
      [1_000, 65_536, 3 * slotBytes].flatMap((pieceBytes) =>
        bodies.map((body) => digestsOf(body, pieceBytes)),
      ),
    );
    const expected = bodies.map((body) => inMemory(body, names, {}).digests);
    expect(found).toEqual([...expected, ...expected, ...expected]);
  });

  it("go on when a body was dropped", async () => {
    thread = new DigestThread();
    const dropped = thread.begin(names);
    await dropped.update(randomBytes(3 * slotBytes));
    dropped.drop();
    const bytes = randomBytes(slotBytes);
    expect(await digestsOf(bytes, 4_096)).toEqual(inMemory(bytes, names, {}).digests);
  });

  it("hold a body back when its slots are on the thread", async () => {
    thread = new DigestThread(silentWorker);
    const body = thread.begin(names);
    await body.update(Buffer.alloc(maxSlotsOfBody * slotBytes));
    const more = body.update(Buffer.of(1)).then(
      () => "taken",
      () => "failed",
    );
    expect(await Promise.race([more, setTimeout(100, "waits")])).toBe("waits");
    await thread.close();
    expect(await more).toBe("failed");
  });

  it("fail when the thread ends, and come from a new one then", async () => {
    const workers: Worker[] = [];
    thread = new DigestThread(() => {
      workers.push(silentWorker());
      return workers.at(-1) as Worker;
    });
    const [one, other] = [thread.begin(names), thread.begin(names)];
    const digests = [one.digest(), other.digest()];
    await workers[0]?.terminate();
    for (const digest of digests) await expect(digest).rejects.toBeInstanceOf(DigestThreadEnded);
    await expect(one.update(Buffer.of(1))).rejects.toBeInstanceOf(DigestThreadEnded);
    thread.begin(names);
    expect(workers).toHaveLength(2);
  });
});

it("a call whose thread ends fails with 500, is logged, and can be made again", async () => {
  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
  const server = await start({ store: new MemoryStore(), log });
  const { endpoint, credentials } = server;
  const s3 = new S3({ endpoint, region: "us-east-1", credentials, forcePathStyle: true, maxAttempts: 1 });
  try {
    await s3.createBucket({ Bucket: "digests" });
    const Body = randomBytes(3 * 2 ** 20);
    const broken = vi.spyOn(Worker.prototype, "postMessage").mockImplementation(function (this: Worker) {
      void this.terminate();
    });
    const put = () => s3.putObject({ Bucket: "digests", Key: "large", Body });
    await expect(put()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(lines.join()).toContain("The thread that computes digests ended.");
    broken.mockRestore();
    expect((await put()).ETag).toBe(`"${createHash("md5").update(Body).digest("hex")}"`);
  } finally {
    vi.restoreAllMocks();
    s3.destroy();
    await server.stop();
  }
});
