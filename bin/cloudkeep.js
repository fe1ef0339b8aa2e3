#!/usr/bin/env node
// In a checkout the bundle may be absent or stale; the published package holds it whole.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const tool = new URL("../tools/build.ts", import.meta.url);
if (existsSync(tool)) {
  const { execFileSync } = await import("node:child_process");
  const root = fileURLToPath(new URL("..", import.meta.url));
  execFileSync(process.execPath, ["--import", "tsx", fileURLToPath(tool)], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
}
await import("../dist/main.js");
