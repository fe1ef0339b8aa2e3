import type { StateType } from "@aws-sdk/client-iam";
import type { Caller } from "../../kit/caller.ts";
import type { DelegationTemplate } from "../../kit/delegation.ts";
import { table } from "../../kit/table.ts";

/** Temporary delegation: what partners ask for. Times in ms since the epoch. */

export interface Parameter {
  Name: string;
  Values: string[];
  Type: "string" | "stringList";
}

export interface DelegationRow {
  id: string;
  requestorAccount: string;
  requestorName: string;
  workflowId: string;
  description: string;
  requestMessage?: string;
  redirectUrl?: string;
  templateArn: string;
  parameters: Parameter[];
  /** The template, filled in. */
  policy: string;
  /** Permissions boundaries that roles made under it must have. */
  boundaries: string[];
  /** ARN of the topic that is told. */
  channel: string;
  sessionSeconds: number;
  onlySendByOwner: boolean;
  state: StateType;
  createDate: number;
  updatedMs: number;
  /** When the state ends of itself. */
  expiresMs: number;
  ownerAccount?: string;
  owner?: { arn: string; userId: string };
  /** As whom the partner will act, with what its session has to keep of the approver's. */
  approver?: Caller;
  notes?: string;
  rejectionReason?: string;
  /** When the token was sent: the delegated sessions end so long after it. */
  sentMs?: number;
  /** SHA-256 of the token. */
  tokenHash?: string;
}

/** By id alone: whoever follows a partner's link has nothing else. */
export const delegations = table<DelegationRow, [id: string]>("iam", "delegations");
/** Those that have an owner, by its account. */
export const ownedDelegations = table<{ owner: string }, [account: string, id: string]>(
  "iam",
  "owned-delegations",
);
/** A partner's own name of a request, hashed: no two requests have the same. */
export const delegationWorkflows = table<{ id: string }, [requestor: string, workflow: string]>(
  "iam",
  "delegation-workflows",
);
export const delegationTokens = table<{ id: string }, [hash: string]>("iam", "delegation-tokens");
export const delegationTemplates = table<DelegationTemplate, [domain: string, name: string]>(
  "iam",
  "delegation-templates",
);
