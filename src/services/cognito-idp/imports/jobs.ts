import type { UserImportJobType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { randomText } from "../../../kit/ids.ts";
import { pageOf } from "../../../kit/paging.ts";
import { passRole } from "../../../kit/passRole.ts";
import { idp } from "../contract.ts";
import { existingPool, findPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { principal } from "../pools/settings.ts";
import { hiding } from "../recorded.ts";
import { notFound } from "../refusals.ts";
import { type JobRow, jobs, removeFile } from "./tables.ts";
import { uploadUrl } from "./upload.ts";

/** Users, brought in from a file. https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-using-import-tool.html */

const idLength = 10;
/** A job that is not started by then is void. */
const startableMs = 24 * 3_600_000;

export function csvHeader({ schema }: PoolRow): string[] {
  const names = schema
    .map(({ Name }) => Name as string)
    .filter((name) => name !== "sub" && name !== "identities");
  return [...names, "cognito:mfa_enabled", "cognito:username"];
}

export function isExpired({ status, expiresMs }: JobRow, nowMs: number): boolean {
  return status === "Created" && nowMs >= expiresMs;
}

async function shown(pool: PoolRow, job: JobRow, ctx: Context): Promise<UserImportJobType> {
  const status = isExpired(job, ctx.clock.now()) ? "Expired" : job.status;
  return {
    JobName: job.name,
    JobId: job.jobId,
    UserPoolId: pool.poolId,
    PreSignedUrl: await uploadUrl(pool, job, ctx),
    CreationDate: new Date(job.createdMs),
    ...(job.startedMs !== undefined && { StartDate: new Date(job.startedMs) }),
    ...(job.completedMs !== undefined && { CompletionDate: new Date(job.completedMs) }),
    Status: status,
    CloudWatchLogsRoleArn: job.roleArn,
    ImportedUsers: job.imported,
    SkippedUsers: job.skipped,
    FailedUsers: job.failed,
    ...(job.message !== undefined && { CompletionMessage: job.message }),
  };
}

async function existingJob(pool: PoolRow, jobId: string, ctx: Context): Promise<JobRow> {
  const job = await jobs.get(ctx.tx, ...keyOf(pool), jobId);
  if (job === undefined) throw notFound(`User import job ${jobId} does not exist.`);
  return job;
}

/** Whoever has the URL may upload. */
const hiddenUrl = hiding("userImportJob");

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetCSVHeader.html */
export const getCsvHeader = idp.operation("GetCSVHeader", {
  access: onPool("GetCSVHeader"),
  handle: async ({ UserPoolId }, ctx) => ({
    UserPoolId,
    CSVHeader: csvHeader(await existingPool(UserPoolId, ctx)),
  }),
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserImportJob.html */
export const createUserImportJob = idp.operation("CreateUserImportJob", {
  access: onPool("CreateUserImportJob"),
  async handle({ UserPoolId, JobName, CloudWatchLogsRoleArn }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await passRole(ctx as Context, CloudWatchLogsRoleArn, principal);
    const now = ctx.clock.now();
    const job: JobRow = {
      jobId: `import-${randomText(idLength, "mixed62")}`,
      name: JobName,
      roleArn: CloudWatchLogsRoleArn,
      status: "Created",
      createdMs: now,
      expiresMs: now + startableMs,
      imported: 0,
      skipped: 0,
      failed: 0,
    };
    jobs.put(ctx.tx, [...keyOf(pool), job.jobId], job);
    const { poolId } = pool;
    ctx.timers.set(`import/${job.jobId}`, "forgetImport", job.expiresMs, { poolId, jobId: job.jobId });
    return { UserImportJob: await shown(pool, job, ctx as Context) };
  },
  record: { response: hiddenUrl },
});

/** A job that was not started in time keeps no file. */
export async function forgetImport(
  { poolId, jobId }: { poolId: string; jobId: string },
  ctx: Context,
): Promise<void> {
  const pool = await findPool(poolId, ctx);
  const job = pool && (await jobs.get(ctx.tx, ...keyOf(pool), jobId));
  if (pool === undefined || job?.status !== "Created") return;
  const { file: _, ...rest } = job;
  jobs.put(ctx.tx, [...keyOf(pool), jobId], rest);
  await removeFile(job, ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserImportJob.html */
export const describeUserImportJob = idp.operation("DescribeUserImportJob", {
  access: onPool("DescribeUserImportJob"),
  async handle({ UserPoolId, JobId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    return {
      UserImportJob: await shown(pool, await existingJob(pool, JobId, ctx as Context), ctx as Context),
    };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserImportJobs.html */
export const listUserImportJobs = idp.operation("ListUserImportJobs", {
  access: onPool("ListUserImportJobs"),
  async handle({ UserPoolId, MaxResults, PaginationToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { items, next } = await page(() =>
      pageOf(jobs, ctx.tx, keyOf(pool), { limit: MaxResults, marker: PaginationToken }),
    );
    const list = await Promise.all(items.map((job) => shown(pool, job, ctx as Context)));
    return { ...(list.length > 0 && { UserImportJobs: list }), ...(next && { PaginationToken: next }) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_StartUserImportJob.html */
export const startUserImportJob = idp.operation("StartUserImportJob", {
  access: onPool("StartUserImportJob"),
  async handle({ UserPoolId, JobId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const job = await existingJob(pool, JobId, ctx as Context);
    const now = ctx.clock.now();
    if (job.status !== "Created" || isExpired(job, now))
      throw new AwsError(
        "PreconditionNotMetException",
        `Job cannot be started. Its status is ${job.status}.`,
      );
    if (job.file === undefined)
      throw new AwsError(
        "PreconditionNotMetException",
        "The CSV file was not uploaded to the pre-signed URL.",
      );
    const started: JobRow = { ...job, status: "Pending", startedMs: now };
    jobs.put(ctx.tx, [...keyOf(pool), JobId], started);
    ctx.outbox.put("importUsers", { poolId: pool.poolId, jobId: JobId });
    return { UserImportJob: await shown(pool, started, ctx as Context) };
  },
  record: { response: hiddenUrl },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_StopUserImportJob.html */
export const stopUserImportJob = idp.operation("StopUserImportJob", {
  access: onPool("StopUserImportJob"),
  async handle({ UserPoolId, JobId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const job = await existingJob(pool, JobId, ctx as Context);
    if (job.status !== "Pending" && job.status !== "InProgress")
      throw new AwsError(
        "PreconditionNotMetException",
        `Job cannot be stopped. Its status is ${job.status}.`,
      );
    const stopping: JobRow = { ...job, status: "Stopping" };
    jobs.put(ctx.tx, [...keyOf(pool), JobId], stopping);
    return { UserImportJob: await shown(pool, stopping, ctx as Context) };
  },
  record: { response: hiddenUrl },
});
