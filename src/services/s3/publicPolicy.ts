/**
 * Whether a policy lets everybody in, as Block Public Access judges it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 */

/** Conditions that narrow a policy to somebody, if their value is fixed. */
const narrowing = new Set([
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:principalaccount",
  "aws:principalarn",
  "aws:sourcearn",
  "aws:sourceaccount",
  "aws:sourceorgid",
  "aws:sourceowner",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:userid",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
  "s3:dataaccesspointarn",
  "s3:dataaccesspointaccount",
  "aws:sourceip",
]);

interface Statement {
  Effect?: string;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

const known = new Map<string, boolean>();
const maxKnown = 1_000;

export function policyIsPublic(document: string): boolean {
  let isPublic = known.get(document);
  if (isPublic === undefined) {
    const { Statement = [] } = JSON.parse(document) as { Statement?: Statement | Statement[] };
    isPublic = [Statement].flat().some(statementIsPublic);
    if (known.size >= maxKnown) known.clear();
    known.set(document, isPublic);
  }
  return isPublic;
}

function statementIsPublic({ Effect, Principal, NotPrincipal, Condition = {} }: Statement): boolean {
  if (Effect !== "Allow") return false;
  const named =
    typeof Principal === "object" && Principal !== null ? Object.values(Principal).flat() : [Principal];
  if (!named.includes("*") && NotPrincipal === undefined) return false;
  return !Object.entries(Condition).some(([operator, keys]) =>
    Object.entries(keys).some(([key, values]) => isNarrow(operator, key.toLowerCase(), [values].flat())),
  );
}

function isNarrow(operator: string, key: string, values: unknown[]): boolean {
  if (!narrowing.has(key) || /not|null|ifexists/i.test(operator)) return false;
  if (key === "aws:sourceip")
    return values.every((value) => !/^(?:0\.0\.0\.0|::)\/0$|\/[0-7]$/.test(String(value)));
  return values.every(
    (value) => !/[*?]|\$\{/.test(String(value)) || /^arn:[^*]*:\d{12}:/.test(String(value)),
  );
}
