import type { Context } from "../../../kit/context.ts";
import { BadMarker, type Page, pageOf } from "../../../kit/paging.ts";
import { cloudwatch } from "../contract.ts";
import { type HistoryRow, history, historyByAlarm } from "../tables.ts";
import { alarmAccess } from "./names.ts";

const defaultPageSize = 100;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html */
export const describeAlarmHistory = cloudwatch.operation("DescribeAlarmHistory", {
  access: ({ AlarmName = "*" }, ctx) => alarmAccess("DescribeAlarmHistory", AlarmName, ctx),
  async handle(input, ctx) {
    const { AlarmName, HistoryItemType, MaxRecords = defaultPageSize, StartDate, EndDate } = input;
    // Only metric alarms are shown to who names none and does not ask for others.
    const types: readonly string[] | undefined =
      input.AlarmTypes ?? (AlarmName === undefined ? ["MetricAlarm"] : undefined);
    const where = (row: HistoryRow) =>
      (types === undefined || types.includes(row.alarmType)) &&
      (HistoryItemType === undefined || row.type === HistoryItemType) &&
      (StartDate === undefined || row.at >= StartDate.getTime()) &&
      (EndDate === undefined || row.at <= EndDate.getTime());
    const options = {
      limit: MaxRecords,
      marker: input.NextToken,
      where,
      reverse: input.ScanBy !== "TimestampAscending",
    };
    const scope = [ctx.account, ctx.region];
    const { items, next } = await read(ctx, () =>
      AlarmName === undefined
        ? pageOf(history, ctx.tx, scope, options)
        : pageOf(historyByAlarm, ctx.tx, [...scope, AlarmName], options),
    );
    return {
      AlarmHistoryItems: items.map((row) => ({
        AlarmName: row.alarm,
        AlarmType: row.alarmType,
        Timestamp: new Date(row.at),
        HistoryItemType: row.type,
        HistorySummary: row.summary,
        HistoryData: row.data,
      })),
      ...(next !== undefined && { NextToken: next }),
    };
  },
});

async function read(
  ctx: Context<"InvalidNextToken">,
  page: () => Promise<Page<HistoryRow>>,
): Promise<Page<HistoryRow>> {
  try {
    return await page();
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("InvalidNextToken", "The token is invalid.");
    throw error;
  }
}
