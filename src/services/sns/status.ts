import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { draw } from "../../kit/ids.ts";
import { type AppName, appArn } from "./appNames.ts";
import type { Delivery } from "./fanout.ts";
import { topicArn } from "./names.ts";
import { type ApplicationRow, type SubscriptionRow, topics } from "./tables.ts";

/** Delivery status logs. https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html */

interface Status {
  status: "SUCCESS" | "FAILURE";
  reason?: string;
  tookMs?: number;
}

const prefixes: Record<string, string> = {
  http: "HTTP",
  https: "HTTP",
  sqs: "SQS",
  lambda: "Lambda",
  firehose: "Firehose",
  application: "Application",
};

/** Logs how a delivery went, if the topic names a role for that. */
export async function logStatus(
  { subscription, message, attempts = 0 }: Delivery,
  row: SubscriptionRow,
  { status, reason, tookMs }: Status,
  ctx: Context,
): Promise<void> {
  const prefix = prefixes[row.protocol];
  const { account, region, name } = subscription;
  const topic = await topics.get(ctx.tx, account, region, name);
  const word = status === "SUCCESS" ? "Success" : "Failure";
  const roleArn = topic?.attributes[`${prefix}${word}FeedbackRoleArn`];
  if (roleArn === undefined || prefix === undefined) return;
  if (status === "SUCCESS" && !sampled(topic?.attributes[`${prefix}SuccessFeedbackSampleRate`])) return;
  const line = JSON.stringify({
    notification: {
      messageId: message.messageId,
      topicArn: topicArn(subscription),
      timestamp: new Date(message.publishedAt).toISOString(),
    },
    delivery: {
      destination: row.endpoint,
      attempts: attempts + 1,
      ...(reason !== undefined && { providerResponse: reason }),
      ...(tookMs !== undefined && { dwellTimeMs: tookMs }),
    },
    status,
  });
  const to = { logGroupName: logGroupOf(`${region}/${account}/${name}`, status), roleArn };
  await write({ ...to, sourceArn: topicArn(subscription) }, message.messageId, line, ctx);
}

function logGroupOf(name: string, status: Status["status"]): string {
  return `sns/${name}${status === "FAILURE" ? "/Failure" : ""}`;
}

/** The same for what was published to a device directly, if the app names a role for that. */
export async function logPush(
  app: AppName,
  { attributes }: ApplicationRow,
  { messageId, destination, status, reason }: Status & { messageId: string; destination: string },
  ctx: Context,
): Promise<void> {
  const roleArn = attributes[status === "SUCCESS" ? "SuccessFeedbackRoleArn" : "FailureFeedbackRoleArn"];
  if (!roleArn || (status === "SUCCESS" && !sampled(attributes.SuccessFeedbackSampleRate))) return;
  const line = JSON.stringify({
    notification: { messageId, timestamp: new Date(ctx.clock.now()).toISOString() },
    delivery: {
      destination,
      attempts: 1,
      ...(reason !== undefined && { providerResponse: reason }),
    },
    status,
  });
  const name = `${app.region}/${app.account}/app/${app.platform}/${app.name}`;
  const to = { logGroupName: logGroupOf(name, status), roleArn, sourceArn: appArn(app) };
  await write(to, messageId, line, ctx);
}

function sampled(rate: string | undefined): boolean {
  return draw(1).readUInt8() % 100 < Number(rate ?? 100);
}

interface Destination {
  logGroupName: string;
  roleArn: string;
  sourceArn: string;
}

async function write(to: Destination, logStreamName: string, message: string, ctx: Context): Promise<void> {
  try {
    await writeAs(to, logStreamName, message, ctx);
  } catch (error) {
    // That a delivery cannot be logged is no fault of the delivery.
    if (!(error instanceof AwsError)) throw error;
  }
}

async function writeAs(
  { logGroupName, roleArn, sourceArn }: Destination,
  logStreamName: string,
  message: string,
  ctx: Context,
): Promise<void> {
  const service = servicePrincipal("sns.amazonaws.com", { sourceArn, sourceAccount: ctx.account });
  const as = await ctx.assumeRole(roleArn, service, "SNSFeedback");
  const call = (operation: string, input: object) =>
    ctx.call("logs", operation, { logGroupName, ...input }, { as });
  for (const operation of ["CreateLogGroup", "CreateLogStream"]) {
    try {
      await call(operation, operation === "CreateLogStream" ? { logStreamName } : {});
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== "ResourceAlreadyExistsException") throw error;
    }
  }
  await call("PutLogEvents", { logStreamName, logEvents: [{ timestamp: ctx.clock.now(), message }] });
}
