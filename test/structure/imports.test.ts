import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** The boundaries that keep a service a folder that can be deleted, and the engine pure. */

const root = resolve("src");

interface Import {
  /** Path below src, or a package's name. */
  of: string;
  typeOnly: boolean;
}

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.endsWith(".test.ts") && !file.endsWith("testing.ts"));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)";|import\("([^"]+)"\)/gms)].map(
    (match) => {
      const named = (match[2] ?? match[3]) as string;
      const of = named.startsWith(".") ? relative(root, resolve(root, dirname(file), named)) : named;
      return { of, typeOnly: match[1] !== undefined };
    },
  );
}

const services = readdirSync(join(root, "services"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("a service", () => {
  it.each(services)("%s imports the kit, the engine, its contract and its own files only", (service) => {
    const strange = files(`services/${service}`).flatMap((file) =>
      importsOf(file)
        .filter(({ of, typeOnly }) => {
          if (of.startsWith(`services/${service}/`) || of.startsWith("kit/") || of === "policy/index.ts")
            return false;
          // Types of the store and the contract; never the store itself.
          if (typeOnly && (of.startsWith("storage/") || of.startsWith("../build/contracts/"))) return false;
          // Types of the SDK are the contract's; the SDK itself is not there when Cloudkeep runs.
          if (of.startsWith("@aws-sdk/")) return !typeOnly;
          return /^[a-z.]+\//.test(of) && !of.startsWith("node:");
        })
        .map(({ of }) => `${file} imports ${of}`),
    );
    expect(strange).toEqual([]);
  });

  it("is named nowhere but in services/index.ts", () => {
    const folders = ["gateway", "protocols", "policy", "storage", "sealing", "bus", "kit", "cli"];
    const outside = [...folders.flatMap(files), "start.ts", "index.ts", "bootstrap.ts", "main.ts"];
    const naming = outside.flatMap((file) =>
      importsOf(file)
        .filter(({ of }) => of.startsWith("services/") && of !== "services/index.ts")
        .map(({ of }) => `${file} imports ${of}`),
    );
    expect(naming).toEqual([]);
  });
});

describe("the layers", () => {
  it.each([
    ["policy", /^policy\//],
    ["protocols", /^protocols\//],
    ["sealing", /^sealing\//],
    ["storage", /^(?:storage|sealing)\//],
    ["kit", /^kit\//],
  ])("%s imports nothing above it", (folder, allowed) => {
    const strange = files(folder).flatMap((file) =>
      importsOf(file)
        .filter(({ of, typeOnly }) => {
          if (allowed.test(of) || of.startsWith("node:") || !/^[a-z.]+\//.test(of)) return false;
          // The kit's types speak of the engine's and the store's.
          const plain = ["storage/errors.ts", "storage/crc32c.ts", "storage/maybe.ts"].includes(of);
          return !(folder === "kit" && (typeOnly || plain));
        })
        .map(({ of }) => `${file} imports ${of}`),
    );
    expect(strange).toEqual([]);
  });

  it("the engine does no input or output, and reads no clock", () => {
    const impure = files("policy").filter((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return /Date\.now\(\)|new Date\(\)|from "node:(?:fs|net|http)/.test(text);
    });
    expect(impure).toEqual([]);
  });
});

describe("packages", () => {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    dependencies: Record<string, string>;
  };

  it("are declared where the program imports them", () => {
    // The suite that every store passes is tests, shared.
    const program = files(".").filter((file) => !file.startsWith("storage/suite"));
    const undeclared = program.flatMap((file) =>
      importsOf(file)
        .filter(({ of, typeOnly }) => {
          const isOurs = of.startsWith("node:") || of.startsWith("..") || of.endsWith(".ts");
          return !isOurs && !typeOnly && !(packageOf(of) in dependencies);
        })
        .map(({ of }) => `${file} imports ${of}`),
    );
    expect(undeclared).toEqual([]);
  });

  function packageOf(named: string): string {
    const parts = named.split("/");
    return parts.slice(0, named.startsWith("@") ? 2 : 1).join("/");
  }
});

describe("size", () => {
  const longest = 320;
  it(`no file has more than ${longest} lines`, () => {
    const long = ["gateway", "protocols", "policy", "storage", "sealing", "bus", "kit", "cli", "services"]
      .flatMap(files)
      .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length }))
      .filter(({ lines }) => lines > longest);
    expect(long).toEqual([]);
  });
});
