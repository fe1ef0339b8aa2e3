import { setImmediate as turn } from "node:timers/promises";
import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { findPool } from "../pools/find.ts";
import { derivedUuid, keysOf } from "../pools/poolKeys.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { principal } from "../pools/settings.ts";
import { invalid } from "../refusals.ts";
import { checkRequired, checkValues } from "../users/attributes.ts";
import { checkFree, named, newUser } from "../users/newUser.ts";
import { addUser } from "../users/put.ts";
import { BadCsv } from "./csv.ts";
import { isRead, nextRecords } from "./file.ts";
import { type JobRow, jobs, removeFile } from "./tables.ts";

/** Brings the users of a file in, some lines at a time. */

interface Work {
  poolId: string;
  jobId: string;
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#limits-hard */
const maxUsers = 500_000;

/** Others are served between so many lines. */
const linesPerTurn = 20;
const noLogs = "The logs of the job could not be written.";
const flags = new Set(["true", "false"]);

export const importUsers = {
  async settle({ poolId, jobId }: Work, ctx: Context): Promise<void> {
    const pool = await findPool(poolId, ctx);
    const job = pool && (await jobs.get(ctx.tx, ...keyOf(pool), jobId));
    if (pool === undefined || job === undefined) return;
    if (job.read === undefined && !(await startLog(pool, job, ctx)))
      return await failed(pool, job, noLogs, ctx);
    if (job.status === "Stopping")
      return await ended(pool, { ...job, status: "Stopped", message: "The import job was stopped." }, ctx);
    if (isRead(job)) return await succeeded(pool, job, ctx);
    const problem = await step(pool, job, ctx);
    if (problem !== undefined) await failed(pool, job, problem, ctx);
    else ctx.outbox.put("importUsers", { poolId, jobId });
  },
};

/** Brings the next lines in; what is wrong with the file or its job. */
async function step(pool: PoolRow, job: JobRow, ctx: Context): Promise<string | undefined> {
  try {
    const some = await nextRecords(job, ctx);
    const problem = headerProblem(pool, some.header);
    if (problem !== undefined) return problem;
    if ((some.next.read?.line ?? 0) - 2 > maxUsers) return `The file has more users than ${maxUsers}.`;
    const { next, lines } = await imported(pool, some, ctx);
    if (!(await logged(pool, next, lines, ctx))) return noLogs;
    jobs.put(ctx.tx, [...keyOf(pool), job.jobId], { ...next, status: "InProgress" });
    return undefined;
  } catch (error) {
    if (!(error instanceof BadCsv)) throw error;
    return `The file is no CSV: ${error.message}`;
  }
}

async function succeeded(pool: PoolRow, job: JobRow, ctx: Context): Promise<void> {
  const isWhole = job.failed + job.skipped === 0;
  const isFailed = job.imported === 0 && job.failed > 0;
  const message = isWhole
    ? "Import Job Completed Successfully."
    : "Not all users were imported. Please check the logs.";
  await ended(pool, { ...job, status: isFailed ? "Failed" : "Succeeded", message }, ctx);
}

async function failed(pool: PoolRow, job: JobRow, message: string, ctx: Context): Promise<void> {
  await ended(pool, { ...job, status: "Failed", message }, ctx);
}

async function ended(pool: PoolRow, job: JobRow, ctx: Context): Promise<void> {
  const { file: _, ...rest } = job;
  jobs.put(ctx.tx, [...keyOf(pool), job.jobId], { ...rest, completedMs: ctx.clock.now() });
  await removeFile(job, ctx);
  await logged(pool, job, [`[${job.status.toUpperCase()}] ${job.message ?? ""}`], ctx);
}

function headerProblem({ schema }: PoolRow, header: string[]): string | undefined {
  if (!header.includes("cognito:username")) return "The CSV file has no column cognito:username.";
  const known = new Set([...schema.map(({ Name }) => Name), "cognito:username", "cognito:mfa_enabled"]);
  const strange = header.find((name) => !known.has(name));
  return strange === undefined
    ? undefined
    : `The CSV file has a column that the pool has no attribute for: ${strange}`;
}

async function imported(
  pool: PoolRow,
  { records, header, line: first, next: job }: Awaited<ReturnType<typeof nextRecords>>,
  ctx: Context,
): Promise<{ next: JobRow; lines: string[] }> {
  const next = { ...job };
  const lines: string[] = [];
  for (const [i, record] of records.entries()) {
    if (i > 0 && i % linesPerTurn === 0) await turn();
    const line = first + i;
    const before = ctx.tx.savepoint();
    try {
      await importLine(pool, `${job.jobId}/${line}`, header, record, ctx);
      next.imported += 1;
      lines.push(`[SUCCEEDED] Line Number ${line} - The import succeeded.`);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      ctx.tx.rollback(before);
      const isThere = error.code === "UsernameExistsException";
      if (isThere) next.skipped += 1;
      else next.failed += 1;
      lines.push(
        isThere
          ? `[SKIPPED] Line Number ${line} - The user already exists.`
          : `[FAILED] Line Number ${line} - ${error.message.trim()}`,
      );
    }
  }
  return { next, lines };
}

async function importLine(
  pool: PoolRow,
  place: string,
  header: readonly string[],
  record: readonly string[],
  ctx: Context,
): Promise<void> {
  if (record.length !== header.length) throw invalid("The number of fields differs from the header's.");
  const values = Object.fromEntries(header.map((name, i) => [name, record[i] ?? ""]));
  const { "cognito:username": username = "", "cognito:mfa_enabled": mfa = "", ...given } = values;
  if (username === "") throw invalid("The user has no username.");
  if (mfa !== "" && !flags.has(mfa.toLowerCase()))
    throw invalid("cognito:mfa_enabled must be true or false.");
  const sub = derivedUuid(await keysOf(pool, ctx), "sub", place);
  const attributes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
  const fresh = named(pool, username, attributes, sub);
  checkValues(pool, fresh.attributes);
  checkRequired(pool, fresh.attributes);
  const isReachable = ["email", "phone_number"].some(
    (name) => fresh.attributes[name] && fresh.attributes[`${name}_verified`]?.toLowerCase() === "true",
  );
  if (!isReachable) throw invalid("The user has no verified email or phone number.");
  const user = {
    ...newUser(fresh, "RESET_REQUIRED", ctx),
    ...(mfa.toLowerCase() === "true" && { hasSmsOption: true as const }),
  };
  await checkFree(pool, user, "User already exists", ctx);
  await addUser(pool, user, ctx);
}

/** Where a job's lines are logged, and under which role. */
async function logOf(pool: PoolRow, { jobId, roleArn }: JobRow, ctx: Context) {
  const logGroupName = `/aws/cognito/userpools/${pool.poolId}/${pool.name.replace(/[^\w./#-]/g, "_")}`;
  const by = servicePrincipal(principal, { sourceArn: pool.arn, sourceAccount: pool.account });
  const as = await ctx.assumeRole(roleArn, by, "CognitoUserImport");
  return { logGroupName, logStreamName: jobId, as };
}

/** Makes the job's log stream; false where its role may not. */
async function startLog(pool: PoolRow, job: JobRow, ctx: Context): Promise<boolean> {
  return await unlessRefused(async () => {
    const { logGroupName, logStreamName, as } = await logOf(pool, job, ctx);
    await unlessThere(() => ctx.call("logs", "CreateLogGroup", { logGroupName }, { as }));
    await unlessThere(() => ctx.call("logs", "CreateLogStream", { logGroupName, logStreamName }, { as }));
  });
}

/** Writes to the job's log stream; false where its role may not. */
async function logged(pool: PoolRow, job: JobRow, lines: string[], ctx: Context): Promise<boolean> {
  return await unlessRefused(async () => {
    const { as, ...to } = await logOf(pool, job, ctx);
    const logEvents = lines.map((message) => ({ timestamp: ctx.clock.now(), message }));
    await ctx.call("logs", "PutLogEvents", { ...to, logEvents }, { as });
  });
}

async function unlessRefused(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return false;
  }
}

async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (!(error instanceof AwsError && error.code === "ResourceAlreadyExistsException")) throw error;
  }
}
