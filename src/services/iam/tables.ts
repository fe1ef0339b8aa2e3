import { table } from "../../kit/table.ts";

/**
 * IAM's tables. Names are unique whatever their case, so rows are keyed by the name in lower case. What an
 * authorization needs of a principal stands in its own row: one read for each user, group and policy.
 */

/** What users, groups and roles have in common. */
export interface PolicyHolder {
  /** ARNs of attached managed policies, in order of attachment. */
  attached: string[];
  /** Inline policies: documents by name. */
  inline: Record<string, string>;
}

export interface UserRow extends PolicyHolder {
  userName: string;
  userId: string;
  path: string;
  arn: string;
  /** ms since the epoch, as all times in rows. */
  createDate: number;
  tags: Record<string, string>;
  /** Names of groups, in lower case. */
  groups: string[];
  /** ARN of the permissions boundary. */
  boundary?: string;
  passwordLastUsed?: number;
}

export interface GroupRow extends PolicyHolder {
  groupName: string;
  groupId: string;
  path: string;
  arn: string;
  createDate: number;
}

export interface RoleRow extends PolicyHolder {
  roleName: string;
  roleId: string;
  path: string;
  arn: string;
  createDate: number;
  description?: string;
  maxSessionDuration: number;
  trustPolicy: string;
  tags: Record<string, string>;
  boundary?: string;
  lastUsed?: { at: number; region: string };
}

/** A customer-managed policy. */
export interface PolicyRow {
  policyName: string;
  policyId: string;
  path: string;
  arn: string;
  description?: string;
  createDate: number;
  updateDate: number;
  defaultVersion: string;
  /** By version id: "v1". */
  versions: Record<string, { document: string; createDate: number }>;
  nextVersion: number;
  tags: Record<string, string>;
}

export interface InstanceProfileRow {
  profileName: string;
  profileId: string;
  path: string;
  arn: string;
  createDate: number;
  /** Name of its role, in lower case. */
  role?: string;
  tags: Record<string, string>;
}

/** What is counted for the account's quotas. */
export type Counted = "users" | "groups" | "roles" | "policies" | "instanceProfiles";

export type HolderKind = "group" | "role" | "user";

export interface AccessKeyRow {
  accessKeyId: string;
  account: string;
  /** Name of the user in its own case; undefined for the account's root. */
  userName?: string;
  secretAccessKey: string;
  status: "Active" | "Inactive" | "Expired";
  createDate: number;
}

export const users = table<UserRow, [account: string, name: string]>("iam", "users");
export const groups = table<GroupRow, [account: string, name: string]>("iam", "groups");
export const roles = table<RoleRow, [account: string, name: string]>("iam", "roles");
export const policies = table<PolicyRow, [account: string, name: string]>("iam", "policies");
export const instanceProfiles = table<InstanceProfileRow, [account: string, name: string]>(
  "iam",
  "instance-profiles",
);
/** Which instance profiles hold a role. */
export const roleProfiles = table<{ profile: string }, [account: string, role: string, profile: string]>(
  "iam",
  "role-profiles",
);
/** Who is in a group; the other direction stands in the user's own row. */
export const groupMembers = table<{ user: string }, [account: string, group: string, user: string]>(
  "iam",
  "group-members",
);
/** Who uses a managed policy, as a permissions policy or as a boundary; the other direction is the holder's row. */
export const policyUses = table<
  object,
  [account: string, policyArn: string, usage: "attached" | "boundary", kind: HolderKind, name: string]
>("iam", "policy-uses");
/**
 * Users and roles by unique id, which outlives a change of name, and no deletion. Only of those that something
 * knows by their id: a trust policy, an MFA device, or a session that began under an earlier name.
 */
export const principalIds = table<{ arn: string }, [uniqueId: string]>("iam", "principal-ids");
/** Deletions of service-linked roles, for their status. */
export const deletionTasks = table<{ roleName: string }, [account: string, task: string]>(
  "iam",
  "deletion-tasks",
);
export const counts = table<{ count: number }, [account: string, what: Counted]>("iam", "counts");
export const aliases = table<{ alias: string }, [account: string]>("iam", "account-aliases");
/** Aliases are unique over all accounts. */
export const aliasOwners = table<{ account: string }, [alias: string]>("iam", "alias-owners");
/** By id alone: a request names no account. */
export const accessKeys = table<AccessKeyRow, [accessKeyId: string]>("iam", "access-keys");
/** Which keys a user has; "" stands for the root. */
export const userKeys = table<{ createDate: number }, [account: string, name: string, accessKeyId: string]>(
  "iam",
  "user-keys",
);
