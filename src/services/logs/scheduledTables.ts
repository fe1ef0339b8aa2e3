import type { DestinationConfiguration } from "@aws-sdk/client-cloudwatch-logs";
import { table } from "../../kit/table.ts";

/** Scheduled queries and their runs, by account and Region. */

export type RunStatus = "Running" | "InvalidQuery" | "Complete" | "Failed" | "Timeout";

export interface ScheduledQueryRow {
  id: string;
  name: string;
  arn: string;
  description?: string;
  queryString: string;
  logGroupIdentifiers: string[];
  scheduleExpression: string;
  timezone: string;
  /** Seconds before the run's time that the queried span begins, and ends. */
  startTimeOffset: number;
  endTimeOffset: number;
  destination?: DestinationConfiguration;
  executionRoleArn: string;
  /** ms; between these it runs. */
  scheduleStartTime?: number;
  scheduleEndTime?: number;
  state: "ENABLED" | "DISABLED";
  creationTime: number;
  lastUpdatedTime: number;
  lastTriggeredTime?: number;
  lastStatus?: RunStatus;
  /** When it is due next: its timer's time. */
  dueMs?: number;
  tags: Record<string, string>;
}

export interface RunRow {
  queryId?: string;
  status: RunStatus;
  triggeredAt: number;
  errorMessage?: string;
  /** What became of the answer on its way to a bucket. */
  delivered?: {
    uri: string;
    status: "IN_PROGRESS" | "COMPLETE" | "FAILED";
    key?: string;
    errorMessage?: string;
  };
}

type Key = [account: string, region: string, id: string];

export const scheduledQueries = table<ScheduledQueryRow, Key>("logs", "scheduledQueries");
export const scheduledByName = table<{ id: string }, Key>("logs", "scheduledByName");
/** By time, with leading zeros. */
export const scheduledRuns = table<RunRow, [...Key, time: string]>("logs", "scheduledRuns");
