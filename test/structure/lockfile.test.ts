import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Package {
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}
const lock: { packages: Record<string, Package> } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const packages = Object.entries(lock.packages);

it("the lock file names no registry, so that it installs from any", () => {
  expect(packages.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
});

// `npm ci` refuses a lock file that lacks the packages of other platforms, which npm leaves out when it writes the
// file beside a registry that does not carry them.
it("the lock file holds the packages of every platform", () => {
  const absent = packages.flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) =>
        !(`${path}/node_modules/${name}` in lock.packages) && !(`node_modules/${name}` in lock.packages),
    ),
  );
  expect(absent).toEqual([]);
});
