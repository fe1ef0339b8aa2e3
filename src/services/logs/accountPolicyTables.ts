import { table } from "../../kit/table.ts";
import type { Reads } from "../../storage/store.ts";

/** Policies of an account, in one row: every write of lines reads them. */

export type AccountPolicyType =
  | "DATA_PROTECTION_POLICY"
  | "SUBSCRIPTION_FILTER_POLICY"
  | "FIELD_INDEX_POLICY"
  | "TRANSFORMER_POLICY";

export interface AccountPolicyRow {
  policyName: string;
  policyType: AccountPolicyType;
  policyDocument: string;
  selectionCriteria?: string;
  selection: Selection;
  lastUpdatedTime: number;
}

/** The groups that a policy is for. */
export interface Selection {
  /** All but these. */
  except?: string[];
  /** Those whose names begin with one of these. */
  prefixes?: string[];
}

export interface AccountPoliciesRow {
  /** By `policyKey`. */
  policies: Record<string, AccountPolicyRow>;
}

export const accountPolicies = table<AccountPoliciesRow, [account: string, region: string]>(
  "logs",
  "accountPolicies",
);

export function policyKey({ policyType, policyName }: Pick<AccountPolicyRow, "policyType" | "policyName">) {
  return `${policyType}/${policyName}`;
}

export function isSelected({ except = [], prefixes }: Selection, groupName: string): boolean {
  return !except.includes(groupName) && (prefixes?.some((prefix) => groupName.startsWith(prefix)) ?? true);
}

/** Whether an account ever had a policy: only then is there anything of its policies to look for. */
export async function hasPolicies(
  { account, region }: { account: string; region: string },
  tx: Reads,
): Promise<boolean> {
  return (await accountPolicies.get(tx, account, region)) !== undefined;
}

/** An account's policies of one type that are for a group. */
export async function policiesFor(
  policyType: AccountPolicyType,
  { account, region }: { account: string; region: string },
  groupName: string,
  tx: Reads,
): Promise<AccountPolicyRow[]> {
  const held = await accountPolicies.get(tx, account, region);
  if (held === undefined) return [];
  return Object.values(held.policies).filter(
    (row) => row.policyType === policyType && isSelected(row.selection, groupName),
  );
}
