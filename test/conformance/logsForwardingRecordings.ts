import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteDestinationCommand,
  DeleteSubscriptionFilterCommand,
  DescribeDestinationsCommand,
  DescribeSubscriptionFiltersCommand,
  ListTagsForResourceCommand,
  PutDestinationCommand,
  PutDestinationPolicyCommand,
  PutSubscriptionFilterCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, type IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateStreamCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { policyOf } from "../harness.ts";
import { answerOf } from "./recorded.ts";

/** Answers recorded of destinations and subscription filters, asked again here. */

export interface Forwarding {
  logs: CloudWatchLogsClient;
  iam: IAMClient;
  kinesis: KinesisClient;
  account: string;
}

export interface ForwardingRecording {
  name: string;
  run: (t: Forwarding) => Promise<Record<string, unknown>>;
}

let serial = 0;

async function newGroup({ logs }: Forwarding): Promise<string> {
  serial += 1;
  const logGroupName = `forwarded-${serial}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  return logGroupName;
}

/** A stream, and a role that CloudWatch Logs may write to it with. */
async function target({
  iam,
  kinesis,
  account,
}: Forwarding): Promise<{ targetArn: string; roleArn: string }> {
  serial += 1;
  const StreamName = `stream-${serial}`;
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  const RoleName = `writer-${serial}`;
  const trust = { Principal: { Service: "logs.amazonaws.com" }, Action: "sts:AssumeRole" };
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: policyOf(trust) }));
  const PolicyDocument = policyOf({ Action: "kinesis:PutRecord", Resource: "*" });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "write", PolicyDocument }));
  return {
    targetArn: `arn:aws:kinesis:us-east-1:${account}:stream/${StreamName}`,
    roleArn: `arn:aws:iam::${account}:role/${RoleName}`,
  };
}

async function newDestination(t: Forwarding, tags?: Record<string, string>) {
  serial += 1;
  const input = { destinationName: `destination-${serial}`, ...(await target(t)) };
  const answer = await answerOf(t.logs.send(new PutDestinationCommand({ ...input, ...(tags && { tags }) })));
  return { input, answer };
}

const describe = ({ logs }: Forwarding, DestinationNamePrefix: string) =>
  answerOf(logs.send(new DescribeDestinationsCommand({ DestinationNamePrefix })));

export const destinationRecordings: ForwardingRecording[] = [
  {
    name: "test_put_destination",
    run: async (t) => ({ "put-destination": (await newDestination(t)).answer }),
  },
  {
    name: "test_describe_destinations_empty",
    run: async (t) => ({ "describe-destinations-empty": await describe(t, "no-such-destination") }),
  },
  {
    name: "test_describe_destinations_with_prefix",
    run: async (t) => {
      const { input } = await newDestination(t);
      return { "describe-destinations": await describe(t, input.destinationName) };
    },
  },
  {
    name: "test_update_destination",
    run: async (t) => {
      const { input } = await newDestination(t);
      const original = await describe(t, input.destinationName);
      await t.logs.send(new PutDestinationCommand({ ...input, ...(await target(t)) }));
      return {
        "original-description": original,
        "updated-description": await describe(t, input.destinationName),
      };
    },
  },
  {
    name: "test_put_destination_policy",
    run: async (t) => {
      const { input } = await newDestination(t);
      const { destinationName } = input;
      const accessPolicy = policyOf({
        Principal: { AWS: "logs.amazonaws.com" },
        Action: "logs:PutSubscriptionFilter",
        Resource: input.targetArn,
      });
      const command = new PutDestinationPolicyCommand({ destinationName, accessPolicy });
      return {
        "put-destination-policy": await answerOf(t.logs.send(command)),
        "destination-with-policy": await describe(t, destinationName),
      };
    },
  },
  {
    name: "test_delete_destination",
    run: async (t) => {
      const { destinationName } = (await newDestination(t)).input;
      return {
        "delete-destination": await answerOf(t.logs.send(new DeleteDestinationCommand({ destinationName }))),
        "no-destination-found": await describe(t, destinationName),
      };
    },
  },
  {
    name: "test_destination_tags",
    run: async (t) => {
      const { destinationName } = (await newDestination(t)).input;
      const resourceArn = `arn:aws:logs:us-east-1:${t.account}:destination:${destinationName}`;
      const listed = () => answerOf(t.logs.send(new ListTagsForResourceCommand({ resourceArn })));
      await t.logs.send(new TagResourceCommand({ resourceArn, tags: { key1: "val1", key2: "val2" } }));
      const added = await listed();
      await t.logs.send(new UntagResourceCommand({ resourceArn, tagKeys: ["key2"] }));
      return { "list-tags-after-add": added, "list-tags-after-remove": await listed() };
    },
  },
];

const filters = ({ logs }: Forwarding, logGroupName: string) =>
  answerOf(logs.send(new DescribeSubscriptionFiltersCommand({ logGroupName })));

export const subscriptionRecordings: ForwardingRecording[] = [
  {
    name: "test_describe_subscription_filters_empty",
    run: async (t) => ({ "describe-subscription-filters-empty": await filters(t, await newGroup(t)) }),
  },
  {
    name: "test_describe_subscription_filters_log_group_not_found",
    run: async (t) => ({ "error-log-group-not-found": await filters(t, "no-such-group") }),
  },
  {
    name: "test_put_subscription_filter_limit_exceeded",
    run: async (t) => {
      const logGroupName = await newGroup(t);
      const { targetArn: destinationArn, roleArn } = await target(t);
      const put = (filterName: string) =>
        t.logs.send(
          new PutSubscriptionFilterCommand({
            logGroupName,
            filterName,
            filterPattern: "",
            destinationArn,
            roleArn,
          }),
        );
      for (const name of ["one", "two"]) await put(name);
      return { "error-limit-exceeded": await answerOf(put("three")) };
    },
  },
  {
    name: "test_delete_subscription_filter_errors",
    run: async (t) => {
      const remove = (logGroupName: string) =>
        answerOf(t.logs.send(new DeleteSubscriptionFilterCommand({ logGroupName, filterName: "none" })));
      return {
        "error-log-group-not-found": await remove("no-such-group"),
        "error-filter-not-found": await remove(await newGroup(t)),
      };
    },
  },
  {
    name: "test_put_subscription_filter_errors",
    run: async (t) => {
      const put = (logGroupName: string, destinationArn: string) =>
        answerOf(
          t.logs.send(
            new PutSubscriptionFilterCommand({
              logGroupName,
              filterName: "test",
              filterPattern: "",
              destinationArn,
            }),
          ),
        );
      const elsewhere = "arn:aws:lambda:us-east-1:123456789012:function:none";
      return {
        "error-log-group-not-found": await put("no-such-group", elsewhere),
        "error-lambda-not-found": await put(await newGroup(t), elsewhere),
        "error-kinesis-not-found": await put(
          await newGroup(t),
          "arn:aws:kinesis:us-east-1:123456789012:stream/none",
        ),
      };
    },
  },
];

/** Two need a function's code; `src/services/logs/subscriptions.test.ts` and the demonstration run what they are about. */
export const subscriptionsLeftOut: Record<string, string> = {
  test_put_subscription_filter_lambda: "the answers are those of a function",
  test_put_subscription_filter_update: "the answers are those of a function",
};
