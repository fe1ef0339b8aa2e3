import { createWriteStream } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Entry, fromBuffer, type ZipFile } from "yauzl";

/** Zip archives of functions and layers: what they hold, and unpacking it where nothing of it can reach elsewhere. */

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const maxZippedBytes = 52_428_800;
export const maxUnzippedBytes = 262_144_000;
const maxEntries = 100_000;

/** It is no archive that can be read, or holds what it must not. */
export class BadArchive extends Error {}
export class ArchiveTooLarge extends Error {}

const typeMask = 0o170000;
const symlinkType = 0o120000;

function modeOf({ externalFileAttributes, versionMadeBy }: Entry): number {
  // Only archives made on Unix (3) or macOS (19) say modes.
  const system = versionMadeBy >>> 8;
  return system === 3 || system === 19 ? externalFileAttributes >>> 16 : 0;
}

/** Opens an archive and gives each entry to `visit`, in order. */
async function each(bytes: Buffer, visit: (entry: Entry, zip: ZipFile) => Promise<void>): Promise<void> {
  const zip = await new Promise<ZipFile>((done, fail) => {
    const options = {
      lazyEntries: true,
      validateEntrySizes: true,
      strictFileNames: true,
      decodeStrings: true,
    };
    fromBuffer(bytes, options, (error, opened) =>
      error ? fail(new BadArchive(error.message)) : done(opened),
    );
  });
  if (zip.entryCount > maxEntries) throw new BadArchive("The archive holds too many files.");
  await new Promise<void>((done, fail) => {
    zip.on("error", (error: Error) => fail(new BadArchive(error.message)));
    zip.on("end", () => done());
    zip.on("entry", (entry: Entry) => {
      visit(entry, zip).then(() => zip.readEntry(), fail);
    });
    zip.readEntry();
  });
}

/** Bytes that an archive holds unpacked. Throws `BadArchive` and `ArchiveTooLarge`. */
export async function unzippedSize(bytes: Buffer): Promise<number> {
  let total = 0;
  await each(bytes, async (entry) => {
    checkName(entry.fileName);
    total += entry.uncompressedSize;
    if (total > maxUnzippedBytes) throw new ArchiveTooLarge();
  });
  return total;
}

/** yauzl refuses absolute names, backslashes and "..": what is left is what a file system cannot take. */
function checkName(name: string): void {
  if (name.includes("\0") || name === "" || name.length > 4_096)
    throw new BadArchive("A file's name is invalid.");
}

/** Unpacks into a folder that nobody else writes to. Links lead nowhere but within it. */
export async function unpack(bytes: Buffer, folder: string): Promise<void> {
  const links: { path: string; to: string }[] = [];
  let total = 0;
  await each(bytes, async (entry, zip) => {
    checkName(entry.fileName);
    const path = join(folder, entry.fileName);
    if (entry.fileName.endsWith("/")) return void (await mkdir(path, { recursive: true, mode: 0o755 }));
    total += entry.uncompressedSize;
    if (total > maxUnzippedBytes) throw new ArchiveTooLarge();
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const mode = modeOf(entry);
    const content = await open(entry, zip);
    if ((mode & typeMask) === symlinkType) {
      links.push({ path, to: await textOf(content) });
      return;
    }
    // No set-user-id, no set-group-id, and nothing that its owner cannot read.
    const permissions = (mode & 0o777) | 0o644;
    await pipeline(content, createWriteStream(path, { flags: "wx", mode: permissions }));
  });
  // Links are made last, so that no file is written through one.
  for (const { path, to } of links) {
    const target = resolve(dirname(path), to);
    if (relative(folder, target).startsWith("..") || to.startsWith("/"))
      throw new BadArchive("A link leads out of the archive.");
    await symlink(to, path);
  }
}

function open(entry: Entry, zip: ZipFile): Promise<Readable> {
  return new Promise((done, fail) => {
    zip.openReadStream(entry, (error, stream) =>
      error ? fail(new BadArchive(error.message)) : done(stream),
    );
  });
}

async function textOf(stream: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
