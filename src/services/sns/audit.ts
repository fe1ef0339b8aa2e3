import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { deliver, isRetriable, retryDelayMs } from "../../kit/targets.ts";
import { type TopicName, topicArn } from "./names.ts";
import type { Destination } from "./protectionPolicy.ts";

/** Reports of audits, on their way to log groups, delivery streams and buckets, whose own policies let them in. */

/** Who writes vended logs on AWS. */
const principal = "delivery.logs.amazonaws.com";
const maxAttempts = 5;

interface Report {
  topic: TopicName;
  kind: keyof Destination;
  name: string;
  body: string;
  attempts: number;
}

export function leaveAudit(
  topic: TopicName,
  destination: Destination,
  report: Record<string, unknown>,
  ctx: Context,
): void {
  const { account, region } = topic;
  const body = JSON.stringify(report);
  for (const [kind, name] of Object.entries(destination))
    ctx.outbox.put("audit", { topic, kind, name, body, attempts: 0 }, { account, region });
}

export const audit = {
  async settle(report: Report, ctx: Context): Promise<void> {
    try {
      await write(report, ctx);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const attempts = report.attempts + 1;
      if (isRetriable(error) && attempts < maxAttempts)
        ctx.outbox.put("audit", { ...report, attempts }, { delayMs: retryDelayMs(attempts) });
    }
  },
};

async function write({ topic, kind, name, body }: Report, ctx: Context): Promise<void> {
  const { account, region } = topic;
  const as = servicePrincipal(principal, { sourceArn: topicArn(topic), sourceAccount: account });
  if (kind === "bucket") {
    const day = new Date(ctx.clock.now()).toISOString().slice(0, 10).replaceAll("-", "/");
    const Key = `AWSLogs/${account}/sns_data_protection/${region}/${topic.name}/${day}/${uuid()}.log`;
    const input = { Bucket: name, Key, ACL: "bucket-owner-full-control" };
    await ctx.call("s3", "PutObject", input, { as, account, region, body: Buffer.from(`${body}\n`) });
    return;
  }
  const arn =
    kind === "logGroup"
      ? `arn:aws:logs:${region}:${account}:log-group:${name}`
      : `arn:aws:firehose:${region}:${account}:deliverystream/${name}`;
  await deliver(ctx, { arn, logStream: `${topic.name}/data-protection` }, body, as);
}
