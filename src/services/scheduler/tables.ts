import type { Target } from "@aws-sdk/client-scheduler";
import { table } from "../../kit/table.ts";

export interface GroupRow {
  tags: Record<string, string>;
  createdAt: number;
  changedAt: number;
}

/** The group "default" is there without a row until it has tags. */
export const groups = table<GroupRow, [account: string, region: string, name: string]>("scheduler", "groups");

export interface ScheduleRow {
  expression: string;
  timeZone: string;
  state: "ENABLED" | "DISABLED";
  description?: string;
  target: Target;
  /** Minutes within which a run may come; 0 runs it on time. */
  windowMinutes: number;
  startMs?: number;
  endMs?: number;
  kmsKeyArn?: string;
  afterCompletion: "NONE" | "DELETE";
  clientToken?: string;
  createdAt: number;
  changedAt: number;
  /** When its timer is due, and for which scheduled time. */
  nextMs?: number;
  scheduledMs?: number;
}

export const schedules = table<ScheduleRow, [account: string, region: string, group: string, name: string]>(
  "scheduler",
  "schedules",
);
