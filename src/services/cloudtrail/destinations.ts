import { type Caller, servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { type TrailName, trailArn } from "./names.ts";
import type { TrailRow } from "./tables.ts";

/** Where a trail delivers. Every delivery is a call through the gate, as cloudtrail.amazonaws.com for the trail. */

export function cloudtrailFor(trail: TrailName): Caller {
  const source = { sourceArn: trailArn(trail), sourceAccount: trail.account };
  return servicePrincipal("cloudtrail.amazonaws.com", source);
}

/** "prefix/AWSLogs/111122223333/" */
export function keyPrefix({ account }: TrailName, { prefix }: TrailRow): string {
  return `${prefix ? `${prefix}/` : ""}AWSLogs/${account}/`;
}

export interface ObjectToPut {
  key: string;
  body: Buffer;
  metadata?: Record<string, string>;
}

/** Puts an object into the trail's bucket, encrypted as the trail says. Throws the AwsError of S3 or KMS. */
export async function putObject(
  trail: TrailName,
  row: TrailRow,
  { key, body, metadata }: ObjectToPut,
  ctx: Context,
): Promise<void> {
  const context = Buffer.from(JSON.stringify({ "aws:cloudtrail:arn": trailArn(trail) })).toString("base64");
  await ctx.call(
    "s3",
    "PutObject",
    {
      Bucket: row.bucket,
      Key: key,
      ACL: "bucket-owner-full-control",
      ...(body.length > 0 && { ContentType: "application/json", ContentEncoding: "gzip" }),
      ...(metadata && { Metadata: metadata }),
      ...(row.kmsKeyId !== undefined && {
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: row.kmsKeyId,
        SSEKMSEncryptionContext: context,
      }),
    },
    { as: cloudtrailFor(trail), account: trail.account, region: trail.region, body },
  );
}

type DestinationErrors =
  | "S3BucketDoesNotExistException"
  | "InsufficientS3BucketPolicyException"
  | "InsufficientEncryptionPolicyException"
  | "InsufficientSnsTopicPolicyException"
  | "InvalidSnsTopicNameException"
  | "InvalidCloudWatchLogsLogGroupArnException"
  | "InvalidCloudWatchLogsRoleArnException";

/** A trail can deliver where it says, or is refused: AWS tries it out, too. */
export async function checkDestinations(
  trail: TrailName,
  row: TrailRow,
  ctx: Context<DestinationErrors>,
): Promise<void> {
  try {
    await putObject(trail, row, { key: keyPrefix(trail, row), body: Buffer.alloc(0) }, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw bucketError(error, row, ctx);
  }
  if (row.topicArn !== undefined) await checkTopic(trail, row.topicArn, ctx);
  if (row.logGroupArn !== undefined) await checkLogGroup(trail, row, ctx);
}

function bucketError(
  error: AwsError,
  { bucket, kmsKeyId }: TrailRow,
  ctx: Context<DestinationErrors>,
): Error {
  if (error.code === "NoSuchBucket")
    return ctx.error("S3BucketDoesNotExistException", `S3 bucket ${bucket} does not exist!`);
  if (error.code.startsWith("KMS.") || /kms/i.test(error.message)) {
    return ctx.error(
      "InsufficientEncryptionPolicyException",
      `Insufficient permissions to access S3 bucket ${bucket} or KMS key ${kmsKeyId}.`,
    );
  }
  return ctx.error(
    "InsufficientS3BucketPolicyException",
    `Incorrect S3 bucket policy is detected for bucket: ${bucket}`,
  );
}

async function checkTopic(
  trail: TrailName,
  topicArn: string,
  ctx: Context<DestinationErrors>,
): Promise<void> {
  try {
    await ctx.call(
      "sns",
      "Publish",
      { TopicArn: topicArn, Message: "CloudTrail validation message." },
      { as: cloudtrailFor(trail), account: trail.account, region: trail.region },
    );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const message = `SNS Topic does not exist or the topic policy is incorrect: ${topicArn}`;
    throw ctx.error("InsufficientSnsTopicPolicyException", message);
  }
}

async function checkLogGroup(
  trail: TrailName,
  row: TrailRow,
  ctx: Context<DestinationErrors>,
): Promise<void> {
  try {
    await putLines(trail, row, trail.region, [], ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === "ResourceNotFoundException") {
      throw ctx.error(
        "InvalidCloudWatchLogsLogGroupArnException",
        "CloudTrail cannot validate the specified log group ARN.",
      );
    }
    throw ctx.error(
      "InvalidCloudWatchLogsRoleArnException",
      "Access denied. Check the trust relationships for your role.",
    );
  }
}

/** Writes lines to the trail's log group, as a session of its role, in a stream for the Region. */
export async function putLines(
  trail: TrailName,
  row: TrailRow,
  eventRegion: string,
  lines: readonly { timestamp: number; message: string }[],
  ctx: Context,
): Promise<void> {
  const [, , , region = trail.region, account = trail.account, , logGroupName = ""] = (
    row.logGroupArn ?? ""
  ).split(":");
  const as = await ctx.assumeRole(row.logsRoleArn ?? "", cloudtrailFor(trail), `CloudTrail_${trail.region}`);
  const logStreamName = `${trail.account}_CloudTrail_${eventRegion}`;
  const call = (operation: string, input: Record<string, unknown>) =>
    ctx.call("logs", operation, { logGroupName, logStreamName, ...input }, { as, account, region });
  try {
    if (lines.length > 0) return void (await call("PutLogEvents", { logEvents: lines }));
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ResourceNotFoundException") throw error;
  }
  try {
    await call("CreateLogStream", {});
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ResourceAlreadyExistsException") throw error;
  }
  if (lines.length > 0) await call("PutLogEvents", { logEvents: lines });
}
