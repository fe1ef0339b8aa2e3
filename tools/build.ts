/**
 * Builds what is stale: contracts, AWS's managed policies, and the bundle in `dist/` (one chunk for each
 * service, loaded on first use). `npm start` and `npm test` run it first; when nothing changed it takes a
 * fraction of a second.
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Contract } from "../src/protocols/contract.ts";
import { buildCommonPasswords } from "./common-passwords.ts";
import { buildManagedPolicies } from "./managed-policies.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const contracts = join(root, "build/contracts");
const dist = join(root, "dist");

function buildContracts(): void {
  mkdirSync(contracts, { recursive: true });
  execFileSync(process.execPath, ["--import", "tsx", join(root, "tools/contracts.ts")], {
    cwd: root,
    stdio: "inherit",
  });
  const own = join(root, "contracts/own");
  for (const file of readdirSync(own)) copyFileSync(join(own, file), join(contracts, file));
  const facts = readdirSync(contracts)
    .filter((file) => file.endsWith(".json") && file !== "index.json")
    .sort()
    .map((file) => {
      const { service, signingName, endpointPrefix, target, apiVersion } = JSON.parse(
        readFileSync(join(contracts, file), "utf8"),
      ) as Contract;
      return { service, signingName, endpointPrefix, target, apiVersion };
    });
  writeFileSync(join(contracts, "index.json"), JSON.stringify(facts));
}

function newestChange(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return newest;
}

/** Everything from npm stays outside of the bundle: it is installed beside it. */
async function buildBundle(): Promise<void> {
  const stamp = join(dist, "stamp");
  const newest = Math.max(newestChange(join(root, "src")), statSync(join(root, "package.json")).mtimeMs);
  if (existsSync(stamp) && Number(readFileSync(stamp, "utf8")) >= newest) return;
  rmSync(dist, { recursive: true, force: true });
  await build({
    entryPoints: {
      main: join(root, "src/main.ts"),
      index: join(root, "src/index.ts"),
      digestWorker: join(root, "src/gateway/digestWorker.ts"),
    },
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    sourcemap: "linked",
    logLevel: "warning",
  });
  writeFileSync(stamp, String(newest));
}

/** What runs inside of a function's sandbox is no part of the bundle: files that its own program reads. */
function copyShims(): void {
  const shims = join(root, "src/services/lambda/runtime/shims");
  const target = join(root, "build/lambda");
  mkdirSync(target, { recursive: true });
  for (const file of readdirSync(shims)) copyFileSync(join(shims, file), join(target, file));
}

buildContracts();
buildManagedPolicies();
buildCommonPasswords();
copyShims();
await buildBundle();
