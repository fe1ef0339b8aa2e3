import { table } from "../../kit/table.ts";

/** Organizations' tables. What every call of a member asks (who guards this account?) starts at one row: `members`. */

export interface OrganizationRow {
  id: string;
  managementAccount: string;
  managementEmail: string;
  rootId: string;
  createDate: number;
}

/** An account of an organization. */
export interface MemberRow {
  organization: string;
  account: string;
  arn: string;
  name: string;
  email: string;
  state: "ACTIVE" | "SUSPENDED" | "PENDING_CLOSURE" | "CLOSED";
  joinedMethod: "CREATED" | "INVITED";
  joinedDate: number;
}

export type NodeKind = "ROOT" | "ORGANIZATIONAL_UNIT" | "ACCOUNT";
export type PolicyType = "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY";

/** A place in the tree: the root, a unit, an account. */
export interface NodeRow {
  id: string;
  kind: NodeKind;
  arn: string;
  name: string;
  /** Undefined for the root. */
  parent?: string;
  /** Ids of attached policies. */
  policies: Record<PolicyType, string[]>;
  tags: Record<string, string>;
  /** The root only: which types are in force. */
  enabled?: PolicyType[];
}

export interface PolicyRow {
  id: string;
  arn: string;
  name: string;
  description: string;
  type: PolicyType;
  content: string;
  awsManaged: boolean;
  tags: Record<string, string>;
}

export interface CreationRow {
  id: string;
  accountName: string;
  account: string;
  requestedDate: number;
  completedDate: number;
}

export const organizationRows = table<OrganizationRow, [id: string]>("organizations", "organizations");
export const members = table<MemberRow, [account: string]>("organizations", "members");
export const nodes = table<NodeRow, [organization: string, id: string]>("organizations", "nodes");
/** Children of a node; the other direction stands in the child. */
export const children = table<{ kind: NodeKind }, [organization: string, parent: string, id: string]>(
  "organizations",
  "children",
);
export const policies = table<PolicyRow, [organization: string, id: string]>("organizations", "policies");
/** Where a policy is attached; the other direction stands in the node. */
export const attachments = table<object, [organization: string, policy: string, target: string]>(
  "organizations",
  "attachments",
);
export const creations = table<CreationRow, [organization: string, id: string]>("organizations", "creations");
export const delegations = table<
  { enabledDate: number },
  [organization: string, account: string, servicePrincipal: string]
>("organizations", "delegations");
export const serviceAccess = table<{ enabledDate: number }, [organization: string, servicePrincipal: string]>(
  "organizations",
  "service-access",
);
