import { type GuardrailType, isGuardrail, type PolicyType } from "./policyTypes.ts";
import type { NodeRow, PolicyRow } from "./tables.ts";

/** The policies that AWS gives every organization. */

export const fullAccess: Record<GuardrailType, string> = {
  SERVICE_CONTROL_POLICY: "p-FullAWSAccess",
  RESOURCE_CONTROL_POLICY: "p-RCPFullAWSAccess",
};

export const managedPolicies: ReadonlyMap<string, PolicyRow> = new Map(
  [
    {
      id: fullAccess.SERVICE_CONTROL_POLICY,
      arn: "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
      name: "FullAWSAccess",
      description: "Allows access to every operation",
      type: "SERVICE_CONTROL_POLICY" as const,
      content: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    },
    {
      id: fullAccess.RESOURCE_CONTROL_POLICY,
      arn: "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess",
      name: "RCPFullAWSAccess",
      description: "Allows all principals access to all resources",
      type: "RESOURCE_CONTROL_POLICY" as const,
      content:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
    },
  ].map((policy) => [policy.id, { ...policy, awsManaged: true, tags: {} }]),
);

/** The policies that a place begins with, of the types that are in force: guardrails that allow all. */
export function standingPolicies(enabled: readonly PolicyType[]): {
  policies: NodeRow["policies"];
  ids: string[];
} {
  const types = enabled.filter(isGuardrail);
  const policies = Object.fromEntries(types.map((type) => [type, [fullAccess[type]]]));
  return { policies, ids: types.map((type) => fullAccess[type]) };
}
