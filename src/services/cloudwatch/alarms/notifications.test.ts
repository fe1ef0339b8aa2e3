import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  PutMetricFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, optionsOf, startForTest } from "../../../../test/harness.ts";
import { signed } from "../../../../test/hostile/sign.ts";
import type { Cloudkeep } from "../../../start.ts";

/** From a line of a log to a mail, through metric filter, metric, alarm and topic. */

let cloudkeep: Cloudkeep;
let all: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  all = clients(cloudkeep, cloudkeep.credentials);
  // Not at the end of a minute, so that a value and its evaluation fall into the same.
  await cloudkeep.clock.advance(60_000 - (cloudkeep.clock.now() % 60_000) + 1_000);
});
afterAll(() => cloudkeep.stop());

/** Lets what was put be evaluated. */
const soon = () => cloudkeep.clock.advance(600);

/** Calls Cloudkeep's own service, as its command line does. */
async function own(operation: string, input: object): Promise<Record<string, unknown>> {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `Cloudkeep.${operation}` };
  const draft = { method: "POST", path: "/", query: "", headers, body: JSON.stringify(input) };
  const request = signed("header", draft, { credentials: cloudkeep.credentials, service: "cloudkeep", host });
  const answer = await fetch(`http://${host}/`, {
    method: "POST",
    headers: request.headers,
    body: request.body,
  });
  return (await answer.json()) as Record<string, unknown>;
}

const mails = async (To: string) =>
  (await own("ListMail", { To })).Mails as { Subject?: string; Body: string }[];

describe("an alarm on a metric filter", () => {
  it("sends a mail when lines match, and tells EventBridge", async () => {
    const logs = new CloudWatchLogsClient(optionsOf(cloudkeep, cloudkeep.credentials));
    const group = { logGroupName: "trail" };
    await logs.send(new CreateLogGroupCommand(group));
    await logs.send(new CreateLogStreamCommand({ ...group, logStreamName: "s" }));
    const metric = { metricNamespace: "Security", metricName: "RootUse", metricValue: "1" };
    await logs.send(
      new PutMetricFilterCommand({
        ...group,
        filterName: "root",
        filterPattern: "root",
        metricTransformations: [metric],
      }),
    );
    const { TopicArn = "" } = await all.sns.createTopic({ Name: "security" });
    await all.sns.subscribe({ TopicArn, Protocol: "email", Endpoint: "security@example.com" });
    await cloudkeep.clock.advance(0);
    const link = /http\S+/.exec((await mails("security@example.com"))[0]?.Body ?? "")?.[0] ?? "";
    expect((await fetch(link)).status).toBe(200);
    const { TopicArn: events = "" } = await all.sns.createTopic({ Name: "events" });
    await all.sns.subscribe({ TopicArn: events, Protocol: "sms", Endpoint: "+15550001111" });
    await all.sns.setTopicAttributes({
      TopicArn: events,
      AttributeName: "Policy",
      AttributeValue: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: "sns:Publish",
            Resource: events,
          },
        ],
      }),
    });
    await all.events.putRule({
      Name: "alarms",
      EventPattern: JSON.stringify({ source: ["aws.cloudwatch"], detail: { state: { value: ["ALARM"] } } }),
    });
    await all.events.putTargets({ Rule: "alarms", Targets: [{ Id: "1", Arn: events }] });
    const name = "root-use";
    await all.cloudwatch.putMetricAlarm({
      AlarmName: name,
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 1,
      Namespace: metric.metricNamespace,
      MetricName: metric.metricName,
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      TreatMissingData: "notBreaching",
      AlarmActions: [TopicArn],
      AlarmDescription: "The root user was used.",
    });
    const logEvents = [{ message: "root logged in", timestamp: cloudkeep.clock.now() }];
    await logs.send(new PutLogEventsCommand({ ...group, logStreamName: "s", logEvents }));
    await soon();
    await soon();
    const { MetricAlarms } = await all.cloudwatch.describeAlarms({ AlarmNames: [name] });
    expect(MetricAlarms?.[0]?.StateValue).toBe("ALARM");
    const mail = (await mails("security@example.com"))[1];
    expect(mail?.Subject).toBe(`ALARM: "${name}" in US East (N. Virginia)`);
    expect(mail?.Body).toContain('"NewStateValue":"ALARM"');
    const { AlarmHistoryItems } = await all.cloudwatch.describeAlarmHistory({ AlarmName: name });
    expect(AlarmHistoryItems?.[0]?.HistorySummary).toBe(`Successfully executed action ${TopicArn}`);
    const [event] = await mails("+15550001111");
    expect(JSON.parse(event?.Body ?? "")).toMatchObject({
      "detail-type": "CloudWatch Alarm State Change",
      resources: [`arn:aws:cloudwatch:us-east-1:${cloudkeep.accountId}:alarm:${name}`],
      detail: {
        alarmName: name,
        state: { value: "ALARM" },
        previousState: { value: "INSUFFICIENT_DATA" },
        configuration: {
          metrics: [{ metricStat: { metric: { namespace: "Security", name: "RootUse", dimensions: {} } } }],
        },
      },
    });
  });
});
