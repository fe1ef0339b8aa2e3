import type { Target } from "@aws-sdk/client-eventbridge";
import { table } from "../../kit/table.ts";

/** EventBridge's state. Account and Region are those of the bus. */

export interface BusRow {
  description?: string;
  kmsKey?: string;
  deadLetterArn?: string;
  logConfig?: Record<string, unknown>;
  /** The bus's resource policy; absent, only its own account may use it. */
  policy?: string;
  tags: Record<string, string>;
  createdAt: number;
  changedAt: number;
}

export type RuleState = "ENABLED" | "DISABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

export interface RuleRow {
  pattern?: string;
  schedule?: string;
  state: RuleState;
  description?: string;
  roleArn?: string;
  managedBy?: string;
  createdBy: string;
  tags: Record<string, string>;
  /** When the present schedule was set: rates count from there. */
  scheduledAt?: number;
  /** When its timer is due. */
  nextMs?: number;
}

/** The bus "default" is there without a row; it gets one when it has something to keep. */
export const buses = table<BusRow, [account: string, region: string, name: string]>("events", "buses");

export const rules = table<RuleRow, [account: string, region: string, bus: string, name: string]>(
  "events",
  "rules",
);

export const targets = table<
  Target,
  [account: string, region: string, bus: string, rule: string, id: string]
>("events", "targets");

/** Which rules have a target. */
export const rulesByTarget = table<
  Record<string, never>,
  [account: string, region: string, bus: string, targetArn: string, rule: string, id: string]
>("events", "rulesByTarget");

/** Changes whenever a rule, target or archive of the bus does: what is compiled is good for one version. */
export const busVersions = table<{ version: string }, [account: string, region: string, bus: string]>(
  "events",
  "busVersions",
);

export interface ArchiveRow {
  busArn: string;
  description?: string;
  pattern?: string;
  /** Days; 0 keeps events without end. */
  retentionDays: number;
  kmsKey?: string;
  createdAt: number;
  /** Name of the append log that holds the events: an archive of the same name made later starts empty. */
  log: string;
}

export const archives = table<ArchiveRow, [account: string, region: string, name: string]>(
  "events",
  "archives",
);

export interface ReplayRow {
  archiveArn: string;
  busArn: string;
  filterArns?: string[];
  description?: string;
  fromMs: number;
  toMs: number;
  state: "STARTING" | "RUNNING" | "CANCELLING" | "COMPLETED" | "CANCELLED" | "FAILED";
  stateReason?: string;
  startedAt: number;
  endedAt?: number;
  lastReplayedAt?: number;
}

export const replays = table<ReplayRow, [account: string, region: string, name: string]>("events", "replays");

export interface ConnectionRow {
  id: string;
  description?: string;
  authorizationType: "BASIC" | "API_KEY" | "OAUTH_CLIENT_CREDENTIALS";
  /** With its secrets. Rows are sealed; no answer shows these. */
  auth: Record<string, unknown>;
  state: "AUTHORIZED" | "DEAUTHORIZED";
  createdAt: number;
  changedAt: number;
  authorizedAt: number;
}

export const connections = table<ConnectionRow, [account: string, region: string, name: string]>(
  "events",
  "connections",
);

export interface ApiDestinationRow {
  id: string;
  description?: string;
  connectionArn: string;
  endpoint: string;
  method: string;
  ratePerSecond: number;
  createdAt: number;
  changedAt: number;
}

export const apiDestinations = table<ApiDestinationRow, [account: string, region: string, name: string]>(
  "events",
  "apiDestinations",
);

/** A bus in two Regions, under one name. Kept in the Region that is its first choice. */
export interface EndpointRow {
  id: string;
  description?: string;
  healthCheck: string;
  /** Region to go to while the health check fails. */
  secondary: string;
  busName: string;
  replicates: boolean;
  roleArn?: string;
  createdAt: number;
  changedAt: number;
}

export const endpoints = table<EndpointRow, [account: string, region: string, name: string]>(
  "events",
  "endpoints",
);

/** Endpoints by their ids, which callers give in any Region. */
export const endpointsById = table<{ account: string; region: string; name: string }, [id: string]>(
  "events",
  "endpointsById",
);

/** Which account goes by the name of a partner: the first that made a source under it. */
export const partners = table<{ account: string }, [partner: string]>("events", "partners");

/** Names of a partner's event sources. */
export const partnerSources = table<{ createdAt: number }, [partner: string, region: string, name: string]>(
  "events",
  "partnerSources",
);

/** Accounts to which a partner offers an event source. */
export const offeredTo = table<
  { createdAt: number },
  [partner: string, region: string, name: string, account: string]
>("events", "offeredTo");

export interface EventSourceRow {
  /** Account of the partner. */
  partner: string;
  createdAt: number;
  /** While it is pending. */
  expiresAt?: number;
  state: "PENDING" | "ACTIVE" | "DELETED";
}

/** What partners offer to an account. */
export const eventSources = table<EventSourceRow, [account: string, region: string, name: string]>(
  "events",
  "eventSources",
);
