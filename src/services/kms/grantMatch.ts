import type { Context } from "../../kit/context.ts";
import { type GrantRow, grants, type KeyRow } from "./tables.ts";

/** Grants of a key are few; a call looks through them only when the key has any. */
const maxGrantsPerKey = 50_000;

/** The grant that lets the caller do this, if there is one. */
export async function grantFor(
  key: KeyRow,
  operation: string,
  encryptionContext: Record<string, string> | undefined,
  ctx: Context,
): Promise<GrantRow | undefined> {
  if (key.grantCount === 0) return undefined;
  const rows = await grants.list(ctx.tx, [key.account, key.region, key.keyId], { limit: maxGrantsPerKey });
  return rows.map(({ row }) => row).find((grant) => covers(grant, operation, encryptionContext, ctx));
}

function covers(
  grant: GrantRow,
  operation: string,
  encryptionContext: Record<string, string> = {},
  ctx: Context,
): boolean {
  if (!grant.operations.includes(operation) || !isPrincipal(grant.grantee, ctx)) return false;
  const { equals, subset, sourceArn } = grant.constraints ?? {};
  if (sourceArn !== undefined && ctx.caller.sourceArn !== sourceArn) return false;
  // Constraints on the encryption context say nothing of operations that have none.
  if (contextFree.has(operation)) return true;
  if (equals !== undefined && !holds(equals, encryptionContext, true)) return false;
  return subset === undefined || holds(subset, encryptionContext, false);
}

const contextFree = new Set(["CreateGrant", "RetireGrant", "DescribeKey", "GetPublicKey"]);

function holds(wanted: Record<string, string>, given: Record<string, string>, exactly: boolean): boolean {
  const names = Object.keys(wanted);
  if (exactly && names.length !== Object.keys(given).length) return false;
  return names.every((name) => given[name] === wanted[name]);
}

/** Whether the caller is the principal that a grant names: by its ARN, its role's ARN, its account or its service. */
export function isPrincipal(name: string, { caller }: Context): boolean {
  const { principal } = caller;
  if (principal.kind === "service") return name === principal.service;
  return name === principal.arn || (principal.roleArn !== undefined && name === principal.roleArn);
}
