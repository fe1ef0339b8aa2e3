import {
  DeleteAccountPolicyCommand,
  DeleteDataProtectionPolicyCommand,
  DescribeAccountPoliciesCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetDataProtectionPolicyCommand,
  GetLogEventsCommand,
  GetLogRecordCommand,
  GetQueryResultsCommand,
  PutAccountPolicyCommand,
  PutDataProtectionPolicyCommand,
  PutMetricFilterCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, ListObjectsV2Command, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { logsClient, newGroup, put } from "./testing.ts";

/** Sensitive data is masked for whoever reads, and found for whoever audits. */

let cloudkeep: Cloudkeep;
let logs: ReturnType<typeof logsClient>;
let home: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = logsClient(cloudkeep, cloudkeep.credentials);
  home = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const email = "arn:aws:dataprotection::aws:data-identifier/EmailAddress";

function policy(FindingsDestination: object = {}, DataIdentifier: string[] = [email], custom?: object[]) {
  return JSON.stringify({
    Name: "protection",
    Version: "2021-06-01",
    Statement: [
      { Sid: "audit", DataIdentifier, Operation: { Audit: { FindingsDestination } } },
      { Sid: "mask", DataIdentifier, Operation: { Deidentify: { MaskConfig: {} } } },
    ],
    ...(custom && { Configuration: { CustomDataIdentifier: custom } }),
  });
}

const protect = (logGroupIdentifier: string, policyDocument = policy()) =>
  logs.send(new PutDataProtectionPolicyCommand({ logGroupIdentifier, policyDocument }));

async function read(logGroupName: string, unmask = false, client = logs): Promise<(string | undefined)[]> {
  const { events = [] } = await client.send(
    new GetLogEventsCommand({ logGroupName, logStreamName: "s", unmask, startFromHead: true }),
  );
  return events.map(({ message }) => message);
}

async function query(logGroupName: string, queryString: string) {
  const now = Math.floor(Date.now() / 1000);
  const { queryId } = await logs.send(
    new StartQueryCommand({ logGroupName, queryString, startTime: now - 600, endTime: now + 600 }),
  );
  let answer = await logs.send(new GetQueryResultsCommand({ queryId }));
  await expect
    .poll(async () => {
      answer = await logs.send(new GetQueryResultsCommand({ queryId }));
      return answer.status;
    })
    .toBe("Complete");
  return (answer.results ?? []).map((row) =>
    Object.fromEntries(row.map(({ field = "", value }) => [field, value])),
  );
}

const masked = `mail ${"*".repeat("ann@example.com".length)} now`;

describe("a data protection policy", () => {
  it("masks what comes while it holds, for as long as the lines are kept", async () => {
    const group = await newGroup(logs);
    await put(logs, group, ["before ann@example.com"]);
    const policyDocument = policy();
    const answer = await protect(group, policyDocument);
    expect(answer).toMatchObject({ logGroupIdentifier: group, policyDocument });
    await put(logs, group, ["mail ann@example.com now"]);
    expect(await read(group)).toEqual(["before ann@example.com", masked]);
    expect(await read(group, true)).toEqual(["before ann@example.com", "mail ann@example.com now"]);
    const input = { logGroupIdentifier: group };
    expect(await logs.send(new GetDataProtectionPolicyCommand(input))).toMatchObject({ policyDocument });
    await logs.send(new DeleteDataProtectionPolicyCommand(input));
    await put(logs, group, ["after ann@example.com"]);
    expect(await read(group)).toEqual(["before ann@example.com", masked, "after ann@example.com"]);
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: group }));
    expect(logGroups?.[0]?.dataProtectionStatus).toBe("DELETED");
    expect(await errorOf(logs.send(new DeleteDataProtectionPolicyCommand(input)))).toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it("masks searches, queries and single records; no pattern finds what it hides", async () => {
    const group = await newGroup(logs);
    await protect(group);
    await put(logs, group, ["mail ann@example.com now"]);
    const filter = (filterPattern: string, unmask = false) =>
      logs.send(new FilterLogEventsCommand({ logGroupName: group, filterPattern, unmask }));
    expect((await filter("mail")).events?.[0]?.message).toBe(masked);
    expect((await filter('"ann@"')).events).toEqual([]);
    expect((await filter('"ann@"', true)).events?.[0]?.message).toBe("mail ann@example.com now");
    const [row] = await query(group, "fields @message, unmask(@message) as raw, @ptr");
    expect(row).toMatchObject({ "@message": masked, raw: "mail ann@example.com now" });
    const logRecordPointer = row?.["@ptr"] ?? "";
    const record = await logs.send(new GetLogRecordCommand({ logRecordPointer }));
    expect(record.logRecord?.["@message"]).toBe(masked);
    const unmasked = await logs.send(new GetLogRecordCommand({ logRecordPointer, unmask: true }));
    expect(unmasked.logRecord?.["@message"]).toBe("mail ann@example.com now");
  });

  it("is seen through with logs:Unmask only", async () => {
    const group = await newGroup(logs);
    await protect(group);
    await put(logs, group, ["mail ann@example.com now"]);
    const { iam } = home;
    await iam.send(new CreateUserCommand({ UserName: "reader" }));
    const actions = ["logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery", "logs:GetQueryResults"];
    const PolicyDocument = policyOf({ Action: actions, Resource: "*" });
    await iam.send(new PutUserPolicyCommand({ UserName: "reader", PolicyName: "read", PolicyDocument }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "reader" }));
    const reader = logsClient(cloudkeep, credentialsOf(AccessKey));
    expect(await read(group, false, reader)).toEqual([masked]);
    const denied = { name: "AccessDeniedException", message: expect.stringContaining("logs:Unmask") };
    expect(await errorOf(read(group, true, reader))).toMatchObject(denied);
    const times = { startTime: 0, endTime: Math.floor(Date.now() / 1000) + 60 };
    const queryString = "fields unmask(@message)";
    const start = new StartQueryCommand({ logGroupName: group, queryString, ...times });
    expect(await errorOf(reader.send(start))).toMatchObject(denied);
    const { queryId } = await logs.send(start);
    expect(await errorOf(reader.send(new GetQueryResultsCommand({ queryId })))).toMatchObject(denied);
  });

  it("tells a log group and a bucket what was found", async () => {
    const group = await newGroup(logs);
    const findings = await newGroup(logs);
    const Bucket = "findings-of-logs";
    await home.s3.send(new CreateBucketCommand({ Bucket }));
    const statement = {
      Effect: "Allow",
      Principal: { Service: "delivery.logs.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: `arn:aws:s3:::${Bucket}/AWSLogs/${cloudkeep.accountId}/*`,
      Condition: { StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control" } },
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await home.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const destinations = { CloudWatchLogs: { LogGroup: findings }, S3: { Bucket } };
    const employee = { Name: "EmployeeId", Regex: "EmployeeId-\\d{9}" };
    await protect(group, policy(destinations, [email, "EmployeeId"], [employee]));
    await put(logs, group, ["nothing", "EmployeeId-123456789 ann@example.com bob@example.com"]);
    const found = async () =>
      (await logs.send(new FilterLogEventsCommand({ logGroupName: findings }))).events ?? [];
    await expect.poll(async () => (await found()).length).toBe(1);
    expect(JSON.parse((await found())[0]?.message ?? "")).toEqual({
      auditTimestamp: expect.any(String),
      resourceArn: `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${group}:*`,
      dataIdentifiers: [
        { name: "EmployeeId", count: 1, detections: [{ start: 0, end: 20 }] },
        {
          name: "EmailAddress",
          count: 2,
          detections: [
            { start: 21, end: 36 },
            { start: 37, end: 52 },
          ],
        },
      ],
    });
    await expect
      .poll(async () => (await home.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount)
      .toBe(1);
  });

  it("hides from metric filters what it masks", async () => {
    const group = await newGroup(logs);
    await protect(group);
    for (const [filterName, filterPattern] of [
      ["hidden", '"ann@"'],
      ["seen", "mail"],
    ] as const) {
      const metric = { metricName: filterName, metricNamespace: "masks", metricValue: "1" };
      const filter = { logGroupName: group, filterName, filterPattern, metricTransformations: [metric] };
      await logs.send(new PutMetricFilterCommand(filter));
    }
    await put(logs, group, ["mail ann@example.com now"]);
    const names = async () => {
      const { Metrics = [] } = await home.cloudwatch.listMetrics({ Namespace: "masks" });
      return Metrics.map(({ MetricName }) => MetricName);
    };
    await expect.poll(names).toEqual(["seen"]);
  });

  it.each([
    ["no JSON", "{", "it is no JSON object"],
    [
      "an unknown identifier",
      policy({}, ["arn:aws:dataprotection::aws:data-identifier/No"]),
      "not supported",
    ],
    ["a log group that is not there", policy({ CloudWatchLogs: { LogGroup: "none" } }), "does not exist"],
    ["one statement", policy().replace("Deidentify", "Other"), "it needs a statement"],
    ["a bad expression", policy({}, ["A"], [{ Name: "A", Regex: "(" }]), "the expression"],
  ])("is refused with %s", async (_, document, words) => {
    expect(await errorOf(protect(await newGroup(logs), document))).toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining(words),
    });
  });
});

describe("an account's data protection policy", () => {
  it("holds for all of its groups", async () => {
    const group = await newGroup(logs);
    const input = { policyName: "all", policyType: "DATA_PROTECTION_POLICY" } as const;
    const policyDocument = policy();
    const { accountPolicy } = await logs.send(new PutAccountPolicyCommand({ ...input, policyDocument }));
    expect(accountPolicy).toMatchObject({ ...input, policyDocument, scope: "ALL" });
    await put(logs, group, ["mail ann@example.com now"]);
    expect(await read(group)).toEqual([masked]);
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: group }));
    expect(logGroups?.[0]?.inheritedProperties).toEqual(["ACCOUNT_DATA_PROTECTION"]);
    const other = { ...input, policyName: "other", policyDocument };
    expect(await errorOf(logs.send(new PutAccountPolicyCommand(other)))).toMatchObject({
      name: "LimitExceededException",
    });
    const { accountPolicies } = await logs.send(new DescribeAccountPoliciesCommand(input));
    expect(accountPolicies).toHaveLength(1);
    await logs.send(new DeleteAccountPolicyCommand(input));
    await put(logs, group, ["after ann@example.com"]);
    expect(await read(group)).toEqual([masked, "after ann@example.com"]);
    expect(await errorOf(logs.send(new DeleteAccountPolicyCommand(input)))).toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});
