import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { buildDirectory } from "../../../kit/buildFiles.ts";

/**
 * How a function's processes are kept to themselves: bubblewrap, where it works, gives each environment namespaces
 * of its own (users, processes, network, mounts), a read-only system, and a /tmp of a given size.
 */

export interface Sandbox {
  kind: "bubblewrap" | "process";
  /** Who the processes are outside; undefined, whoever runs Cloudkeep. */
  uid?: number;
  gid?: number;
  /** Why there is no sandbox, where there is none. */
  reason?: string;
}

/** What runs within a function's environment stands here. */
export const shims: string = join(buildDirectory, "lambda");

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html has 1,024 of each. */
const maxProcesses = 256;
const maxOpenFiles = 1_024;
const sharedMemoryBytes = 64 * 1024 * 1024;

/** Nobody: root's processes would not be bound by limits on their number. */
const nobody = 65_534;
const trialMs = 5_000;

const prlimit = "/usr/bin/prlimit";

let found: Promise<Sandbox> | undefined;

/** Tries once, for the whole process, what works here. */
export function sandboxHere(): Promise<Sandbox> {
  found ??= tryOut();
  return found;
}

async function tryOut(): Promise<Sandbox> {
  if (process.env.CLOUDKEEP_LAMBDA_SANDBOX === "off") return plain("CLOUDKEEP_LAMBDA_SANDBOX is off");
  if (process.platform !== "linux") return plain(`bubblewrap is not for ${process.platform}`);
  const sandbox: Sandbox = { kind: "bubblewrap", ...lessThanRoot() };
  const problem = await trial(sandbox);
  return problem === undefined ? sandbox : plain(problem);
}

function plain(reason: string): Sandbox {
  return { kind: "process", reason, ...lessThanRoot() };
}

/** What root owns, root may write to, whatever namespaces it is in: kernel settings below /proc, for one. */
function lessThanRoot(): Pick<Sandbox, "uid" | "gid"> {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
}

function trial(sandbox: Sandbox): Promise<string | undefined> {
  const { program, args } = commandOf(
    sandbox,
    { taskDir: shims, optDir: undefined, tmpBytes: 1_048_576, etcDir: shims },
    ["/var/lang/bin/node", "-e", "0"],
  );
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: {},
      timeout: trialMs,
      ...(sandbox.uid !== undefined && { uid: sandbox.uid, gid: sandbox.gid }),
    });
    let said = "";
    child.stderr.on("data", (piece: Buffer) => {
      said += piece.toString();
    });
    child.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ENOENT" ? "bubblewrap is not installed" : error.message),
    );
    child.on("close", (code) =>
      resolve(code === 0 ? undefined : said.trim().slice(0, 300) || `exit ${code}`),
    );
  });
}

/** What an environment sees of the machine's files. */
export interface View {
  taskDir: string;
  optDir: string | undefined;
  /** Size of /tmp. */
  tmpBytes: number;
  /** passwd, group, hosts and the like. */
  etcDir: string;
  /** Python, where it does not stand below /usr. */
  pythonDir?: string | undefined;
}

export interface Command {
  program: string;
  args: string[];
}

const systemFolders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const systemFiles = [
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/ssl",
  "/etc/pki",
  "/etc/ca-certificates",
  "/etc/alternatives",
  "/etc/localtime",
];
const ownFiles = ["passwd", "group", "hosts", "nsswitch.conf", "resolv.conf"];

/** The command line that runs a program in a sandbox; its environment variables are given to it apart. */
export function commandOf(sandbox: Sandbox, view: View, program: readonly string[]): Command {
  const limited = [...limitsOf(view), ...program];
  if (sandbox.kind === "process") return { program: limited[0] as string, args: limited.slice(1) };
  return { program: "bwrap", args: [...bubblewrapArguments(view), "--", ...limited] };
}

function limitsOf({ tmpBytes }: View): string[] {
  if (existsSync(prlimit)) {
    return [
      prlimit,
      `--nproc=${maxProcesses}`,
      `--nofile=${maxOpenFiles}`,
      `--fsize=${tmpBytes}`,
      "--core=0",
      "--memlock=65536",
    ];
  }
  const blocks = Math.ceil(tmpBytes / 512);
  return ["/bin/sh", "-c", `ulimit -n ${maxOpenFiles}; ulimit -f ${blocks}; ulimit -c 0; exec "$@"`, "sh"];
}

function bubblewrapArguments({ taskDir, optDir, tmpBytes, etcDir, pythonDir }: View): string[] {
  const args = ["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "993", "--gid", "990"];
  args.push("--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "sandbox");
  args.push("--ro-bind", "/usr", "/usr");
  for (const folder of systemFolders) {
    if (!existsSync(folder)) continue;
    if (lstatSync(folder).isSymbolicLink()) args.push("--symlink", readlinkSync(folder), folder);
    else args.push("--ro-bind", folder, folder);
  }
  for (const file of systemFiles) args.push("--ro-bind-try", file, file);
  for (const file of ownFiles) args.push("--ro-bind-try", join(etcDir, file), `/etc/${file}`);
  if (pythonDir !== undefined) args.push("--ro-bind", pythonDir, pythonDir);
  args.push("--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev");
  args.push("--size", String(sharedMemoryBytes), "--tmpfs", "/dev/shm", "--remount-ro", "/dev");
  args.push("--size", String(tmpBytes), "--tmpfs", "/tmp");
  args.push("--ro-bind", taskDir, "/var/task", "--ro-bind", shims, "/var/runtime");
  args.push("--ro-bind", process.execPath, "/var/lang/bin/node");
  if (optDir === undefined) args.push("--dir", "/opt");
  else args.push("--ro-bind", optDir, "/opt");
  // Last, so that not even the empty root can be written to.
  args.push("--remount-ro", "/", "--chdir", "/var/task");
  return args;
}

export interface Python {
  path: string;
  prefix: string;
  /** "3.11" */
  version: string;
}

let python: Python | undefined | "unknown" = "unknown";

/** The machine's Python; undefined where there is none. */
export function pythonHere(): Python | undefined {
  if (python !== "unknown") return python;
  const script =
    "import sys; print(sys.executable); print(sys.base_prefix); print('%d.%d' % sys.version_info[:2])";
  python = undefined;
  // The system's own first: every sandbox has it.
  for (const program of ["/usr/bin/python3", "/usr/local/bin/python3", "python3"]) {
    const asked = spawnSync(program, ["-c", script], { encoding: "utf8", timeout: trialMs });
    const [path, prefix, version] = (asked.stdout ?? "").split("\n");
    if (asked.status !== 0 || !path || !prefix || !version) continue;
    python = { path, prefix, version };
    break;
  }
  return python;
}
