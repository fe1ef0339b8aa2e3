import type { Context } from "../../../kit/context.ts";
import type { Endpoint, EndpointRequest } from "../../../kit/endpoint.ts";
import { AwsError } from "../../../kit/errors.ts";
import { findPool, poolArn } from "../pools/find.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { places } from "../tables.ts";
import { open, poolOfSealed, seal } from "../tokens/sealed.ts";
import { BadCsv, recordsOf } from "./csv.ts";
import { batches, batchKey, type JobRow, jobs } from "./tables.ts";

/** Where a job's file is uploaded to: an address that is a secret, as AWS's presigned URL is. */

/** Of a file. AWS takes 100 MB; here the sender has no credentials. */
const maxFileBytes = 8 * 1024 * 1024;
/** In one transaction: its commit is waited for before the next begins. */
const recordsPerBatch = 500;
const path = "user-import";

export async function uploadUrl(pool: PoolRow, job: JobRow, ctx: Context): Promise<string> {
  const content = Buffer.from(JSON.stringify({ jobId: job.jobId }));
  const token = seal("import", pool.poolId, await keysOf(pool, ctx), content);
  return `${ctx.host.endpoint()}/${path}/${token}`;
}

function denied(): AwsError {
  return new AwsError("AccessDenied", "Request has expired", { status: 403 });
}

export function isUpload({ id }: EndpointRequest): boolean {
  return id.startsWith(`${path}/`);
}

/** The job that an address is of, if it still takes a file. */
async function jobAt(id: string, ctx: Context): Promise<{ pool: PoolRow; job: JobRow }> {
  const token = id.slice(path.length + 1);
  const poolId = poolOfSealed(token);
  const place = poolId === undefined ? undefined : await places.get(ctx.tx, "pool", poolId);
  const pool = place && (await findPool(place.poolId, { ...place, tx: ctx.tx }));
  const content = pool && open("import", pool.poolId, await keysOf(pool, ctx), token);
  if (pool === undefined || content === undefined) throw denied();
  const { jobId } = JSON.parse(content.toString()) as { jobId: string };
  const job = await jobs.get(ctx.tx, ...keyOf(pool), jobId);
  if (job?.status !== "Created" || ctx.clock.now() >= job.expiresMs) throw denied();
  return { pool, job };
}

async function accept({ id, method, body }: EndpointRequest, ctx: Context): Promise<void> {
  if (method !== "PUT") throw new AwsError("MethodNotAllowed", "The file is put.", { status: 405 });
  const { pool, job } = await jobAt(id, ctx);
  const [header, ...records] = parsed(body);
  if (header === undefined) throw new AwsError("InvalidRequest", "The file is empty.", { status: 400 });
  const key = [...keyOf(pool), job.jobId] as const;
  for (const { key: old } of await batches.list(ctx.tx, key)) batches.delete(ctx.tx, ...old);
  let batch = 0;
  for (let at = 0; at < records.length; at += recordsPerBatch, batch += 1) {
    const some = records.slice(at, at + recordsPerBatch);
    batches.put(ctx.tx, [...key, batchKey(batch)], { firstLine: at + 2, records: some });
  }
  jobs.put(ctx.tx, [...key], { ...job, header, batches: batch });
}

function parsed(body: Buffer): string[][] {
  try {
    return recordsOf(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    if (!(error instanceof BadCsv || error instanceof TypeError)) throw error;
    throw new AwsError("InvalidRequest", `The file is no CSV in UTF-8: ${error.message}`, { status: 400 });
  }
}

export const upload: Endpoint = {
  name: "UploadUserImportFile",
  maxBodyBytes: maxFileBytes,
  async access({ id }, ctx) {
    const { pool } = await jobAt(id, ctx);
    return {
      action: "cognito-idp:CreateUserImportJob",
      resource: poolArn(pool, pool.poolId),
      resourceType: "AWS::Cognito::UserPool",
      extraAllow: { kind: "service", name: "pre-signed URL of the job" },
    };
  },
  async handle(asked, ctx) {
    await accept(asked, ctx);
    return { status: 200, headers: [], body: "" };
  },
  refuse: ({ status = 400, code, message }) => ({
    status,
    headers: ["content-type", "application/xml"],
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`,
  }),
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
