import { mkdtempSync, rmSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unpack } from "./archive.ts";
import type { Sandbox } from "./sandbox.ts";
import type { PackageRef, Runnable } from "./types.ts";

/**
 * Code as it lies unpacked while it is run: in a directory that only its owner may enter, outside of the sealed
 * store, wiped when Cloudkeep starts and stops.
 */

const prefix = "cloudkeep-lambda-";

/** What it stands for on the machine, as a function sees it. */
const ownFiles: Readonly<Record<string, string>> = {
  passwd: "root:x:0:0:root:/root:/bin/false\nsbx_user1051:x:993:990::/home/sbx_user1051:/bin/false\n",
  group: "root:x:0:\nsbx:x:990:\n",
  hosts: "127.0.0.1 localhost sandbox\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  "resolv.conf": "",
};

export type ReadPackage = (ref: PackageRef) => Promise<Buffer>;

export class Packages {
  readonly #root: string;
  readonly #sandbox: Sandbox;
  readonly #unpacking = new Map<string, Promise<string>>();

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#root = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  }

  get etcDir(): string {
    return join(this.#root, "etc");
  }

  async prepare(): Promise<void> {
    await wipeAbandoned(this.#root);
    await mkdir(this.etcDir, { recursive: true });
    for (const [name, text] of Object.entries(ownFiles)) await writeFile(join(this.etcDir, name), text);
    await chmod(this.#root, 0o700);
    const { uid, gid } = this.#sandbox;
    if (uid !== undefined && gid !== undefined) await chown(this.#root, uid, gid);
  }

  /** Folder of a function's code. */
  async code({ code }: Runnable, read: ReadPackage): Promise<string> {
    return await this.#folder(`code-${name(code.sha256)}`, [code], read);
  }

  /** Folder of a function's layers, one over the other; undefined if it has none. */
  async layers({ layers }: Runnable, read: ReadPackage): Promise<string | undefined> {
    if (layers.length === 0) return undefined;
    return await this.#folder(`opt-${layers.map(({ sha256 }) => name(sha256)).join("-")}`, layers, read);
  }

  wipe(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #folder(named: string, refs: readonly PackageRef[], read: ReadPackage): Promise<string> {
    const short = named.slice(0, 200);
    let folder = this.#unpacking.get(short);
    if (folder === undefined) {
      folder = this.#unpack(join(this.#root, short), refs, read);
      this.#unpacking.set(short, folder);
      folder.catch(() => this.#unpacking.delete(short));
    }
    return folder;
  }

  /** Unpacked beside its place first, so that a folder is whole or not there. */
  async #unpack(folder: string, refs: readonly PackageRef[], read: ReadPackage): Promise<string> {
    const beside = await mkdtemp(join(this.#root, "new-"));
    try {
      for (const [index, ref] of refs.entries()) {
        const one = index === 0 ? beside : await mkdtemp(join(this.#root, "layer-"));
        await unpack(await read(ref), one);
        if (one !== beside) await merge(one, beside);
      }
      await chmod(beside, 0o755);
      await rename(beside, folder);
    } catch (error) {
      await rm(beside, { recursive: true, force: true });
      throw error;
    }
    return folder;
  }
}

/** A later layer's files replace those of an earlier one. */
async function merge(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    const isThere = await stat(target).catch(() => undefined);
    if (entry.isDirectory() && isThere?.isDirectory()) await merge(source, target);
    else {
      await rm(target, { recursive: true, force: true });
      await rename(source, target);
    }
  }
  await rm(from, { recursive: true, force: true });
}

/** A digest in base64, as a name of a folder. */
function name(sha256: string): string {
  return Buffer.from(sha256, "base64").toString("hex").slice(0, 40);
}

/** What a Cloudkeep that was killed has left behind. */
async function wipeAbandoned(own: string): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const owner = new RegExp(`^${prefix}(\\d+)-`).exec(entry)?.[1];
    const path = join(tmpdir(), entry);
    if (owner === undefined || path === own || isRunning(Number(owner))) continue;
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
