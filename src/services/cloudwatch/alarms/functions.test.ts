import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { lambdaClient, lambdaRole, logged, makeFunction } from "../../lambda/testing.ts";

/** Alarms that invoke functions. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */

let cloudkeep: Cloudkeep;
let aws: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  aws = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const telling = `export const handler = async (event) => console.log("BATCH " + JSON.stringify(event));`;

/** A function that alarms may invoke where `allowed`, and an alarm that does. */
async function alarmed(name: string, allowed?: Record<string, string>): Promise<string> {
  const lambda = lambdaClient(cloudkeep);
  await makeFunction(lambda, name, await lambdaRole(cloudkeep, name), telling);
  const arn = `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:${name}`;
  if (allowed !== undefined) {
    await lambda.addPermission({
      FunctionName: name,
      StatementId: "alarm",
      Action: "lambda:InvokeFunction",
      Principal: "lambda.alarms.cloudwatch.amazonaws.com",
      ...allowed,
    });
  }
  await aws.cloudwatch.putMetricAlarm({
    AlarmName: name,
    Namespace: "Own",
    MetricName: "Errors",
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    AlarmActions: [arn],
  });
  await aws.cloudwatch.setAlarmState({ AlarmName: name, StateValue: "ALARM", StateReason: "a try" });
  return arn;
}

async function outcome(AlarmName: string): Promise<Record<string, unknown> | undefined> {
  const { AlarmHistoryItems = [] } = await aws.cloudwatch.describeAlarmHistory({
    AlarmName,
    HistoryItemType: "Action",
  });
  const data = AlarmHistoryItems[0]?.HistoryData;
  return data === undefined ? undefined : (JSON.parse(data) as Record<string, unknown>);
}

const alarmArn = (name: string) => `arn:aws:cloudwatch:us-east-1:${cloudkeep.accountId}:alarm:${name}`;

describe("an alarm's function", () => {
  it("gets the alarm, as its policy allows that alarm", async () => {
    const SourceArn = alarmArn("allowed");
    const arn = await alarmed("allowed", { SourceArn, SourceAccount: cloudkeep.accountId });
    await expect
      .poll(() => outcome("allowed"))
      .toMatchObject({ actionState: "Succeeded", notificationResource: arn });
    await expect.poll(() => logged(aws.logs, "allowed")).toHaveLength(1);
    expect((await logged(aws.logs, "allowed"))[0]).toMatchObject({
      source: "aws.cloudwatch",
      alarmArn: SourceArn,
      accountId: cloudkeep.accountId,
      region: "us-east-1",
      alarmData: {
        alarmName: "allowed",
        state: { value: "ALARM", reason: "a try" },
        previousState: { value: "INSUFFICIENT_DATA" },
        configuration: {
          metrics: [
            { metricStat: { metric: { namespace: "Own", name: "Errors" }, period: 60, stat: "Sum" } },
          ],
        },
      },
    });
  });

  it.each([
    ["without a policy", "closed", undefined],
    ["whose policy names another alarm", "other", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:another"],
  ])("%s is not invoked, and the history says why", async (_, name, SourceArn) => {
    await alarmed(name, SourceArn === undefined ? undefined : { SourceArn });
    await expect
      .poll(() => outcome(name))
      .toMatchObject({
        actionState: "Failed",
        error: expect.stringContaining("not authorized to perform: lambda:InvokeFunction"),
      });
    expect(await logged(aws.logs, name)).toEqual([]);
  });
});
