import { type Aws, call, type Demo, element, policy, role, s3 } from "./aws.ts";
import { eventually, type Listener, listener } from "./listener.ts";

/**
 * Every change to identity is recorded, routed and announced: a trail, a rule on IAM's calls, subscribers of several
 * kinds, an alarm. Plays it on a running Cloudkeep and says what happens; throws if something does not.
 */

interface Names {
  /** Tells one play from another. */
  id: string;
  user: string;
  queue: string;
  bucket: string;
  logGroup: string;
  email: string;
}

export async function playV1({ aws, say }: Demo): Promise<void> {
  const id = Date.now().toString(36);
  const names: Names = {
    id,
    user: `mallory-${id}`,
    queue: `security-${id}`,
    bucket: `trail-${id}`,
    logGroup: `/security/trail-${id}`,
    email: `security-${id}@example.com`,
  };
  const endpoint = await listener();
  try {
    const topicArn = await subscribers(aws, names, endpoint.url, say);
    await endpoint.confirmed();
    await mailConfirmed(aws, names);
    await routing(aws, names, topicArn, say);
    await trail(aws, names, topicArn, say);
    await attach(aws, names, endpoint, say);
    await proof(aws, names, say);
  } finally {
    endpoint.stop();
  }
}

async function subscribers(aws: Aws, names: Names, url: string, say: Demo["say"]): Promise<string> {
  say("The security team makes a topic. A queue, an HTTP endpoint and an e-mail address subscribe to it.");
  const topic = element(await call(aws, "sns", "CreateTopic", { Name: `security-${names.id}` }), "TopicArn");
  const { QueueUrl } = await call(aws, "sqs", "CreateQueue", { QueueName: names.queue });
  const queueArn = `arn:aws:sqs:us-east-1:${aws.account}:${names.queue}`;
  const letIn = {
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: queueArn,
    Condition: { ArnEquals: { "aws:SourceArn": topic } },
  };
  await call(aws, "sqs", "SetQueueAttributes", { QueueUrl, Attributes: { Policy: policy(letIn) } });
  const endpoints = { sqs: queueArn, http: url, email: names.email };
  for (const [Protocol, Endpoint] of Object.entries(endpoints))
    await call(aws, "sns", "Subscribe", { TopicArn: topic, Protocol, Endpoint });
  return topic;
}

interface Mail {
  Subject?: string;
  Body: string;
}

async function mails(aws: Aws, { email }: Names): Promise<Mail[]> {
  return (await call(aws, "cloudkeep", "ListMail", { To: email })).Mails as Mail[];
}

async function mailConfirmed(aws: Aws, names: Names): Promise<void> {
  const [mail] = await eventually("The mail that asks to confirm", async () => {
    const list = await mails(aws, names);
    return list.length > 0 ? list : undefined;
  });
  await fetch(/http\S+/.exec(mail?.Body ?? "")?.[0] ?? "");
}

const rulePattern = JSON.stringify({
  source: ["aws.iam"],
  "detail-type": ["AWS API Call via CloudTrail"],
  detail: { eventName: ["AttachUserPolicy"] },
});

async function routing(aws: Aws, names: Names, topicArn: string, say: Demo["say"]): Promise<void> {
  say("A rule on IAM's calls in us-east-1 tells the topic, whose policy lets this rule in and nothing else.");
  const Name = `iam-${names.id}`;
  await call(aws, "events", "PutRule", { Name, EventPattern: rulePattern });
  const ruleArn = `arn:aws:events:us-east-1:${aws.account}:rule/${Name}`;
  const services = [
    ["events.amazonaws.com", ruleArn],
    ["cloudwatch.amazonaws.com", `arn:aws:cloudwatch:us-east-1:${aws.account}:alarm:admin-${names.id}`],
  ].map(([Service, source]) => ({
    Principal: { Service },
    Action: "sns:Publish",
    Resource: topicArn,
    Condition: { ArnEquals: { "aws:SourceArn": source } },
  }));
  await call(aws, "sns", "SetTopicAttributes", {
    TopicArn: topicArn,
    AttributeName: "Policy",
    AttributeValue: policy(...services),
  });
  const InputTransformer = {
    InputPathsMap: {
      who: "$.detail.userIdentity.arn",
      policy: "$.detail.requestParameters.policyArn",
      user: "$.detail.requestParameters.userName",
    },
    InputTemplate: '"<who> attached <policy> to <user>"',
  };
  await call(aws, "events", "PutTargets", {
    Rule: Name,
    Targets: [{ Id: "team", Arn: topicArn, InputTransformer }],
  });
  await otherRegion(aws, names, say);
}

const elsewhere = "eu-west-1";

async function otherRegion(aws: Aws, { id }: Names, say: Demo["say"]): Promise<void> {
  say(
    "The same rule in eu-west-1 will stay silent: IAM's events are emitted in us-east-1. A second rule forwards them to a bus there.",
  );
  const queues = [`silent-${id}`, `forwarded-${id}`];
  const [silent = "", forwarded = ""] = queues.map(
    (name) => `arn:aws:sqs:${elsewhere}:${aws.account}:${name}`,
  );
  for (const QueueName of queues) {
    const Policy = policy({
      Principal: { Service: "events.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: `arn:aws:sqs:${elsewhere}:${aws.account}:${QueueName}`,
      Condition: { StringEquals: { "aws:SourceAccount": aws.account } },
    });
    await call(aws, "sqs", "CreateQueue", { QueueName, Attributes: { Policy } }, elsewhere);
  }
  const Name = `iam-${id}`;
  await call(aws, "events", "PutRule", { Name, EventPattern: rulePattern }, elsewhere);
  await call(aws, "events", "PutTargets", { Rule: Name, Targets: [{ Id: "q", Arn: silent }] }, elsewhere);
  const EventBusName = `hub-${id}`;
  const { EventBusArn } = await call(aws, "events", "CreateEventBus", { Name: EventBusName }, elsewhere);
  const all = { Name: "all", EventBusName, EventPattern: JSON.stringify({ source: ["aws.iam"] }) };
  await call(aws, "events", "PutRule", all, elsewhere);
  await call(
    aws,
    "events",
    "PutTargets",
    { Rule: "all", EventBusName, Targets: [{ Id: "q", Arn: forwarded }] },
    elsewhere,
  );
  const RoleArn = await role(aws, `forward-${id}`, "events.amazonaws.com", {
    Action: "events:PutEvents",
    Resource: EventBusArn,
  });
  await call(aws, "events", "PutRule", { Name: `forward-${id}`, EventPattern: rulePattern });
  await call(aws, "events", "PutTargets", {
    Rule: `forward-${id}`,
    Targets: [{ Id: "hub", Arn: EventBusArn, RoleArn }],
  });
}

async function trail(aws: Aws, names: Names, topicArn: string, say: Demo["say"]): Promise<void> {
  say(
    "A trail of all Regions delivers to a bucket, with digests, and to a log group. An alarm watches the log group.",
  );
  const Name = `trail-${names.id}`;
  await s3(aws, "PUT", `/${names.bucket}`);
  const letIn = {
    Principal: { Service: "cloudtrail.amazonaws.com" },
    Action: ["s3:GetBucketAcl", "s3:PutObject"],
    Resource: [`arn:aws:s3:::${names.bucket}`, `arn:aws:s3:::${names.bucket}/AWSLogs/${aws.account}/*`],
    Condition: {
      StringEquals: { "aws:SourceArn": `arn:aws:cloudtrail:us-east-1:${aws.account}:trail/${Name}` },
    },
  };
  await s3(aws, "PUT", `/${names.bucket}?policy=`, policy(letIn));
  const logGroupName = names.logGroup;
  await call(aws, "logs", "CreateLogGroup", { logGroupName });
  const CloudWatchLogsRoleArn = await role(aws, `trail-${names.id}`, "cloudtrail.amazonaws.com", {
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: "*",
  });
  await call(aws, "cloudtrail", "CreateTrail", {
    Name,
    S3BucketName: names.bucket,
    IsMultiRegionTrail: true,
    EnableLogFileValidation: true,
    CloudWatchLogsLogGroupArn: `arn:aws:logs:us-east-1:${aws.account}:log-group:${logGroupName}:*`,
    CloudWatchLogsRoleArn,
  });
  await call(aws, "cloudtrail", "StartLogging", { Name });
  const metric = { metricName: `AdminGranted-${names.id}`, metricNamespace: "Security" };
  await call(aws, "logs", "PutMetricFilter", {
    logGroupName,
    filterName: "admin",
    filterPattern:
      '{ $.eventName = "AttachUserPolicy" && $.requestParameters.policyArn = "*AdministratorAccess" }',
    metricTransformations: [{ ...metric, metricValue: "1" }],
  });
  await call(aws, "cloudwatch", "PutMetricAlarm", {
    AlarmName: `admin-${names.id}`,
    Namespace: metric.metricNamespace,
    MetricName: metric.metricName,
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: "notBreaching",
    AlarmActions: [topicArn],
  });
}

async function attach(aws: Aws, names: Names, endpoint: Listener, say: Demo["say"]): Promise<void> {
  say(`Somebody attaches AdministratorAccess to ${names.user} …`);
  await call(aws, "iam", "CreateUser", { UserName: names.user });
  const begun = Date.now();
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await call(aws, "iam", "AttachUserPolicy", { UserName: names.user, PolicyArn });
  const told = (text: string) => text.includes(names.user) && text.includes("AdministratorAccess");
  const message = await eventually("The notification of the endpoint", async () =>
    endpoint.notifications.find(told),
  );
  const tookMs = Date.now() - begun;
  await received(aws, names.queue, told);
  await eventually("The mail", async () => (await mails(aws, names)).find(({ Body }) => told(Body)));
  say(`… and ${tookMs} ms later the endpoint, the queue and the mailbox hold: ${message}`);
  await received(aws, `forwarded-${names.id}`, (text) => text.includes(names.user), elsewhere);
  const { Messages = [] } = await call(
    aws,
    "sqs",
    "ReceiveMessage",
    { QueueUrl: queueUrl(aws, `silent-${names.id}`) },
    elsewhere,
  );
  if ((Messages as unknown[]).length > 0) throw new Error("The rule in eu-west-1 was not silent.");
  say("The bus in eu-west-1 got it, too; the rule on eu-west-1's own events stayed silent.");
}

function queueUrl({ account, endpoint }: Aws, name: string): string {
  return `${endpoint}/${account}/${name}`;
}

async function received(
  aws: Aws,
  name: string,
  wanted: (text: string) => boolean,
  region?: string,
): Promise<void> {
  await eventually(`The message in ${name}`, async () => {
    const input = { QueueUrl: queueUrl(aws, name), WaitTimeSeconds: 1 };
    const { Messages = [] } = await call(aws, "sqs", "ReceiveMessage", input, region);
    return (Messages as { Body: string }[]).find(({ Body }) => wanted(Body));
  });
}

const hourAndMore = 65 * 60;

async function proof(aws: Aws, names: Names, say: Demo["say"]): Promise<void> {
  await eventually("The alarm", async () => {
    const input = { AlarmNames: [`admin-${names.id}`] };
    const { MetricAlarms = [] } = await call(aws, "cloudwatch", "DescribeAlarms", input);
    return (MetricAlarms as { StateValue: string }[]).find(({ StateValue }) => StateValue === "ALARM");
  });
  say("The alarm on the metric filter has gone off.");
  say(
    "An hour and five minutes pass (cloudkeep clock advance 65m), so that log files and their digest are written.",
  );
  const from = new Date(Date.now() - 60_000).toISOString();
  await call(aws, "cloudkeep", "AdvanceClock", { Seconds: hourAndMore });
  const listed = (await s3(aws, "GET", `/${names.bucket}?list-type=2`)).toString();
  const keys = [...listed.matchAll(/<Key>([^<]+)<\/Key>/g)].map((match) => match[1] as string);
  const logs = keys.filter((key) => key.includes("/CloudTrail/us-east-1/") && key.endsWith(".json.gz"));
  // They are compressed, and say so: fetch takes them apart.
  const texts = await Promise.all(logs.map((key) => s3(aws, "GET", `/${names.bucket}/${key}`)));
  if (!texts.some((text) => text.includes("AttachUserPolicy") && text.includes(names.user)))
    throw new Error("No log file in the bucket holds the call.");
  if (!keys.some((key) => key.includes("/CloudTrail-Digest/us-east-1/")))
    throw new Error("There is no digest in the bucket.");
  const arn = `arn:aws:cloudtrail:us-east-1:${aws.account}:trail/trail-${names.id}`;
  const { Now } = (await call(aws, "cloudkeep", "GetStatus", {})) as { Now: number };
  const end = new Date(Now * 1000).toISOString();
  say(
    `The trail's log lies in S3. See for yourself that nobody changed it:\n\n  aws cloudtrail validate-logs --trail-arn ${arn} --start-time ${from} --end-time ${end}\n`,
  );
}
