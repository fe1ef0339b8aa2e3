import { connect, type Socket } from "node:net";

/** A bounded load over raw sockets: as little work as possible on the side that is not measured. */

export interface Load {
  port: number;
  connections: number;
  /** Whole HTTP/1.1 requests, sent in turn; each connection sends its next when its answer is complete. */
  requests: Buffer[];
  /** How many to send in all; the list is gone through again if it is shorter. */
  count: number;
  follow?: Follow;
}

/** What the connection sends next in view of an answer; undefined for the next of the list. */
export type Follow = (answer: Buffer) => Buffer | undefined;

export interface LoadResult {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers that were not 200. */
  failed: number;
  firstFailure?: string;
}

export async function runLoad({ port, connections, requests, count, follow }: Load): Promise<LoadResult> {
  const latencies = new Float64Array(count);
  let sent = 0;
  let taken = 0;
  let done = 0;
  let failed = 0;
  let firstFailure: string | undefined;
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const sockets: Socket[] = [];
    const finish = () => {
      for (const socket of sockets) socket.destroy();
      resolve();
    };
    for (let i = 0; i < connections; i++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      sockets.push(socket);
      let begun = 0;
      let buffered: Buffer | undefined;
      // A long answer comes in many pieces: they are put together once.
      let later: Buffer[] = [];
      let missing = 0;
      const next = (request?: Buffer) => {
        if (sent >= count) return;
        sent += 1;
        begun = performance.now();
        socket.write(request ?? (requests[taken++ % requests.length] as Buffer));
      };
      socket.on("connect", () => next());
      socket.on("error", reject);
      socket.on("close", () => done < count && reject(new Error("The server closed a connection.")));
      socket.on("data", (chunk) => {
        if (missing > chunk.length) {
          later.push(chunk);
          missing -= chunk.length;
          return;
        }
        buffered = Buffer.concat([...(buffered === undefined ? [] : [buffered]), ...later, chunk]);
        later = [];
        const end = answerEnd(buffered);
        missing = Math.max(0, end - buffered.length);
        if (end < 0 || missing > 0) return;
        if (buffered.toString("latin1", 9, 12) !== "200") {
          failed++;
          firstFailure ??= buffered.toString("utf8", 0, end);
        }
        const answer = buffered.subarray(0, end);
        buffered = end < buffered.length ? buffered.subarray(end) : undefined;
        latencies[done++] = performance.now() - begun;
        if (done === count) finish();
        else next(follow?.(answer));
      });
    }
  });
  const seconds = (performance.now() - started) / 1000;
  latencies.sort();
  return {
    perSecond: count / seconds,
    p50Ms: latencies[Math.floor(count * 0.5)] ?? 0,
    p99Ms: latencies[Math.floor(count * 0.99)] ?? 0,
    failed,
    ...(firstFailure !== undefined && { firstFailure }),
  };
}

/** Where the first answer ends, or will end; -1 while its head is incomplete. */
function answerEnd(bytes: Buffer): number {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  const length = /content-length: (\d+)/i.exec(bytes.toString("latin1", 0, head));
  return head + 4 + Number(length?.[1] ?? 0);
}

/** The same load on a server that may close its connections: by `node:http`, which takes more of the client. */
export async function runPeerLoad(
  url: string,
  connections: number,
  requests: Buffer[],
  count: number,
): Promise<LoadResult> {
  const latencies = new Float64Array(count);
  let sent = 0;
  let done = 0;
  let failed = 0;
  const started = performance.now();
  const worker = async () => {
    while (sent < count) {
      const [head = "", body = ""] = (requests[sent++ % requests.length] as Buffer)
        .toString()
        .split("\r\n\r\n");
      const headers = Object.fromEntries(
        head
          .split("\r\n")
          .slice(1)
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()])
          .filter(([name]) => !/^(?:host|content-length|connection)$/i.test(name as string)),
      );
      const begun = performance.now();
      const response = await fetch(url, {
        method: "POST",
        headers,
        body,
        signal: AbortSignal.timeout(20_000),
      });
      await response.arrayBuffer();
      if (response.status !== 200) failed++;
      latencies[done++] = performance.now() - begun;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort();
  return {
    perSecond: count / seconds,
    p50Ms: latencies[Math.floor(count * 0.5)] ?? 0,
    p99Ms: latencies[Math.floor(count * 0.99)] ?? 0,
    failed,
  };
}
