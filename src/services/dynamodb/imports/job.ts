import type { Context } from "../../../kit/context.ts";

/** One step of an import. */
export interface ImportJob {
  id: string;
  stage: "list" | "read" | "finish";
  /** Where the listing of objects goes on. */
  token?: string;
  /** How many were listed; which is to be read. */
  object?: number;
  [member: string]: unknown;
}

export function goOn(job: ImportJob, ctx: Context): void {
  const { account, region } = ctx;
  // Objects may be large: an import holds up no other deliveries.
  ctx.outbox.put("importTable", job, {
    account,
    region,
    group: `import/${job.id}`,
    peer: `dynamodb/import/${job.id}`,
  });
}

/** Rows are in the order in which objects are read. */
export function objectKey(number: number): string {
  return String(number).padStart(8, "0");
}
