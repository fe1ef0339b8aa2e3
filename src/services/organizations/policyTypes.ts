/** The types of an organization's policies. */

/** What the path itself enforces: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_authorization_policies.html */
export const guardrailTypes = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] as const;

/**
 * What services look up for an account: the setting that a document of each type holds, and how many may be attached
 * to one place. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_declarative.html
 */
export const managementTypes = {
  AISERVICES_OPT_OUT_POLICY: { setting: "services", maxPerTarget: 5, maxCharacters: 2_500 },
  BACKUP_POLICY: { setting: "plans", maxPerTarget: 10, maxCharacters: 10_000 },
  BEDROCK_POLICY: { setting: "bedrock", maxPerTarget: 10, maxCharacters: 10_000 },
  CHATBOT_POLICY: { setting: "chatbot", maxPerTarget: 5, maxCharacters: 10_000 },
  DECLARATIVE_POLICY_EC2: { setting: "ec2_attributes", maxPerTarget: 10, maxCharacters: 10_000 },
  INSPECTOR_POLICY: { setting: "inspector", maxPerTarget: 10, maxCharacters: 10_000 },
  S3_POLICY: { setting: "s3_attributes", maxPerTarget: 10, maxCharacters: 10_000 },
  SECURITYHUB_POLICY: { setting: "securityhub", maxPerTarget: 10, maxCharacters: 10_000 },
  TAG_POLICY: { setting: "tags", maxPerTarget: 10, maxCharacters: 10_000 },
} as const;

export type GuardrailType = (typeof guardrailTypes)[number];
export type ManagementType = keyof typeof managementTypes;
export type PolicyType = GuardrailType | ManagementType;

export function isGuardrail(type: string): type is GuardrailType {
  return (guardrailTypes as readonly string[]).includes(type);
}

export function isManagement(type: string): type is ManagementType {
  return Object.hasOwn(managementTypes, type);
}
