import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { buildDirectory } from "../../kit/buildFiles.ts";

/** What stands about one of AWS's managed policies. */
export interface ManagedPolicy {
  arn: string;
  policyId: string;
  versionId: string;
  /** ms since the epoch. */
  createDate: number;
  updateDate: number;
}

type IndexRow = [
  arn: string,
  policyId: string,
  versionId: string,
  createDate: number,
  updateDate: number,
  offset: number,
  bytes: number,
];

let index: Map<string, IndexRow> | undefined;
const documents = new Map<string, string>();

function load(): Map<string, IndexRow> {
  if (index === undefined) {
    const rows = JSON.parse(
      readFileSync(join(buildDirectory, "managed-policies/index.json"), "utf8"),
    ) as IndexRow[];
    index = new Map(rows.map((row) => [row[0], row]));
  }
  return index;
}

function described([arn, policyId, versionId, createDate, updateDate]: IndexRow): ManagedPolicy {
  return { arn, policyId, versionId, createDate, updateDate };
}

export function managedPolicy(arn: string): ManagedPolicy | undefined {
  const row = load().get(arn);
  return row && described(row);
}

export function allManagedPolicies(): ManagedPolicy[] {
  return [...load().values()].map(described);
}

/** The current document of one of AWS's managed policies. */
export function managedPolicyDocument(arn: string): string | undefined {
  const known = documents.get(arn);
  if (known !== undefined) return known;
  const row = load().get(arn);
  if (row === undefined) return undefined;
  const bytes = Buffer.alloc(row[6]);
  const file = openSync(join(buildDirectory, "managed-policies/documents.txt"), "r");
  try {
    readSync(file, bytes, 0, bytes.length, row[5]);
  } finally {
    closeSync(file);
  }
  const document = bytes.toString();
  documents.set(arn, document);
  return document;
}
