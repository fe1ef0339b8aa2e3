import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Where the generated files lie: `build/` of the package. Sources stand one or more folders below the package's
 * root, bundles in `dist/`, so the way there is looked for from this file upward.
 */
export const buildDirectory: string = (() => {
  let folder = new URL(".", import.meta.url);
  for (let depth = 0; depth < 6; depth++) {
    const candidate = new URL("build/", folder);
    if (existsSync(new URL("contracts/index.json", candidate))) return fileURLToPath(candidate);
    folder = new URL("..", folder);
  }
  throw new Error("Cloudkeep is not built: run `npm run build`.");
})();
