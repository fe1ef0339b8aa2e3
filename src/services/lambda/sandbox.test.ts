import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { pythonHere, sandboxHere } from "./runtime/sandbox.ts";
import { invoke, lambdaClient, lambdaRole, makeFunction, zipOf } from "./testing.ts";

/** What a function tries in order to get out, or to harm others: it harms itself at most. */

const sandbox = await sandboxHere();
const isSandboxed = sandbox.kind === "bubblewrap";
if (!isSandboxed) console.warn(`Skipped: functions have no sandbox here (${sandbox.reason}).`);

let cloudkeep: Cloudkeep;
let role: string;
let home: string;
let other: Server;
let otherPort = 0;
const lambda = () => lambdaClient(cloudkeep);

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "lambda-escape-"));
  writeFileSync(join(home, "root.key"), "root key");
  const credentialsFile = join(home, "credentials.json");
  cloudkeep = await start({ store: new MemoryStore(), credentialsFile });
  role = await lambdaRole(cloudkeep, "role");
  other = createServer((socket) => socket.end("reached"));
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  otherPort = (other.address() as { port: number }).port;
  await makeFunction(lambda(), "neighbour", role, {
    "index.mjs": "export const handler = async () => 1;",
    "secret.txt": "secret",
  });
  await invoke(lambda(), "neighbour");
  await makeFunction(lambda(), "probe", role, probe, { Timeout: 10, MemorySize: 256 });
});
afterAll(async () => {
  await cloudkeep.stop();
  other.close();
  rmSync(home, { recursive: true, force: true });
});

/** Runs what is asked, and answers with its value or its error's code. */
const probe = `
import fs from "node:fs"; import net from "node:net"; import os from "node:os"; import cp from "node:child_process"; import dgram from "node:dgram"; import path from "node:path";
const AsyncFunction = (async () => {}).constructor;
export const handler = async ({ code }) => {
  try { return { value: await new AsyncFunction("fs", "net", "os", "cp", "dgram", "path", code)(fs, net, os, cp, dgram, path) ?? null }; }
  catch (error) { return { error: error.code ?? error.message }; }
};`;

async function attempt(code: string): Promise<{ value?: unknown; error?: string }> {
  return (await invoke(lambda(), "probe", { code })).value as { value?: unknown; error?: string };
}

/** Connects to a port, and answers what comes of it. */
const connecting = (host: string, port: number) =>
  `return await new Promise((done) => { const s = net.connect({ host: "${host}", port: ${port} }); s.setTimeout(2000, () => { s.destroy(); done("timeout"); }); s.on("data", (d) => done(String(d))); s.on("error", (e) => done(e.code)); });`;

describe.skipIf(!isSandboxed)("a function in its sandbox", () => {
  it.each([
    ["the operator's home", () => `return fs.readdirSync(${JSON.stringify(homedir())});`],
    [
      "AWS credentials of the operator",
      () => `return fs.readFileSync(${JSON.stringify(join(homedir(), ".aws/credentials"))}, "utf8");`,
    ],
    ["the root key", () => `return fs.readFileSync(${JSON.stringify(join(home, "root.key"))}, "utf8");`],
    [
      "the root credentials",
      () => `return fs.readFileSync(${JSON.stringify(join(home, "credentials.json"))}, "utf8");`,
    ],
    ["the data directory", () => `return fs.readdirSync(${JSON.stringify(home)});`],
    ["the repository", () => `return fs.readdirSync(${JSON.stringify(process.cwd())});`],
    ["hashes of passwords", () => `return fs.readFileSync("/etc/shadow", "utf8");`],
    ["the machine's name table", () => `return fs.readdirSync("/run");`],
    ["logs of the machine", () => `return fs.readdirSync("/var/log");`],
    ["devices", () => `return fs.openSync("/dev/mem", "r");`],
    ["disks", () => `return fs.readdirSync("/dev/disk");`],
    ["environment of the parent", () => `return fs.readFileSync("/proc/${process.pid}/environ", "utf8");`],
    ["files of the parent", () => `return fs.readdirSync("/proc/${process.pid}/root");`],
    ["/proc of another namespace", () => `return fs.readdirSync("/proc/${process.pid}");`],
    [
      "kernel settings",
      () => `fs.writeFileSync("/proc/sys/kernel/core_pattern", "|/tmp/x"); return "written";`,
    ],
    ["control groups", () => `fs.mkdirSync("/sys/fs/cgroup/mine"); return "made";`],
  ])("cannot reach %s", async (_, code) => {
    const { error, value } = await attempt(code());
    expect(value).toBeUndefined();
    expect(error).toMatch(/^(?:ENOENT|EACCES|EPERM|EROFS|ENOTDIR)$/);
  });

  it.each([
    ["its own code", "/var/task/index.mjs"],
    ["the runtime", "/var/runtime/node.mjs"],
    ["the system", "/usr/bin/evil"],
    ["the root", "/evil"],
    ["devices", "/dev/evil"],
    ["settings of the system", "/etc/evil"],
    ["layers", "/opt/evil"],
  ])("cannot write to %s", async (_, file) => {
    const { error } = await attempt(`fs.writeFileSync(${JSON.stringify(file)}, "x"); return "written";`);
    expect(error).toMatch(/^(?:EROFS|EACCES|EPERM)$/);
  });

  it("sees no process but its own", async () => {
    const code = `return fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map((pid) => fs.readFileSync("/proc/" + pid + "/cmdline", "utf8").split("\\0")[0]);`;
    const programs = (await attempt(code)).value as string[];
    expect(programs.every((one) => /^(?:bwrap|\/var\/lang\/bin\/node)$/.test(one))).toBe(true);
  });

  it("sees no code but its own", async () => {
    const code = `const found = []; const walk = (folder, depth) => { let names = []; try { names = fs.readdirSync(folder); } catch { return; } for (const name of names) { if (name === "secret.txt") found.push(folder); if (depth < 3) walk(path.join(folder, name), depth + 1); } }; walk("/tmp", 0); walk("/var", 0); walk("/opt", 0); return found;`;
    expect((await attempt(code)).value).toEqual([]);
  });

  it("cannot signal the parent", async () => {
    expect((await attempt(`process.kill(${process.pid}, "SIGTERM"); return "sent";`)).error).toMatch(
      /ESRCH|EPERM/,
    );
    expect((await attempt(`process.kill(-1, 0); return "asked";`)).error ?? "asked").toBeDefined();
    expect((await invoke(lambda(), "neighbour")).value).toBe(1);
  });

  it.each([
    ["other ports of this machine", () => connecting("127.0.0.1", otherPort), /ECONNREFUSED/],
    ["link-local addresses", () => connecting("169.254.169.254", 80), /ENETUNREACH|EHOSTUNREACH|timeout/],
    ["addresses elsewhere", () => connecting("192.0.2.1", 80), /ENETUNREACH|EHOSTUNREACH|timeout/],
    ["IPv6", () => connecting("::1", otherPort), /ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH/],
  ])("cannot connect to %s", async (_, code, expected) => {
    expect((await attempt(code())).value).toMatch(expected);
  });

  it("reaches Cloudkeep, as nobody but its role", async () => {
    const code = `const { AWS_ENDPOINT_URL } = process.env; const answer = await fetch(AWS_ENDPOINT_URL + "/?Action=GetCallerIdentity&Version=2011-06-15"); return [answer.status, await answer.text()];`;
    const [status, text] = (await attempt(code)).value as [number, string];
    expect([status, text]).toEqual([403, expect.stringContaining("MissingAuthenticationToken")]);
  });

  it("has no code at work before its variables count, or outside", async () => {
    const early = `
      const fs = require("node:fs");
      globalThis.early = { fds: fs.readdirSync("/proc/self/fd").length, channel: process.channel !== undefined };
      try { fs.writeSync(3, "null\\n{garbage\\n"); } catch {}`;
    const source =
      "exports.handler = async () => ({ ...globalThis.early, preload: process.env.LD_PRELOAD });";
    const variables = { NODE_OPTIONS: "--require /var/task/early.cjs", LD_PRELOAD: "/no/such/library.so" };
    await makeFunction(
      lambda(),
      "early",
      role,
      { "index.cjs": source, "early.cjs": early },
      { Environment: { Variables: variables } },
    );
    const { value } = await invoke(lambda(), "early");
    expect(value).toMatchObject({ channel: false, preload: variables.LD_PRELOAD });
    expect((await attempt("return 1;")).value).toBe(1);
  });

  it("is nobody of importance", async () => {
    const code = `return { uid: process.getuid(), caps: /CapEff:\\s+(\\S+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1], groups: process.getgroups() };`;
    expect((await attempt(code)).value).toMatchObject({ uid: 993, caps: "0000000000000000" });
  });

  it.each([
    ["become root", `process.setuid(0); return "root";`],
    [
      "run what would make it root",
      `const r = cp.spawnSync("su", ["-c", "id -u"], { input: "" }); if (r.status !== 0) throw Object.assign(new Error(), { code: "EPERM" }); return String(r.stdout);`,
    ],
    [
      "mount",
      `const r = cp.spawnSync("mount", ["-t", "tmpfs", "none", "/mnt"]); if (r.status !== 0) throw Object.assign(new Error(), { code: "EPERM" }); return "mounted";`,
    ],
    [
      "make a namespace of its own",
      `const r = cp.spawnSync("unshare", ["-Ur", "id", "-u"]); if (r.status !== 0) throw Object.assign(new Error(), { code: "EPERM" }); return String(r.stdout);`,
    ],
    [
      "trace another process",
      `const r = cp.spawnSync("python3", ["-c", "import ctypes,sys; sys.exit(0 if ctypes.CDLL(None).ptrace(16, ${process.pid}, 0, 0) == 0 else 1)"]); if (r.status !== 0) throw Object.assign(new Error(), { code: "EPERM" }); return "traced";`,
    ],
    [
      "change the time",
      `const r = cp.spawnSync("date", ["-s", "2001-01-01"]); if (r.status !== 0) throw Object.assign(new Error(), { code: "EPERM" }); return "set";`,
    ],
    [
      "leave its root",
      `const r = cp.spawnSync("chroot", ["/proc/1/root", "id"]); if (r.status !== 0) throw Object.assign(new Error(), { code: "EPERM" }); return "left";`,
    ],
  ])("cannot %s", async (_, code) => {
    const { error, value } = await attempt(code);
    expect(value).toBeUndefined();
    expect(error).toBeDefined();
  });

  it("that forks without end forks no further than it may", async () => {
    const source = `import cp from "node:child_process"; export const handler = () => new Promise((done) => { let made = 0; let failed = false; const more = () => { for (let i = 0; i < 50 && !failed; i += 1) { const child = cp.spawn("/bin/sleep", ["60"]); child.on("error", () => { failed = true; }); if (child.pid) made += 1; } if (failed || made > 2000) done({ made, failed }); else setTimeout(more, 10); }; more(); });`;
    await makeFunction(lambda(), "fork", role, source, { Timeout: 20, MemorySize: 512 });
    const { value } = await invoke(lambda(), "fork");
    expect(value).toMatchObject({ failed: true });
    expect((value as { made: number }).made).toBeLessThan(300);
    expect((await invoke(lambda(), "neighbour")).value).toBe(1);
  });

  it("that fills the disk fills its own", async () => {
    const code = `let bytes = 0; const piece = Buffer.alloc(16 * 1024 * 1024); try { for (;;) { fs.writeFileSync("/tmp/" + bytes, piece); bytes += piece.length; } } catch (error) { for (const name of fs.readdirSync("/tmp")) fs.unlinkSync("/tmp/" + name); return [error.code, bytes]; }`;
    const [why, bytes] = (await attempt(code)).value as [string, number];
    expect(why).toMatch(/ENOSPC|EFBIG/);
    expect(bytes).toBeLessThanOrEqual(512 * 1024 * 1024);
    expect(
      (await attempt(`fs.writeFileSync("/dev/shm/x", Buffer.alloc(128 * 1024 * 1024)); return "written";`))
        .error,
    ).toMatch(/ENOSPC|EACCES/);
  });

  it("that eats memory is killed, and nothing else", async () => {
    const source =
      "export const handler = async () => { const all = []; for (;;) all.push(Buffer.alloc(8 * 1024 * 1024, 1)); };";
    await makeFunction(lambda(), "memory", role, source, { Timeout: 20, MemorySize: 128 });
    const { error, value } = await invoke(lambda(), "memory");
    expect(error).toBe("Unhandled");
    expect(value).toMatchObject({ errorType: expect.stringMatching(/^Runtime\.(?:OutOfMemory|ExitError)$/) });
    expect((await invoke(lambda(), "neighbour")).value).toBe(1);
  });

  it("that loops without end is stopped, with all that it started", async () => {
    const source = `import cp from "node:child_process"; export const handler = () => { cp.spawn("/bin/sh", ["-c", "exec sleep 87654"], { detached: true }); for (;;); };`;
    await makeFunction(lambda(), "loop", role, source, { Timeout: 1 });
    expect((await invoke(lambda(), "loop")).value).toMatchObject({ errorType: "Sandbox.Timedout" });
    const leftOver = () =>
      readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes("87654"));
    await expect.poll(leftOver).toEqual([]);
  });

  it("that holds many files open holds its own", async () => {
    const code = `const open = []; try { for (;;) open.push(fs.openSync("/var/task/index.mjs")); } catch (error) { for (const fd of open) fs.closeSync(fd); return [error.code, open.length < 1024]; }`;
    expect((await attempt(code)).value).toEqual(["EMFILE", true]);
  });

  it("that answers garbage harms only itself", async () => {
    const source = `import net from "node:net"; const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":"); const say = (text) => new Promise((done) => { const s = net.connect({ host, port: Number(port) }); s.write(text); s.on("data", () => {}); s.on("close", done); s.on("error", done); setTimeout(() => { s.destroy(); done(); }, 200); }); export const handler = async () => { await say("garbage\\r\\n\\r\\n"); await say("POST /2018-06-01/runtime/invocation/00000000-0000-0000-0000-000000000000/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1\\r\\n\\r\\n1"); await say("GET /etc/passwd HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"); return "done"; };`;
    await makeFunction(lambda(), "garbage", role, source, { Timeout: 10 });
    expect((await invoke(lambda(), "garbage")).value).toBe("done");
  });

  it.skipIf(pythonHere() === undefined)("has limits that it cannot raise", async () => {
    const source =
      "import resource\ndef handler(event, context):\n    try:\n        resource.setrlimit(resource.RLIMIT_NPROC, (100000, 100000))\n        return 'raised'\n    except (ValueError, PermissionError) as error:\n        return type(error).__name__";
    await makeFunction(lambda(), "limits", role, source, { Runtime: "python3.12" });
    expect((await invoke(lambda(), "limits")).value).toMatch(/^(?:ValueError|PermissionError)$/);
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

describe("an archive", () => {
  it.each([
    ["a path that climbs", [{ name: "../../evil.js", content: "x" }]],
    ["an absolute path", [{ name: "/etc/evil", content: "x" }]],
    ["a path with a backslash", [{ name: "..\\evil.js", content: "x" }]],
    ["no zip at all", Buffer.from("this is no archive")],
    ["nothing", Buffer.alloc(0)],
  ])("with %s is refused", async (_, content) => {
    const ZipFile = Buffer.isBuffer(content) ? content : zipOf(content);
    const call = lambda().createFunction({
      FunctionName: "bad",
      Role: role,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Code: { ZipFile },
    });
    expect(await errorOf(call)).toMatchObject({
      name: "InvalidParameterValueException",
      message: "Could not unzip uploaded file. Please check your file, then try to upload again.",
    });
  });

  it("that unpacks to more than 250 MB is refused", async () => {
    const piece = Buffer.alloc(90_000_000);
    const content = ["a", "b", "c"].map((name) => ({ name, content: piece }));
    const call = lambda().createFunction({
      FunctionName: "bomb",
      Role: role,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Code: { ZipFile: zipOf(content) },
    });
    expect((await errorOf(call)).message).toBe("Unzipped size must be smaller than 262144000 bytes");
  });

  it.each([
    [
      "that lies about its size",
      [{ name: "index.mjs", content: Buffer.alloc(50_000_000), claimedBytes: 10 }],
    ],
    ["with a link that leads out", [{ name: "index.mjs", content: "/etc/passwd", mode: 0o120777 }]],
    ["with a link that climbs", [{ name: "a/b", content: "../../../../etc", mode: 0o120777 }]],
    [
      "with a file behind a link",
      [
        { name: "out", content: "/tmp", mode: 0o120777 },
        { name: "out/evil", content: "x" },
      ],
    ],
  ])("%s is not run", async (_, content) => {
    const name = `lie${Math.random().toString(36).slice(2)}`;
    await makeFunction(lambda(), name, role, content).catch(() => {});
    const answer = await invoke(lambda(), name).catch((error: Error) => ({ value: error.name }));
    expect(JSON.stringify(answer.value)).toMatch(/ServiceException|InvalidZipFileException|ResourceNotFound/);
  });

  it("of more than 50 MB is refused", async () => {
    const call = lambda().createFunction({
      FunctionName: "large",
      Role: role,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Code: { ZipFile: Buffer.alloc(52_428_801) },
    });
    expect(await errorOf(call)).toMatchObject({
      name: "RequestEntityTooLargeException",
      message: "Zipped size must be smaller than 52428800 bytes",
      $metadata: { httpStatusCode: 413 },
    });
  });

  it("keeps links within itself, and loses set-user-id bits", async () => {
    const content = [
      { name: "lib/real.mjs", content: "export const value = 42;" },
      { name: "link.mjs", content: "lib/real.mjs", mode: 0o120777 },
      { name: "tool", content: "#!/bin/sh", mode: 0o104755 },
      {
        name: "index.mjs",
        content:
          "import fs from 'node:fs'; import { value } from './link.mjs'; export const handler = async () => ({ value, mode: fs.statSync(process.env.LAMBDA_TASK_ROOT + '/tool').mode & 0o7777 });",
      },
    ];
    await makeFunction(lambda(), "links", role, content);
    expect((await invoke(lambda(), "links")).value).toEqual({ value: 42, mode: 0o755 });
  });
});
