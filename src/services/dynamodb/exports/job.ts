import type { Context } from "../../../kit/context.ts";

/** One step of an export. */
export interface ExportJob {
  id: string;
  stage: "start" | "copy" | "takeBack" | "gather" | "look" | "gatherMore" | "write" | "finish";
  /** Where in its store a step goes on. */
  after?: [string, string];
  /** Where among the table's writes it goes on. */
  sequence?: string;
  [member: string]: unknown;
}

export function goOn(job: ExportJob, ctx: Context): void {
  ctx.outbox.put("exportTable", job, { group: `export/${job.id}` });
}
