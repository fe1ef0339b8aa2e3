import { table } from "../../../kit/table.ts";

/** Jobs that bring users in. */

export type JobStatus =
  | "Created"
  | "Pending"
  | "InProgress"
  | "Stopping"
  | "Expired"
  | "Stopped"
  | "Failed"
  | "Succeeded";

export interface JobRow {
  jobId: string;
  name: string;
  roleArn: string;
  status: JobStatus;
  createdMs: number;
  /** Until when the file may be uploaded, and the job started. */
  expiresMs: number;
  startedMs?: number;
  completedMs?: number;
  /** Columns of the file, once it is here, and how many batches of lines. */
  header?: string[];
  batches?: number;
  imported: number;
  skipped: number;
  failed: number;
  message?: string;
}

type InPool = [account: string, region: string, poolId: string];

export const jobs = table<JobRow, [...InPool, jobId: string]>("cognito-idp", "importJobs");

/** Lines of a job's file, some at a time. */
export const batches = table<
  { firstLine: number; records: string[][] },
  [...InPool, jobId: string, batch: string]
>("cognito-idp", "importBatches");

export function batchKey(batch: number): string {
  return String(batch).padStart(8, "0");
}
