import { table } from "../../kit/table.ts";

/** Export tasks, by account and Region. */

export type ExportStatus = "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "PENDING_CANCEL" | "CANCELLED";

export interface ExportRow {
  taskId: string;
  taskName?: string;
  logGroupName: string;
  groupId: string;
  logStreamNamePrefix?: string;
  /** ms, both inclusive. */
  from: number;
  to: number;
  destination: string;
  destinationPrefix: string;
  status: ExportStatus;
  message?: string;
  creationTime: number;
  completionTime?: number;
}

type Scope = [account: string, region: string];

export const exportTasks = table<ExportRow, [...Scope, taskId: string]>("logs", "exportTasks");
/** The one that is under way. */
export const activeExport = table<{ taskId: string }, Scope>("logs", "activeExport");
