import type { Guardrails } from "../../kit/caller.ts";
import { compileCached, type NamedPolicy } from "../../policy/index.ts";
import type { Transaction } from "../../storage/store.ts";
import { managedPolicies } from "./managedPolicies.ts";
import { membershipOf, pathText, pathTo } from "./membership.ts";
import type { GuardrailType } from "./policyTypes.ts";
import { type NodeRow, policies } from "./tables.ts";

/**
 * What an organization lays over an account: one list of policies for each level, root first. The management
 * account is outside of both kinds.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
 */
export async function guardrails(account: string, tx: Transaction): Promise<Guardrails | undefined> {
  const membership = await membershipOf(account, { tx });
  if (membership === undefined) return undefined;
  const { organization, isManagement } = membership;
  const path = await pathTo(organization.id, account, { tx });
  const enabled = path[0]?.enabled ?? [];
  const levels = async (type: GuardrailType, kind: "scp" | "rcp") =>
    isManagement || !enabled.includes(type)
      ? undefined
      : await Promise.all(path.map((node) => levelOf(node, organization.id, type, kind, tx)));
  const scps = await levels("SERVICE_CONTROL_POLICY", "scp");
  const rcps = await levels("RESOURCE_CONTROL_POLICY", "rcp");
  return {
    ...(scps && { scps }),
    ...(rcps && { rcps }),
    organizationId: organization.id,
    organizationPath: pathText(organization.id, path),
    managementAccount: organization.managementAccount,
  };
}

async function levelOf(
  node: NodeRow,
  organizationId: string,
  type: GuardrailType,
  kind: "scp" | "rcp",
  tx: Transaction,
): Promise<NamedPolicy[]> {
  const rows = await Promise.all(
    (node.policies[type] ?? []).map(
      async (id) => managedPolicies.get(id) ?? (await policies.get(tx, organizationId, id)),
    ),
  );
  return rows
    .filter((row) => row !== undefined)
    .map(({ arn, content }) => ({ name: arn, policy: compileCached(content, kind) }));
}
