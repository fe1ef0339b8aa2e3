import { cloudwatch } from "../contract.ts";
import { alarmAccess, findAlarm } from "./names.ts";

/**
 * Alarms here watch one series, and have no contributors.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmContributors.html
 */
export const describeAlarmContributors = cloudwatch.operation("DescribeAlarmContributors", {
  access: ({ AlarmName }, ctx) => alarmAccess("DescribeAlarmContributors", AlarmName, ctx),
  async handle({ AlarmName, NextToken }, ctx) {
    if (NextToken !== undefined) throw ctx.error("InvalidNextToken", "The token is invalid.");
    if ((await findAlarm(AlarmName, ctx)) === undefined) {
      throw ctx.error("ResourceNotFoundException", `Alarm ${AlarmName} does not exist.`, {
        ResourceType: "Alarm",
        ResourceId: AlarmName,
      });
    }
    return { AlarmContributors: [] };
  },
});
