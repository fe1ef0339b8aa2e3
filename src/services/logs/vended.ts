import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { randomText } from "../../kit/ids.ts";
import { isRetriable, parseArn, retryDelayMs } from "../../kit/targets.ts";
import { deliverySources } from "./vendedAccess.ts";

/**
 * How AWS's own logs come to where a customer wants them: a log group, a bucket, a delivery stream. Written as
 * delivery.logs.amazonaws.com: the group's or the bucket's policy decides; to streams as the service-linked role.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
 */

const compress = promisify(gzip);
const maxAttempts = 8;
/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html */
const maxRecordsPerBatch = 500;

export interface Vended {
  /** Of the log group, the bucket (with a prefix behind "/") or the delivery stream. */
  arn: string;
  records: readonly string[];
  /** On whose behalf: `aws:SourceArn`. */
  sourceArn: string;
  /** In log groups. */
  stream: string;
  /** In buckets: AWSLogs/account/FOLDER/region/2026/11/25/…; or the whole path of the object. */
  folder: string;
  path?: string;
}

/** What the outbox holds for `deliverVended`. */
interface Item extends Vended {
  attempts: number;
}

export function leaveVended(vended: Vended, ctx: Context): void {
  ctx.outbox.put("deliverVended", { ...vended, attempts: 0 } satisfies Item);
}

/** Delivery: writes records to their destination; tries again while that may help. */
export async function deliverVended(item: Item, ctx: Context): Promise<void> {
  const savepoint = ctx.tx.savepoint();
  try {
    await write(item, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
    const attempts = item.attempts + 1;
    if (isRetriable(error) && attempts < maxAttempts) {
      const options = { delayMs: retryDelayMs(attempts), hops: ctx.hops - 1 };
      ctx.outbox.put("deliverVended", { ...item, attempts }, options);
    }
  }
}

async function write(vended: Vended, ctx: Context): Promise<void> {
  const { service } = parseArn(vended.arn) ?? {};
  if (service === "logs") await writeLines(vended, ctx);
  else if (service === "s3") await writeObject(vended, ctx);
  else await writeStream(vended, ctx);
}

async function writeLines({ arn, records, sourceArn, stream }: Vended, ctx: Context): Promise<void> {
  const { account, region, resource = "" } = parseArn(arn) ?? {};
  const as = servicePrincipal(deliverySources, { sourceArn, sourceAccount: ctx.account });
  const at = { as, ...(account && { account }), ...(region && { region }) };
  const name = { logGroupName: resource.replace(/^log-group:|:\*$/g, ""), logStreamName: stream };
  const timestamp = ctx.clock.now();
  const logEvents = records.map((message) => ({ timestamp, message }));
  try {
    await ctx.call("logs", "PutLogEvents", { ...name, logEvents }, at);
  } catch (error) {
    if (!(error instanceof AwsError && error.code === "ResourceNotFoundException")) throw error;
    await ctx.call("logs", "CreateLogStream", name, at);
    await ctx.call("logs", "PutLogEvents", { ...name, logEvents }, at);
  }
}

async function writeObject({ arn, records, sourceArn, folder, path }: Vended, ctx: Context): Promise<void> {
  const { account, region } = ctx;
  const [Bucket, ...prefix] = arn.replace("arn:aws:s3:::", "").split("/");
  const at = new Date(ctx.clock.now()).toISOString();
  const day = at.slice(0, 10).replaceAll("-", "/");
  const stamp = `${at.slice(0, 13).replaceAll("-", "")}${at.slice(14, 16)}Z`;
  const name = `${account}_${folder}_${region}_${stamp}_${randomText(8, "lower36")}.log.gz`;
  const within = path ?? `AWSLogs/${account}/${folder}/${region}/${day}`;
  const Key = [...prefix, within, name].filter((part) => part !== "").join("/");
  await ctx.call(
    "s3",
    "PutObject",
    { Bucket, Key, ACL: "bucket-owner-full-control" },
    {
      as: servicePrincipal(deliverySources, { sourceArn, sourceAccount: account }),
      account,
      region,
      body: await compress(`${records.join("\n")}\n`),
    },
  );
}

async function writeStream({ arn, records, sourceArn }: Vended, ctx: Context): Promise<void> {
  const { account, region, resource = "" } = parseArn(arn) ?? {};
  const by = servicePrincipal(deliverySources, { sourceArn, sourceAccount: ctx.account });
  const role = `arn:aws:iam::${account}:role/aws-service-role/${deliverySources}/AWSServiceRoleForLogDelivery`;
  const as = await ctx.assumeRole(role, by, "LogDelivery");
  const at = { as, ...(account && { account }), ...(region && { region }) };
  const DeliveryStreamName = resource.replace(/^deliverystream\//, "");
  for (let i = 0; i < records.length; i += maxRecordsPerBatch) {
    const Records = records
      .slice(i, i + maxRecordsPerBatch)
      .map((one) => ({ Data: Buffer.from(`${one}\n`) }));
    await ctx.call("firehose", "PutRecordBatch", { DeliveryStreamName, Records }, at);
  }
}
