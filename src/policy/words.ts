import type { DocumentKind } from "./types.ts";

/**
 * IAM has two parsers with two vocabularies: one for policies of identities, which says little more than
 * "Syntax errors in policy.", and one for documents with a Principal, which names the field.
 */
export interface Words {
  invalidJson: string;
  syntax: string;
  version: string;
  emptyStatement: string;
  duplicateSid: string;
  condition: string;
  unprefixed: string;
  effect: (value: string) => string;
  missing: (field: string) => string;
  unknownField: (field: string) => string;
}

const unprefixed = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const syntaxErrors = "Syntax errors in policy.";

const identity: Words = {
  invalidJson: syntaxErrors,
  syntax: syntaxErrors,
  version: syntaxErrors,
  emptyStatement: syntaxErrors,
  duplicateSid: "Statement IDs (SID) in a single policy must be unique.",
  condition: syntaxErrors,
  unprefixed,
  effect: () => syntaxErrors,
  missing: () => syntaxErrors,
  unknownField: () => syntaxErrors,
};

const trust: Words = {
  invalidJson: "This policy contains invalid Json",
  syntax: "Syntax error in policy.",
  version: "The policy must contain a valid version string",
  emptyStatement: "Could not parse the policy: Statement is empty!",
  duplicateSid: "The Statement Ids in the policy are not unique",
  condition: "Syntax error in policy.",
  unprefixed,
  effect: (value) => `Invalid effect: ${value}`,
  missing: (field) => `Missing required field ${field}`,
  unknownField: (field) => `Unknown field ${field}`,
};

/** Amazon S3's words; other services take theirs from `MalformedPolicy.problem`. */
const resource: Words = {
  ...trust,
  invalidJson: "Policies must be valid JSON and the first byte must be '{'",
  syntax: "Invalid policy syntax.",
  condition: "Invalid policy syntax.",
};

export function wordsFor(kind: DocumentKind): Words {
  if (kind === "trust") return trust;
  return kind === "resource" || kind === "key" ? resource : identity;
}
