import { table } from "../../kit/table.ts";
import type { PolicyType } from "./policyTypes.ts";

/** Organizations' tables. What every call of a member asks (who guards this account?) starts at one row: `members`. */

export interface OrganizationRow {
  id: string;
  managementAccount: string;
  managementEmail: string;
  rootId: string;
  createDate: number;
  /** It has the features of consolidated billing only: no policies, no services' access. */
  billingOnly?: true;
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

/** A place in the tree: the root, a unit, an account. */
export interface NodeRow {
  id: string;
  kind: NodeKind;
  arn: string;
  name: string;
  /** Undefined for the root. */
  parent?: string;
  /** Ids of attached policies. */
  policies: Partial<Record<PolicyType, string[]>>;
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

export type HandshakeAction = "INVITE" | "ENABLE_ALL_FEATURES" | "APPROVE_ALL_FEATURES";

/** What one side asks of another, and the answer. */
export interface HandshakeRow {
  id: string;
  organization: OrganizationRow;
  action: HandshakeAction;
  /** What it was last said to be; whoever reads it looks at the clock for what has expired. */
  state: "REQUESTED" | "OPEN" | "CANCELED" | "ACCEPTED" | "DECLINED";
  requestedDate: number;
  expirationDate: number;
  /** When it was accepted, declined or canceled. */
  endedDate?: number;
  /** Who was asked, in the words of the request; undefined for what an organization asks of all its members. */
  target?: { type: "ACCOUNT" | "EMAIL"; id: string };
  /** Who may answer. */
  account?: string;
  notes?: string;
  tags: Record<string, string>;
  /** The request to all members that this one is a part of. */
  parent?: string;
}

export const handshakes = table<HandshakeRow, [id: string]>("organizations", "handshakes");
export const handshakesOfOrganization = table<object, [organization: string, id: string]>(
  "organizations",
  "handshakes-of-organization",
);
export const handshakesOfAccount = table<object, [account: string, id: string]>(
  "organizations",
  "handshakes-of-account",
);
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
