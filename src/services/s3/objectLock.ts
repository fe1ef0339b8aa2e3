import type { ObjectLockConfiguration } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { fail, invalidRequest } from "./errors.ts";
import { type BucketInput, findBucket } from "./find.ts";
import { readableVersion, versionAccess } from "./get.ts";
import { mayBypass, retentionOf, shownHold } from "./lockRules.ts";
import { changeReplicated } from "./replicationRules.ts";
import { type BucketRow, buckets, type LockDefault, type ObjectRow } from "./tables.ts";
import { replace } from "./versions.ts";

const maxDays = 36_500;
const maxYears = 100;

function lockDefault(configuration: ObjectLockConfiguration | undefined): LockDefault | undefined {
  if (configuration?.ObjectLockEnabled !== "Enabled") throw fail("MalformedXML");
  if (configuration.Rule === undefined) return undefined;
  const { Mode, Days, Years } = configuration.Rule.DefaultRetention ?? {};
  if (Mode !== "GOVERNANCE" && Mode !== "COMPLIANCE") throw fail("MalformedXML");
  if ((Days === undefined) === (Years === undefined)) throw fail("MalformedXML");
  const period = Days ?? Years ?? 0;
  if (period <= 0) {
    throw fail("InvalidArgument", { message: "Default retention period must be a positive integer value." });
  }
  if (period > (Days === undefined ? maxYears : maxDays)) {
    throw fail("InvalidArgument", { message: "Default retention period too large." });
  }
  return { mode: Mode, ...(Days === undefined ? { years: period } : { days: period }) };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html */
export const putObjectLockConfiguration = s3.operation("PutObjectLockConfiguration", {
  access: onBucket("PutBucketObjectLockConfiguration"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const rule = lockDefault(input.ObjectLockConfiguration);
    if (bucket.versioning !== "Enabled") {
      throw fail("InvalidBucketState", {
        message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      });
    }
    buckets.put(ctx.tx, [bucket.name], { ...bucket, lock: rule === undefined ? {} : { default: rule } });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export const getObjectLockConfiguration = s3.operation("GetObjectLockConfiguration", {
  access: onBucket("GetBucketObjectLockConfiguration"),
  async handle(input, ctx) {
    const { lock, name } = await findBucket(input, ctx);
    if (lock === undefined) {
      throw fail("ObjectLockConfigurationNotFoundError", { members: { BucketName: name } });
    }
    const { mode: Mode, days: Days, years: Years } = lock.default ?? {};
    return {
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled" as const,
        ...(Mode && { Rule: { DefaultRetention: { Mode, ...(Days && { Days }), ...(Years && { Years }) } } }),
      },
    };
  },
});

interface VersionInput extends BucketInput {
  Key: string;
  VersionId?: string | undefined;
}

/** A version in a bucket that has Object Lock. */
async function lockable(
  input: VersionInput,
  ctx: Context,
  method: "GET" | "PUT",
): Promise<{ bucket: BucketRow; row: ObjectRow }> {
  const bucket = await findBucket(input, ctx);
  if (bucket.lock === undefined) throw invalidRequest("Bucket is missing Object Lock Configuration");
  return { bucket, row: await readableVersion(bucket, input, ctx, method) };
}

/** Lock actions have the same name for every version. */
function lockAccess(action: string) {
  return async (input: VersionInput, ctx: Context) => ({
    ...(await versionAccess("GetObject", input, ctx)),
    action: `s3:${action}`,
  });
}

/**
 * Retention can be lengthened by whoever may; shortened only under governance, by who may bypass it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html
 */
export const putObjectRetention = s3.operation("PutObjectRetention", {
  access: lockAccess("PutObjectRetention"),
  async handle(input, ctx) {
    const { bucket, row } = await lockable(input, ctx, "PUT");
    const { Mode, RetainUntilDate } = input.Retention ?? {};
    if (input.Retention === undefined || (Mode === undefined) !== (RetainUntilDate === undefined))
      throw fail("MalformedXML");
    const now = ctx.clock.now();
    const { retention: before, ...rest } = row;
    const retention =
      Mode === undefined || RetainUntilDate === undefined
        ? undefined
        : retentionOf(Mode, RetainUntilDate, now, "Mode");
    if (before !== undefined && before.untilMs > now) {
      const loosens =
        retention === undefined ||
        retention.untilMs < before.untilMs ||
        (before.mode === "COMPLIANCE" && retention.mode !== "COMPLIANCE") ||
        (before.mode === "GOVERNANCE" && retention.mode !== before.mode);
      const bypasses = before.mode === "GOVERNANCE" && input.BypassGovernanceRetention;
      if (loosens && !(bypasses && (await mayBypass(bucket, input.Key, ctx)))) {
        throw fail("AccessDenied", { message: "Access Denied because object protected by object lock." });
      }
    }
    const kept = retention === undefined ? rest : { ...rest, retention };
    const sent = await changeReplicated(bucket, input.Key, kept, "OBJECT_PUT_RETENTION", ctx);
    await replace(bucket, input.Key, sent, ctx);
    return {};
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html */
export const getObjectRetention = s3.operation("GetObjectRetention", {
  access: lockAccess("GetObjectRetention"),
  async handle(input, ctx) {
    const { row } = await lockable(input, ctx, "GET");
    if (row.retention === undefined) throw fail("NoSuchObjectLockConfiguration");
    const { mode, untilMs } = row.retention;
    return { Retention: { Mode: mode, RetainUntilDate: new Date(untilMs) } };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html */
export const putObjectLegalHold = s3.operation("PutObjectLegalHold", {
  access: lockAccess("PutObjectLegalHold"),
  async handle(input, ctx) {
    const status = input.LegalHold?.Status;
    if (status !== "ON" && status !== "OFF") throw fail("MalformedXML");
    const { bucket, row } = await lockable(input, ctx, "PUT");
    const held = { ...row, legalHold: status === "ON" };
    const sent = await changeReplicated(bucket, input.Key, held, "OBJECT_PUT_LEGAL_HOLD", ctx);
    await replace(bucket, input.Key, sent, ctx);
    return {};
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html */
export const getObjectLegalHold = s3.operation("GetObjectLegalHold", {
  access: lockAccess("GetObjectLegalHold"),
  async handle(input, ctx) {
    const { row } = await lockable(input, ctx, "GET");
    if (row.legalHold === undefined) throw fail("NoSuchObjectLockConfiguration");
    return { LegalHold: { Status: shownHold(row.legalHold) } };
  },
  record: { data: true },
});
