import type { Context } from "../../../kit/context.ts";
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
  /** The file, once it is here: where its bytes are, and how many. */
  file?: { bodyId: string; bytes: number };
  /** How far it has been read: columns, the first byte of the next line, and that line's number. */
  read?: { header: string[]; at: number; line: number };
  imported: number;
  skipped: number;
  failed: number;
  message?: string;
}

type InPool = [account: string, region: string, poolId: string];

export const jobs = table<JobRow, [...InPool, jobId: string]>("cognito-idp", "importJobs");

export async function removeFile({ file }: JobRow, { bytes }: Pick<Context, "bytes">): Promise<void> {
  if (file !== undefined) await bytes.remove(file.bodyId);
}
