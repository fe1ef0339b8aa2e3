/**
 * Writes the most common of the passwords that became public (npm `zxcvbn`, MIT) as one text, a line for each:
 * Cognito refuses them where a pool says so.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const output = fileURLToPath(new URL("../build/common-passwords.txt", import.meta.url));
const require = createRequire(import.meta.url);

export function buildCommonPasswords(): void {
  if (existsSync(output)) return;
  const packageRoot = dirname(dirname(require.resolve("zxcvbn")));
  const { passwords } = require(join(packageRoot, "lib/frequency_lists.js")) as { passwords: string[] };
  const licence = readFileSync(join(packageRoot, "LICENSE.txt"), "utf8").trim();
  writeFileSync(`${output.replace(/\.txt$/, "")}-licence.txt`, `${licence}\n`);
  writeFileSync(output, `${passwords.join("\n")}\n`);
}
