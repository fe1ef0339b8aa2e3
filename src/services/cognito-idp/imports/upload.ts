import type { Context } from "../../../kit/context.ts";
import type { EndpointAnswer, EndpointRequest } from "../../../kit/endpoint.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { Access } from "../../../kit/service.ts";
import { findPool, poolArn } from "../pools/find.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { places } from "../tables.ts";
import { open, poolOfSealed, seal } from "../tokens/sealed.ts";
import { type JobRow, jobs, removeFile } from "./tables.ts";

/** Where a job's file is uploaded to: an address that is a secret, as AWS's presigned URL is. */

/** https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-using-import-tool.html */
const maxBytes = 100 * 1024 * 1024;
const path = "user-import";

export async function uploadUrl(pool: PoolRow, job: JobRow, ctx: Context): Promise<string> {
  const content = Buffer.from(JSON.stringify({ jobId: job.jobId }));
  const token = seal("import", pool.poolId, await keysOf(pool, ctx), content);
  return `${ctx.host.endpoint()}/${path}/${token}`;
}

function denied(): AwsError {
  return new AwsError("AccessDenied", "Request has expired", { status: 403 });
}

export function isUpload({ id }: Pick<EndpointRequest, "id">): boolean {
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

async function accept({ id, method }: EndpointRequest, ctx: Context): Promise<void> {
  if (method !== "PUT") throw new AwsError("MethodNotAllowed", "The file is put.", { status: 405 });
  const { pool, job } = await jobAt(id, ctx);
  const { size } = ctx.body;
  if (size === 0) throw new AwsError("InvalidRequest", "The file is empty.", { status: 400 });
  await removeFile(job, ctx);
  const file = { bodyId: ctx.bytes.keep(ctx.body), bytes: size };
  jobs.put(ctx.tx, [...keyOf(pool), job.jobId], { ...job, file });
}

export const upload = {
  name: "UploadUserImportFile",
  maxBytes,
  async access({ id }: EndpointRequest, ctx: Context): Promise<Access> {
    const { pool } = await jobAt(id, ctx);
    return {
      action: "cognito-idp:CreateUserImportJob",
      resource: poolArn(pool, pool.poolId),
      resourceType: "AWS::Cognito::UserPool",
      extraAllow: { kind: "service", name: "pre-signed URL of the job" },
    };
  },
  async handle(asked: EndpointRequest, ctx: Context): Promise<EndpointAnswer> {
    await accept(asked, ctx);
    return { status: 200, headers: [], body: "" };
  },
  refuse: ({ status = 400, code, message }: AwsError): EndpointAnswer => ({
    status,
    headers: ["content-type", "application/xml"],
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`,
  }),
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
