import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogStreamCommand,
  DeleteMetricFilterCommand,
  DeleteResourcePolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  type DescribeLogStreamsCommandInput,
  DescribeMetricFiltersCommand,
  DescribeQueriesCommand,
  type DescribeQueriesCommandInput,
  DescribeResourcePoliciesCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  GetQueryResultsCommand,
  ListTagsForResourceCommand,
  ListTagsLogGroupCommand,
  type MetricTransformation,
  PutLogEventsCommand,
  PutMetricFilterCommand,
  PutResourcePolicyCommand,
  StartQueryCommand,
  TagLogGroupCommand,
  TagResourceCommand,
  UntagLogGroupCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, optionsOf, startForTest } from "../harness.ts";
import { deliveryRecordings } from "./logsDeliveryRecordings.ts";
import { exportRecordings } from "./logsExportRecordings.ts";
import {
  destinationRecordings,
  type ForwardingRecording,
  subscriptionRecordings,
  subscriptionsLeftOut,
} from "./logsForwardingRecordings.ts";
import { answerOf, expectRecorded, recordedAnswers } from "./recorded.ts";

/** Answers of CloudWatch Logs, held against those recorded from AWS. */

type Answers = Record<string, unknown>;

let cloudkeep: Cloudkeep;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = new CloudWatchLogsClient(optionsOf(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

/** Numbers that the recorder replaced by a word. */
const words: Record<string, string> = {
  creationTime: "timestamp",
  createTime: "create-time",
  lastUpdatedTime: "last-updated-time",
  tooOldLogEventEndIndex: "too-old-log-event-end-index",
  tooNewLogEventStartIndex: "too-new-log-event-start-index",
};

/** An answer as the recorder would have written it: some numbers as words, policies as objects. */
function asRecorded(value: unknown, name = ""): unknown {
  if (typeof value === "number" && words[name] !== undefined) return words[name];
  if (typeof value === "string" && /^(?:policyDocument|accessPolicy|deliveryDestinationPolicy)$/.test(name))
    return JSON.parse(value);
  if (Array.isArray(value)) return value.map((item) => asRecorded(item));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asRecorded(item, key)]));
}

/** The SDK's `send` has a type for each command, and a call of any of them has none. */
const send = (command: object) =>
  answerOf((logs as unknown as { send(command: object): Promise<object> }).send(command));

let serial = 0;

async function newGroup(input: object = {}): Promise<string> {
  serial += 1;
  const logGroupName = `conformance-${serial}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName, ...input }));
  return logGroupName;
}

async function newStream(logStreamName = "stream"): Promise<{ logGroupName: string; logStreamName: string }> {
  const logGroupName = await newGroup();
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  return { logGroupName, logStreamName };
}

const arnOf = (logGroupName: string) =>
  `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${logGroupName}`;

interface Recording {
  name: string;
  /** Our answers, by the names of the recording's. */
  run: () => Promise<Answers>;
}

const hourMs = 3_600_000;

async function putAt(offsetsMs: number[]) {
  const now = cloudkeep.clock.now();
  const logEvents = offsetsMs.map((offset) => ({ timestamp: now + offset, message: "x" }));
  return await send(new PutLogEventsCommand({ ...(await newStream()), logEvents }));
}

const events: Recording[] = [
  {
    name: "test_put_log_events_to_invalid_stream",
    run: async () => {
      const logEvents = [{ timestamp: Date.now(), message: "x" }];
      const input = { logGroupName: await newGroup(), logStreamName: "invalid", logEvents };
      return { "error-invalid-stream": await send(new PutLogEventsCommand(input)) };
    },
  },
  {
    name: "test_put_log_events_wrong_order",
    run: async () => ({ "error-wrong-order": await putAt([0, -1000]) }),
  },
  {
    name: "test_put_log_events_too_old",
    run: async () => ({ "response-too-old": await putAt([-15 * 24 * hourMs]) }),
  },
  {
    name: "test_put_log_events_too_new",
    run: async () => ({ "response-too-new": await putAt([3 * hourMs]) }),
  },
  {
    name: "test_get_log_events_invalid_token",
    run: async () => {
      const input = { ...(await newStream()), nextToken: "n/00000" };
      return { "error-invalid-token": await send(new GetLogEventsCommand(input)) };
    },
  },
  {
    name: "test_get_log_events_limit_validation",
    run: async () => {
      const input = { ...(await newStream()), limit: 10_001 };
      return { "error-limit-exceeded": await send(new GetLogEventsCommand(input)) };
    },
  },
  {
    name: "test_resource_does_not_exist",
    run: async () => ({
      "error-log-group-does-not-exist": await send(
        new GetLogEventsCommand({ logGroupName: "none", logStreamName: "none" }),
      ),
      "error-log-stream-does-not-exist": await send(
        new GetLogEventsCommand({ logGroupName: await newGroup(), logStreamName: "none" }),
      ),
    }),
  },
];

const filtering: Recording[] = [
  {
    name: "test_filter_log_events_limit_validation",
    run: async () => {
      const { logGroupName } = await newStream();
      return {
        "error-limit-exceeded": await send(new FilterLogEventsCommand({ logGroupName, limit: 10_001 })),
      };
    },
  },
  {
    name: "test_filter_log_events_unknown_token",
    run: async () => {
      const { logGroupName } = await newStream();
      return { "invalid-token": await send(new FilterLogEventsCommand({ logGroupName, nextToken: "none" })) };
    },
  },
];

const describeGroups = (input: object) => send(new DescribeLogGroupsCommand(input));

const groups: Recording[] = [
  {
    name: "test_create_log_group_with_kms_key",
    run: async () => {
      const { kms } = clients(cloudkeep, cloudkeep.credentials);
      const statement = (Principal: object) => ({
        Effect: "Allow",
        Principal,
        Action: "kms:*",
        Resource: "*",
      });
      const root = { AWS: `arn:aws:iam::${cloudkeep.accountId}:root` };
      const Statement = [statement(root), statement({ Service: "logs.us-east-1.amazonaws.com" })];
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy }));
      const logGroupNamePrefix = await newGroup({ kmsKeyId: KeyMetadata?.Arn });
      return { "describe-log-groups-with-kms": await describeGroups({ logGroupNamePrefix }) };
    },
  },
  {
    name: "test_create_log_group_duplicate_error",
    run: async () => {
      const logGroupName = await newGroup();
      return { "error-duplicate-log-group": await send(new CreateLogGroupCommand({ logGroupName })) };
    },
  },
  {
    name: "test_create_log_group_invalid_name_length",
    run: async () => ({
      "error-invalid-name-length": await send(new CreateLogGroupCommand({ logGroupName: "a".repeat(513) })),
    }),
  },
  {
    name: "test_describe_log_groups_with_prefix",
    run: async () => {
      const logGroupNamePrefix = await newGroup();
      for (const end of ["-a", "-b"]) {
        await logs.send(new CreateLogGroupCommand({ logGroupName: `${logGroupNamePrefix}${end}` }));
      }
      return { "describe-log-groups-prefix": await describeGroups({ logGroupNamePrefix }) };
    },
  },
  {
    name: "test_describe_log_groups_prefix_and_pattern_error",
    run: async () => ({
      "error-prefix-and-pattern": await describeGroups({ logGroupNamePrefix: "a", logGroupNamePattern: "b" }),
    }),
  },
  {
    name: "test_list_log_groups_with_pattern",
    run: async () => {
      const logGroupName = await newGroup();
      const matching = (await describeGroups({ logGroupNamePattern: logGroupName })) as {
        logGroups?: unknown;
      };
      return {
        "list-log-groups-no-match": await describeGroups({ logGroupNamePattern: "no-such-group" }),
        "list-log-groups-match": matching.logGroups,
      };
    },
  },
];

const tagsOf = (logGroupName: string) => send(new ListTagsLogGroupCommand({ logGroupName }));

const tagging: Recording[] = [
  {
    name: "test_create_log_group_with_tags",
    run: async () => ({
      "list-tags-after-create": await tagsOf(await newGroup({ tags: { env: "testing" } })),
    }),
  },
  {
    name: "test_tag_log_group",
    run: async () => {
      const logGroupName = await newGroup();
      await logs.send(new TagLogGroupCommand({ logGroupName, tags: { tag_key_1: "tag_value_1" } }));
      return { "list-tags-after-tag": await tagsOf(logGroupName) };
    },
  },
  {
    name: "test_untag_log_group",
    run: async () => {
      const logGroupName = await newGroup({ tags: { tag_key_1: "tag_value_1", tag_key_2: "tag_value_2" } });
      await logs.send(new UntagLogGroupCommand({ logGroupName, tags: ["tag_key_1"] }));
      return { "list-tags-after-untag": await tagsOf(logGroupName) };
    },
  },
  {
    name: "test_tag_resource_api",
    run: async () => {
      const logGroupName = await newGroup({ tags: { env: "testing1" } });
      const resourceArn = arnOf(logGroupName);
      const ofResource = () => send(new ListTagsForResourceCommand({ resourceArn }));
      const answers: Answers = { "list-tags-after-create": await tagsOf(logGroupName) };
      await logs.send(new TagResourceCommand({ resourceArn, tags: { test1: "val1", test2: "val2" } }));
      answers["list-tags-log-group-after-tag-resource"] = await tagsOf(logGroupName);
      answers["list-tags-for-resource-after-tag-resource"] = await ofResource();
      await logs.send(new TagLogGroupCommand({ logGroupName, tags: { test3: "val3" } }));
      answers["list-tags-log-group-after-tag-log-group"] = await tagsOf(logGroupName);
      answers["list-tags-for-resource-after-tag-log-group"] = await ofResource();
      await logs.send(new UntagLogGroupCommand({ logGroupName, tags: ["test3"] }));
      await logs.send(new UntagResourceCommand({ resourceArn, tagKeys: ["env", "test1"] }));
      answers["list-tags-log-group-after-untag"] = await tagsOf(logGroupName);
      answers["list-tags-for-resource-after-untag"] = await ofResource();
      return answers;
    },
  },
];

const describeStreams = (input: DescribeLogStreamsCommandInput) => send(new DescribeLogStreamsCommand(input));

const streams: Recording[] = [
  {
    name: "test_create_and_delete_log_stream",
    run: async () => {
      const stream = await newStream();
      const answer = await describeStreams({ logGroupName: stream.logGroupName });
      await logs.send(new DeleteLogStreamCommand(stream));
      return { "describe-log-streams-after-create": answer };
    },
  },
  {
    name: "test_create_log_stream_duplicate_error",
    run: async () => ({
      "error-duplicate-log-stream": await send(new CreateLogStreamCommand(await newStream())),
    }),
  },
  {
    name: "test_describe_log_streams_with_log_group_identifier",
    run: async () => {
      const { logGroupName } = await newStream();
      const logGroupIdentifier = logGroupName;
      return {
        "describe-streams-identifier-name": await describeStreams({ logGroupIdentifier }),
        "describe-streams-identifier-arn": await describeStreams({ logGroupIdentifier: arnOf(logGroupName) }),
        "error-both-name-and-identifier": await describeStreams({ logGroupName, logGroupIdentifier }),
      };
    },
  },
  {
    name: "test_describe_log_streams_with_prefix",
    run: async () => {
      const { logGroupName } = await newStream("stream-1");
      for (const logStreamName of ["stream-2", "stream-3", "other"]) {
        await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
      }
      return {
        "describe-streams-with-prefix": await describeStreams({
          logGroupName,
          logStreamNamePrefix: "stream-",
        }),
      };
    },
  },
  {
    name: "test_log_stream_arn_format",
    run: async () => ({
      "describe-log-streams-with-arn": await describeStreams({
        logGroupName: (await newStream()).logGroupName,
      }),
    }),
  },
];

const long = "X".repeat(1025);

async function putFilter(
  filterName: string,
  filterPattern: string,
  more: Partial<MetricTransformation> = {},
  group?: string,
) {
  const logGroupName = group ?? (await newGroup());
  const metric = {
    metricName: `m-${filterName}`,
    metricNamespace: `n-${filterName}`,
    metricValue: "1",
    ...more,
  };
  const input = { logGroupName, filterName, filterPattern, metricTransformations: [metric] };
  return { logGroupName, answer: await send(new PutMetricFilterCommand(input)) };
}

const describeFilters = (input: object) => send(new DescribeMetricFiltersCommand(input));

const metricFilters: Recording[] = [
  {
    name: "test_put_metric_filter_basic",
    run: async () => {
      const { logGroupName } = await putFilter("basic", " ", { defaultValue: 0 });
      return { "describe-metric-filters": await describeFilters({ logGroupName }) };
    },
  },
  {
    name: "test_put_metric_filter_json_pattern",
    run: async () => {
      const { logGroupName } = await putFilter("json", '{$.message = "test"}', { defaultValue: 0 });
      return { "describe-metric-filters-json": await describeFilters({ logGroupName }) };
    },
  },
  {
    name: "test_describe_metric_filters_by_prefix",
    run: async () => {
      await putFilter("by-prefix-0", "filterPattern0", { metricValue: "0" });
      await putFilter("by-prefix-1", "filterPattern1", { metricValue: "1" });
      return { "describe-by-prefix": await describeFilters({ filterNamePrefix: "by-prefix-" }) };
    },
  },
  {
    name: "test_describe_metric_filters_by_log_group",
    run: async () => {
      const metric = { metricName: "metric", metricNamespace: "namespace" };
      const { logGroupName } = await putFilter("by-group", "pattern", metric);
      return { "describe-by-log-group": await describeFilters({ logGroupName }) };
    },
  },
  {
    name: "test_describe_metric_filters_by_metric_name",
    run: async () => {
      await putFilter("by-metric", "pattern");
      const metric = { metricName: "m-by-metric", metricNamespace: "n-by-metric" };
      return { "describe-by-metric-name": await describeFilters(metric) };
    },
  },
  {
    name: "test_put_metric_filter_invalid_filter_name",
    run: async () => ({
      "error-invalid-filter-name": (
        await putFilter("X".repeat(513), "pattern", { metricName: "m", metricNamespace: "n" })
      ).answer,
    }),
  },
  {
    name: "test_put_metric_filter_invalid_filter_pattern",
    run: async () => ({ "error-invalid-filter-pattern": (await putFilter("f", long)).answer }),
  },
  {
    name: "test_delete_metric_filter_invalid_filter_name",
    run: async () => {
      const input = { logGroupName: await newGroup(), filterName: "X".repeat(513) };
      return { "error-invalid-filter-name": await send(new DeleteMetricFilterCommand(input)) };
    },
  },
  {
    name: "test_delete_metric_filter_invalid_log_group_name",
    run: async () => {
      const input = { logGroupName: "X".repeat(513), filterName: "f" };
      return { "error-invalid-log-group-name": await send(new DeleteMetricFilterCommand(input)) };
    },
  },
  {
    name: "test_describe_metric_filters_invalid_parameters",
    run: async () => ({
      "error-invalid-filter-prefix": await describeFilters({ filterNamePrefix: "X".repeat(513) }),
      "error-invalid-metric-name": await describeFilters({
        metricName: "X".repeat(256),
        metricNamespace: "n",
      }),
    }),
  },
];

async function ended(queryId: unknown): Promise<void> {
  for (;;) {
    const { status } = await logs.send(new GetQueryResultsCommand({ queryId: queryId as string }));
    if (status === "Complete") return;
  }
}

const queryTime = { startTime: 1_700_000_000, endTime: 1_700_003_600 };
const query = (logGroupName: string) =>
  send(new StartQueryCommand({ logGroupName, queryString: "fields @message", ...queryTime }));
const describeQueries = (input: DescribeQueriesCommandInput) => send(new DescribeQueriesCommand(input));

const queries: Recording[] = [
  { name: "test_start_query_basic", run: async () => ({ "start-query": await query(await newGroup()) }) },
  {
    name: "test_start_query_log_group_not_found",
    run: async () => {
      const answer = await query("no-such-group");
      const { Code, Message } = answer.Error as { Code: string; Message: string };
      const requestId = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
      const asRecordedId = Message.replace(requestId, "b04848e1-f91e-4ed5-8a00-413d7c60de9e");
      return { "error-log-group-not-found": { ...answer, Error: { Code, Message: asRecordedId } } };
    },
  },
  {
    name: "test_describe_queries",
    run: async () => {
      const logGroupName = await newGroup();
      await ended((await query(logGroupName)).queryId);
      return { "describe-queries": await describeQueries({ logGroupName }) };
    },
  },
  {
    name: "test_describe_queries_with_status_filter",
    run: async () => {
      const logGroupName = await newGroup();
      await ended((await query(logGroupName)).queryId);
      return {
        "describe-queries-complete": await describeQueries({ logGroupName, status: "Complete" }),
        "describe-queries-scheduled": await describeQueries({ logGroupName, status: "Scheduled" }),
      };
    },
  },
];

function policy(Resource: string, Service: string | string[] = "route53.amazonaws.com"): string {
  const Principal = { Service };
  const Sid = "Route53LogsToCloudWatchLogs";
  const statement = { Sid, Effect: "Allow", Principal, Action: "logs:PutLogEvents", Resource };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

const putPolicy = (policyName: string, policyDocument: string) =>
  send(new PutResourcePolicyCommand({ policyName, policyDocument }));

async function withoutPolicies(): Promise<void> {
  const { resourcePolicies = [] } = await logs.send(new DescribeResourcePoliciesCommand({}));
  for (const { policyName } of resourcePolicies)
    await logs.send(new DeleteResourcePolicyCommand({ policyName }));
}

async function describePolicies(): Promise<Answers> {
  return await send(new DescribeResourcePoliciesCommand({}));
}

const resourcePolicies: Recording[] = [
  {
    name: "test_put_resource_policy",
    run: async () => {
      await withoutPolicies();
      const arn = arnOf(await newGroup());
      return { "put-resource-policy": await putPolicy("p", policy(`${arn}*`, ["route53.amazonaws.com"])) };
    },
  },
  {
    name: "test_put_resource_policy_update",
    run: async () => {
      await withoutPolicies();
      await putPolicy("p", policy("*"));
      const statement = {
        Effect: "Allow",
        Principal: { Service: "route53.amazonaws.com" },
        Action: "logs:*",
        Resource: "*",
      };
      await putPolicy("p", JSON.stringify({ Version: "2008-10-17", Statement: [statement] }));
      const { resourcePolicies: held } = (await describePolicies()) as { resourcePolicies: unknown[] };
      return { "updated-policy": held[0] };
    },
  },
  {
    name: "test_describe_resource_policies",
    run: async () => {
      await withoutPolicies();
      const arn = arnOf(await newGroup());
      for (const name of ["p1", "p2", "p3"]) await putPolicy(name, policy(arn));
      // The recorder wrote "log_arn" for the ARN.
      const described = JSON.parse(JSON.stringify(await describePolicies()).replaceAll(arn, "log_arn"));
      return { "describe-resource-policies": described, policies: described.resourcePolicies };
    },
  },
  {
    name: "test_delete_resource_policy_not_found",
    run: async () => ({
      "error-policy-not-found": await send(new DeleteResourcePolicyCommand({ policyName: "non-existent" })),
    }),
  },
  {
    name: "test_put_resource_policy_limit_exceeded",
    run: async () => {
      await withoutPolicies();
      for (let i = 0; i < 10; i += 1) await putPolicy(`p${i}`, policy("*"));
      return { "error-limit-exceeded": await putPolicy("p10", policy("*")) };
    },
  },
];

/** Recordings that say nothing of what is built here. */
const inapplicable: Record<string, string> = {
  ...subscriptionsLeftOut,
  test_describe_log_groups_with_pattern: "its token leads to an empty page, an accident of AWS's search",
  test_put_metric_filter_too_many_transformations: "it quotes members of the model of its time",
};

function forwarded({ name, run }: ForwardingRecording): Recording {
  return {
    name,
    run: () => {
      const options = optionsOf(cloudkeep, cloudkeep.credentials);
      const { iam } = clients(cloudkeep, cloudkeep.credentials);
      return run({ logs, iam, kinesis: new KinesisClient(options), account: cloudkeep.accountId });
    },
  };
}

const files: [file: string, recordings: Recording[]][] = [
  ["events", events],
  ["filter_events", filtering],
  ["groups", [...groups, ...tagging]],
  ["streams", streams],
  ["metric_filters", metricFilters],
  ["queries", queries],
  ["resource_policies", resourcePolicies],
  ["destinations", destinationRecordings.map(forwarded)],
  ["subscription_filters", subscriptionRecordings.map(forwarded)],
  ["export_tasks", exportRecordings(() => clients(cloudkeep, cloudkeep.credentials).s3).map(forwarded)],
  ["delivery", deliveryRecordings.map(forwarded)],
];

describe.each(files)("%s", (file, recordings) => {
  const recorded = recordedAnswers(`logs/test_logs_${file}.snapshot.json`);

  it.skipIf(recorded === undefined)("every recording is here, or has a reason not to be", () => {
    const known = [...recordings.map(({ name }) => name), ...Object.keys(inapplicable)];
    expect(Object.keys(recorded ?? {}).filter((name) => !known.includes(name))).toEqual([]);
  });

  it.skipIf(recorded === undefined).each(recordings)("$name", async ({ name, run }) => {
    expectRecorded(asRecorded(await run()), recorded?.[name]);
  });
});
