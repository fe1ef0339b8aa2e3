import type {
  FilterRuleName,
  NotificationConfiguration,
  NotificationConfigurationFilter,
} from "@aws-sdk/client-s3";
import { type Caller, servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { deliver, parseArn } from "../../kit/targets.ts";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { fail, invalidArgument } from "./errors.ts";
import { findBucket } from "./find.ts";
import { bucketArn } from "./names.ts";
import { type Destination, destinationsOf } from "./notify.ts";
import { type BucketRow, buckets } from "./tables.ts";

const services = {
  QueueConfigurations: "sqs",
  TopicConfigurations: "sns",
  LambdaFunctionConfigurations: "lambda",
};

function checkDestinations(destinations: readonly Destination[]): void {
  for (const { kind, arn, events, filter } of destinations) {
    const parsed = parseArn(arn);
    if (parsed === undefined || !Object.values(services).includes(parsed.service)) {
      throw invalidArgument("The ARN could not be parsed", kind, arn);
    }
    if (events.length === 0) throw fail("MalformedXML");
    for (const { Name, Value } of filter?.Key?.FilterRules ?? []) {
      if (Name === undefined || Value === undefined) throw fail("MalformedXML");
      if (!["prefix", "suffix"].includes(Name.toLowerCase())) {
        throw invalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name", Name);
      }
    }
  }
}

/** How services say that there is no such queue, topic or function. */
const absent = /^(?:AWS\.SimpleQueueService\.NonExistentQueue|QueueDoesNotExist|NotFound|ResourceNotFound)/;

/** S3 tries each target before it takes a configuration: it must let S3 in. */
async function checkReachable(
  bucket: BucketRow,
  destinations: readonly Destination[],
  ctx: Context,
): Promise<void> {
  const as = servicePrincipal("s3.amazonaws.com", {
    sourceArn: bucketArn(bucket.name),
    sourceAccount: bucket.account,
  });
  const body = JSON.stringify({
    Service: "Amazon S3",
    Event: "s3:TestEvent",
    Time: new Date(ctx.clock.now()).toISOString(),
    Bucket: bucket.name,
    RequestId: ctx.requestId,
    HostId: ctx.requestId,
  });
  const members: Record<string, string> = {};
  let refused = 0;
  for (const { kind, arn } of destinations) {
    try {
      if (parseArn(arn)?.service === "lambda") await askFunction(arn, as, ctx);
      else await deliver(ctx, { arn }, body, as);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      refused += 1;
      members[`ArgumentName${refused}`] = arn;
      members[`ArgumentValue${refused}`] = absent.test(error.code)
        ? `The destination ${kind === "CloudFunction" ? "Lambda" : kind.toLowerCase()} does not exist`
        : "Permissions on the destination do not allow S3 to publish notifications from this bucket";
    }
  }
  if (refused === 0) return;
  throw fail("InvalidArgument", {
    message: "Unable to validate the following destination configurations",
    members,
  });
}

/** A function gets no test event: it is only asked whether S3 may invoke it. */
async function askFunction(arn: string, as: Caller, ctx: Context): Promise<void> {
  const { account, region } = parseArn(arn) ?? {};
  const input = { FunctionName: arn, InvocationType: "DryRun" };
  await ctx.call("lambda", "Invoke", input, { as, ...(account && { account }), ...(region && { region }) });
}

/** Rules are spelled in one way, however they came. */
function spelled(filter: NotificationConfigurationFilter): NotificationConfigurationFilter {
  const FilterRules = filter.Key?.FilterRules?.map(({ Name = "", Value }) => ({
    Name: (Name.charAt(0).toUpperCase() + Name.slice(1).toLowerCase()) as FilterRuleName,
    Value,
  }));
  return { Key: { FilterRules } };
}

type Configured = { Id?: string | undefined; Filter?: NotificationConfigurationFilter | undefined };

/** A configuration as it is kept: each target with an id. */
function completed(configuration: NotificationConfiguration): NotificationConfiguration {
  const named = <T extends Configured>(list: T[] | undefined) =>
    list?.map((one) => ({
      ...one,
      Id: one.Id || uuid(),
      ...(one.Filter?.Key?.FilterRules && { Filter: spelled(one.Filter) }),
    }));
  const { EventBridgeConfiguration } = configuration;
  const kept: NotificationConfiguration = {
    ...(EventBridgeConfiguration && { EventBridgeConfiguration: {} }),
  };
  for (const name of Object.keys(services) as (keyof typeof services)[]) {
    const list = named(configuration[name] as Configured[] | undefined);
    if (list !== undefined && list.length > 0) kept[name] = list as never;
  }
  return kept;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html */
export const putBucketNotification = s3.operation("PutBucketNotificationConfiguration", {
  access: onBucket("PutBucketNotification"),
  async handle(input, ctx) {
    const { notifications: _, ...bucket } = await findBucket(input, ctx);
    checkDestinations(destinationsOf({ notifications: input.NotificationConfiguration }));
    const notifications = completed(input.NotificationConfiguration);
    const destinations = destinationsOf({ notifications });
    if (!input.SkipDestinationValidation) await checkReachable(bucket, destinations, ctx);
    const isEmpty = Object.keys(notifications).length === 0;
    buckets.put(ctx.tx, [bucket.name], isEmpty ? bucket : { ...bucket, notifications });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html */
export const getBucketNotification = s3.operation("GetBucketNotificationConfiguration", {
  access: onBucket("GetBucketNotification"),
  async handle(input, ctx) {
    return (await findBucket(input, ctx)).notifications ?? {};
  },
});
