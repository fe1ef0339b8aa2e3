import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Caller, servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { randomText } from "../../kit/ids.ts";
import { parseArn } from "../../kit/targets.ts";
import type { Owner } from "./access.ts";
import { type DestinationRow, destinations } from "./tables.ts";

/** What subscription filters and destinations deliver to, and how it is asked. */

export type TargetKind = "kinesis" | "firehose" | "lambda" | "destination";

export interface Target {
  kind: TargetKind;
  arn: string;
  account: string;
  region: string;
  /** Of the stream, the delivery stream or the destination; of a function, with its alias or version. */
  name: string;
}

const forms: readonly [service: string, resource: RegExp, kind: TargetKind][] = [
  ["kinesis", /^stream\/(.+)$/, "kinesis"],
  ["firehose", /^deliverystream\/(.+)$/, "firehose"],
  ["lambda", /^function:(.+)$/, "lambda"],
  ["logs", /^destination:(.+)$/, "destination"],
];

/** Undefined for the ARN of anything else. */
export function targetOf(arn: string): Target | undefined {
  const parsed = parseArn(arn);
  if (parsed === undefined) return undefined;
  for (const [service, resource, kind] of forms) {
    const name = service === parsed.service ? resource.exec(parsed.resource)?.[1] : undefined;
    if (name !== undefined) return { kind, arn, account: parsed.account, region: parsed.region, name };
  }
  return undefined;
}

/** On whose behalf it is delivered: what the service gives as `aws:SourceArn`, and the role. */
export interface Subscription {
  destinationArn: string;
  roleArn?: string;
  groupArn: string;
  distribution: "Random" | "ByLogStream";
}

const compress = promisify(gzip);

/** A message as subscribers get it: JSON, compressed. The fastest level: it already takes lines to a tenth. */
export async function packed(message: object): Promise<Buffer> {
  return await compress(JSON.stringify(message), { level: 1 });
}

/**
 * Delivers packed bytes, as the role that the customer gave; to a function as CloudWatch Logs itself. Throws the
 * target's AwsError.
 */
export async function deliverTo(
  subscription: Subscription,
  { data, stream }: { data: Buffer; stream: string },
  ctx: Context,
): Promise<void> {
  const { groupArn, distribution } = subscription;
  const as = servicePrincipal("logs.amazonaws.com", {
    sourceArn: `${groupArn}:*`,
    sourceAccount: ctx.account,
  });
  const { target, roleArn } = await resolved(subscription, ctx);
  const { account, region, name } = target;
  if (target.kind === "lambda") {
    const Payload = Buffer.from(JSON.stringify({ awslogs: { data: data.toString("base64") } }));
    const input = { FunctionName: target.arn, InvocationType: "Event", Payload };
    await ctx.call("lambda", "Invoke", input, { as, account, region });
    return;
  }
  const role = await assumed(roleArn, as, ctx);
  if (target.kind === "firehose") {
    const input = { DeliveryStreamName: name, Record: { Data: data } };
    await ctx.call("firehose", "PutRecord", input, { as: role, account, region });
    return;
  }
  const PartitionKey = distribution === "Random" ? randomText(32, "lower36") : stream || name;
  const input = { StreamName: name, Data: data, PartitionKey };
  await ctx.call("kinesis", "PutRecord", input, { as: role, account, region });
}

export async function destinationNamed(
  { account, region }: Owner,
  name: string,
  ctx: Context,
): Promise<DestinationRow | undefined> {
  return await destinations.get(ctx.tx, account, region, name);
}

/** A destination stands for what it leads to, under its own role. */
async function resolved(
  { destinationArn, roleArn }: Subscription,
  ctx: Context,
): Promise<{ target: Target; roleArn: string | undefined }> {
  const target = targetOf(destinationArn);
  if (target === undefined)
    throw new AwsError("ResourceNotFoundException", `${destinationArn} is no target.`);
  if (target.kind !== "destination") return { target, roleArn };
  const destination = await destinationNamed(target, target.name, ctx);
  const behind = destination && targetOf(destination.targetArn);
  if (destination === undefined || behind === undefined) {
    throw new AwsError("ResourceNotFoundException", "The specified destination does not exist.");
  }
  return { target: behind, roleArn: destination.roleArn };
}

async function assumed(roleArn: string | undefined, by: Caller, ctx: Context): Promise<Caller> {
  if (roleArn === undefined) throw new AwsError("InvalidParameterException", "A role is needed.");
  return await ctx.assumeRole(roleArn, by, "CloudWatchLogs");
}

const probeWords: Record<TargetKind, string> = {
  kinesis:
    "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state. ",
  firehose:
    "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state. ",
  lambda:
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
  destination: "Could not deliver test message to specified destination. Check if the destination is valid.",
};

const probeNames: Partial<Record<TargetKind, string>> = { kinesis: "Kinesis", firehose: "Firehose" };

/**
 * Sees that a target takes what is sent: a control message to streams, a dry run of a function.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
export async function probe(subscription: Subscription, ctx: Context): Promise<void> {
  const target = targetOf(subscription.destinationArn) as Target;
  try {
    if (target.kind === "lambda") {
      const source = { sourceArn: `${subscription.groupArn}:*`, sourceAccount: ctx.account };
      const as = servicePrincipal("logs.amazonaws.com", source);
      const { account, region } = target;
      const input = { FunctionName: target.arn, InvocationType: "DryRun" };
      await ctx.call("lambda", "Invoke", input, { as, account, region });
      return;
    }
    const name = probeNames[target.kind] ?? "destination";
    const message = {
      messageType: "CONTROL_MESSAGE",
      owner: "CloudwatchLogs",
      logGroup: "",
      logStream: "",
      subscriptionFilters: [],
      logEvents: [
        {
          id: "",
          timestamp: ctx.clock.now(),
          message: `CWL CONTROL MESSAGE: Checking health of destination ${name}.`,
        },
      ],
    };
    await deliverTo(subscription, { data: await packed(message), stream: "" }, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError("InvalidParameterException", probeWords[target.kind], { status: 400 });
  }
}
