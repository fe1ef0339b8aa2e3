import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { commandOf, pythonHere, type Sandbox, shims, type View } from "./sandbox.ts";

/** The processes of one execution environment: started, watched, and killed as a whole. */

export interface ProcessOptions {
  sandbox: Sandbox;
  view: View;
  runtime: string;
  memoryMb: number;
  variables: Readonly<Record<string, string>>;
  /** Port of Cloudkeep itself: the only thing outside that the function reaches. */
  cloudkeepPort: number;
  onConnection(socket: Socket): void;
  /** Complete lines (or messages) that the function printed. */
  onLine(text: string): void;
  onExit(exit: Exit): void;
}

export interface Exit {
  code: number | null;
  signal: string | null;
  /** Killed because it took more memory than it may. */
  outOfMemory: boolean;
}

const runtimePort = 9_001;
const telemetryFd = 4;
const watchMs = 100;
/** Of an environment that does nothing, one in so many looks is taken. */
const idleLooks = 20;
const maxLineBytes = 256 * 1024;
const frameMark = 0xa55a0003;
const frameHeadBytes = 16;
const pageBytes = 4_096;

/** Variables that every function has, and that a process can still be given while it runs. */
const readLater = new Set(["LD_LIBRARY_PATH", "NODE_PATH"]);

/** Ports that a sandbox opens within its own network. */
function sandboxPorts({ cloudkeepPort }: ProcessOptions): string {
  return `${runtimePort},${cloudkeepPort}`;
}

export class FunctionProcess {
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #watch: NodeJS.Timeout | undefined;
  #outOfMemory = false;
  #ended = false;
  #peakBytes = 0;
  #looks = 0;
  #partial = "";

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  /** It runs an invocation: its memory is looked at often. */
  isBusy = true;

  /** Most memory that was seen in use, in MB. */
  get peakMb(): number {
    if (this.#peakBytes === 0) this.#measure();
    return Math.ceil(this.#peakBytes / 1_048_576);
  }

  async start(): Promise<void> {
    const { sandbox, view } = this.#options;
    const isSandboxed = sandbox.kind === "bubblewrap";
    const api = isSandboxed ? `127.0.0.1:${runtimePort}` : `127.0.0.1:${await this.#listen()}`;
    const { program, args } = commandOf(sandbox, view, this.#program(isSandboxed));
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe", isSandboxed ? "ipc" : "ignore", "pipe"],
      serialization: "json",
      detached: true,
      cwd: isSandboxed ? "/" : view.taskDir,
      env: isSandboxed ? { CLOUDKEEP_LISTEN: sandboxPorts(this.#options) } : this.#environment(api),
      ...(sandbox.uid !== undefined && { uid: sandbox.uid, gid: sandbox.gid }),
    });
    this.#child = child;
    this.#expendable(child.pid);
    if (isSandboxed) this.#awaitPorts(child, api);
    this.#readOutput(child);
    child.on("error", () => this.#exited(null, null));
    child.on("exit", (code, signal) => {
      // What it printed last is still to be read.
      setImmediate(() => setImmediate(() => this.#exited(code, signal)));
    });
    this.#watch = setInterval(() => this.#watchMemory(), watchMs);
    this.#watch.unref();
  }

  kill(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#ended) return;
    try {
      // Its own process group; of a sandbox, the first process takes all others with it.
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
    this.#child?.kill("SIGKILL");
  }

  /** What is run, within the sandbox or without. */
  #program(isSandboxed: boolean): string[] {
    const { runtime, memoryMb, view } = this.#options;
    const node = isSandboxed ? "/var/lang/bin/node" : process.execPath;
    const own = isSandboxed ? "/var/runtime" : shims;
    const task = isSandboxed ? "/var/task" : view.taskDir;
    if (runtime.startsWith("nodejs")) {
      const heapMb = Math.max(64, Math.floor(memoryMb * 0.9));
      const run = [node, `--max-old-space-size=${heapMb}`, "--max-http-header-size=81920", `${own}/node.mjs`];
      return isSandboxed && this.#startsAnew() ? [node, `${own}/launcher.cjs`, ...run] : run;
    }
    const program = runtime.startsWith("python")
      ? [pythonHere()?.path ?? "python3", "-u", `${own}/python.py`]
      : [`${task}/bootstrap`];
    return isSandboxed ? [node, `${own}/launcher.cjs`, ...program] : program;
  }

  #environment(api: string): Record<string, string> {
    const { variables, runtime } = this.#options;
    const framed = runtime.startsWith("nodejs");
    return {
      ...variables,
      AWS_LAMBDA_RUNTIME_API: api,
      ...(framed && { _LAMBDA_TELEMETRY_LOG_FD: String(telemetryFd) }),
    };
  }

  /** Whether a variable or a library of the function's own counts when a process begins, and not later. */
  #startsAnew(): boolean {
    const { variables, view } = this.#options;
    const names = Object.keys(variables).filter((name) => !readLater.has(name));
    if (names.some((name) => /^(?:LD_|NODE_|OPENSSL_|SSL_|GCONV_)/.test(name))) return true;
    return [view.taskDir, view.optDir].some((folder) => folder && existsSync(join(folder, "lib")));
  }

  /**
   * What starts the sandbox has no variable of the function's: with one like LD_PRELOAD, the function would be at work
   * outside of it. They follow once the ports are handed out, when there is nothing left to be spoiled.
   */
  #awaitPorts(child: ChildProcess, api: string): void {
    let awaited = sandboxPorts(this.#options).split(",").length;
    child.on("message", (message, handle) => {
      if (awaited === 0 || typeof message !== "object" || message === null) return;
      awaited -= 1;
      this.#handedOut(message, handle as Server | undefined);
      if (awaited === 0) child.send({ variables: this.#environment(api) }, () => {});
    });
  }

  /** Whoever runs out of memory, it is not Cloudkeep that the system ends first. */
  #expendable(pid: number | undefined): void {
    try {
      if (pid !== undefined) writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
    } catch {
      // Not Linux, or gone already.
    }
  }

  /** A port that the sandbox has opened within its own network. */
  #handedOut(message: object, server: Server | undefined): void {
    const { port } = message as { port?: unknown };
    if (server === undefined || this.#ended) return void server?.close();
    this.#servers.push(server);
    server.on("error", () => {});
    server.on("connection", (socket) => {
      this.#keep(socket);
      if (port === runtimePort) this.#options.onConnection(socket);
      else this.#forward(socket);
    });
  }

  /** Hands a connection on to Cloudkeep's own port, where it proves itself as any other. */
  #forward(socket: Socket): void {
    const upstream = connect({ host: "127.0.0.1", port: this.#options.cloudkeepPort, noDelay: true });
    this.#keep(upstream);
    socket.pipe(upstream);
    upstream.pipe(socket);
    socket.on("close", () => upstream.destroy());
    upstream.on("close", () => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** Without a sandbox, the Runtime API has a port of its own for each environment. */
  async #listen(): Promise<number> {
    const server = createServer((socket) => {
      this.#keep(socket);
      this.#options.onConnection(socket);
    });
    this.#servers.push(server);
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(0, "127.0.0.1", done);
    });
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  #readOutput(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (piece: Buffer) => this.#take(piece.toString()));
      stream?.on("error", () => {});
    }
    let frames: Buffer = Buffer.alloc(0);
    const telemetry = child.stdio[telemetryFd];
    telemetry?.on("error", () => {});
    telemetry?.on("data", (piece: Buffer) => {
      frames = this.#takeFrames(frames.length === 0 ? piece : Buffer.concat([frames, piece]));
    });
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    if (this.#partial.length > maxLineBytes) {
      lines.push(this.#partial);
      this.#partial = "";
    }
    for (const line of lines) this.#options.onLine(`${line}\n`);
  }

  /** Messages of the runtime's own, each whole; returns what is left of one that is still to come. */
  #takeFrames(bytes: Buffer): Buffer {
    let at = 0;
    while (bytes.length - at >= frameHeadBytes) {
      if (bytes.readUInt32BE(at) !== frameMark) return Buffer.alloc(0);
      const end = at + frameHeadBytes + Math.min(bytes.readUInt32BE(at + 4), maxLineBytes);
      if (bytes.length < end) break;
      this.#options.onLine(`${bytes.toString("utf8", at + frameHeadBytes, end)}\n`);
      at = end;
    }
    return at === 0 ? bytes : bytes.subarray(at);
  }

  #watchMemory(): void {
    this.#looks += 1;
    if (!this.isBusy && this.#looks % idleLooks !== 0) return;
    if (this.#measure() <= this.#options.memoryMb * 1_048_576) return;
    this.#outOfMemory = true;
    this.kill();
  }

  /** Private memory of all the processes, in bytes. */
  #measure(): number {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#ended) return 0;
    // Of a sandbox's own processes, the first two are bubblewrap's and small.
    const bytes = memoryOf(pid);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    return bytes;
  }

  #exited(code: number | null, signal: string | null): void {
    if (this.#ended) return;
    if (this.#partial !== "") this.#take("\n");
    this.#ended = true;
    clearInterval(this.#watch);
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#options.onExit({ code, signal, outOfMemory: this.#outOfMemory });
  }
}

const maxProcessesSeen = 1_000;

/** Memory of a process and all that it started, without what they share with others. */
function memoryOf(root: number): number {
  let bytes = 0;
  const waiting = [root];
  for (let seen = 0; waiting.length > 0 && seen < maxProcessesSeen; seen += 1) {
    const pid = waiting.pop() as number;
    try {
      const [, resident = "0", shared = "0"] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
      bytes += (Number(resident) - Number(shared)) * pageBytes;
      for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ")) {
        if (child.trim() !== "") waiting.push(Number(child));
      }
    } catch {
      // Gone, or not Linux.
    }
  }
  return bytes;
}
