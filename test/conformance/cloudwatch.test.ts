import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send as sendRaw } from "../hostile/raw.ts";
import { signed } from "../hostile/sign.ts";
import { alarms } from "./cloudwatchAlarmRecordings.ts";
import { cloudkeep, minuteMs, now, startCloudwatch } from "./cloudwatchCalls.ts";
import { others } from "./cloudwatchOtherRecordings.ts";
import { values } from "./cloudwatchValueRecordings.ts";
import { watching } from "./cloudwatchWatchingRecordings.ts";
import { expectRecorded, recordedAnswers } from "./recorded.ts";

/** Answers of CloudWatch, held against those recorded from AWS. */

beforeAll(startCloudwatch);
afterAll(() => cloudkeep.stop());

/** Members whose texts are JSON, which the recorder wrote as objects. */
const documents = new Set(["StateReasonData", "HistoryData", "DashboardBody", "stateReasonData"]);
/** Times that the recorder wrote otherwise. */
const dates = new Set(["LastModified", "CreationDate", "LastUpdateDate"]);
const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** An answer as the recorder would have written it. */
function asRecorded(value: unknown, name = ""): unknown {
  if (value instanceof Date) return dates.has(name) ? "datetime" : "timestamp";
  if (name === "Timestamps") return "timestamp";
  if (typeof value === "string") {
    if (documents.has(name)) return asRecorded(JSON.parse(value), "document");
    if (isTime.test(value)) return "date";
    return value.replace(/\(\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d\)/g, "(MM/DD/YY HH:MM:SS)");
  }
  if (Array.isArray(value)) return value.map((item) => asRecorded(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asRecorded(item, key)]));
}

/** Placeholders of all spellings stand for one text each, which may differ; a second code of errors is the recorder's own. */
function asOurs(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/<[\w-]*[\d_][\w-]*>/g, "<name>");
  if (Array.isArray(value)) return value.map(asOurs);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([key]) => key !== "QueryErrorCode");
  return Object.fromEntries(members.map(([key, item]) => [key, asOurs(item)]));
}

const recorded = {
  ...recordedAnswers("cloudwatch/test_cloudwatch.snapshot.json"),
  ...recordedAnswers("cloudwatch/test_cloudwatch_metrics.snapshot.json"),
};

/** Cases that cannot apply here, and why. */
const leftOut: [pattern: RegExp, reason: string][] = [
  [
    /\[(?:query|smithy-rpc-v2-cbor)/,
    "the same answers on another wire: below, and in the protocols' own tests",
  ],
  [/multiple_protocols|no_shape_in_spec/, "raw answers: below"],
  [/lambda/, "needs Lambda"],
];

describe.skipIf(Object.keys(recorded).length === 0)("CloudWatch answers as recorded:", () => {
  const recordings = [...values, ...alarms, ...others, ...watching];

  it.each(recordings)("$name", async ({ name, run }) => {
    const ours = asRecorded(await run());
    const theirs = recorded[name];
    expect(theirs).toBeDefined();
    for (const answers of [ours, theirs] as Record<string, { Datapoints?: { Unit: string }[] }>[])
      for (const { Datapoints } of Object.values(answers ?? {}))
        Datapoints?.sort((a, b) => (a.Unit < b.Unit ? -1 : 1));
    expectRecorded(ours, asOurs(theirs));
  });

  it("leaves no recorded case out without a reason", () => {
    const known = new Set(recordings.map(({ name }) => name));
    const unknown = Object.keys(recorded).filter(
      (name) => !known.has(name) && !leftOut.some(([pattern]) => pattern.test(name)),
    );
    expect(unknown).toEqual([]);
  });
});

/** A call on the query wire, signed by hand. */
async function query(parameters: Record<string, string>) {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const draft = {
    method: "POST",
    path: "/",
    query: "",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams({ Version: "2010-08-01", ...parameters }).toString(),
  };
  return await sendRaw(
    cloudkeep.port,
    signed("header", draft, { credentials: cloudkeep.credentials, service: "monitoring", host }),
  );
}

describe("on the query wire", () => {
  it("values go in and come out", async () => {
    const at = new Date(now()).toISOString();
    const answer = await query({
      Action: "PutMetricData",
      Namespace: "query",
      "MetricData.member.1.MetricName": "m",
      "MetricData.member.1.Values.member.1": "1",
      "MetricData.member.1.Values.member.2": "3",
      "MetricData.member.1.Timestamp": at,
      "MetricData.member.1.Dimensions.member.1.Name": "a",
      "MetricData.member.1.Dimensions.member.1.Value": "b",
    });
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining("<PutMetricDataResponse")]);
    const { body } = await query({
      Action: "GetMetricData",
      StartTime: new Date(now() - 5 * minuteMs).toISOString(),
      EndTime: new Date(now() + 5 * minuteMs).toISOString(),
      "MetricDataQueries.member.1.Id": "some",
      "MetricDataQueries.member.1.MetricStat.Metric.Namespace": "query",
      "MetricDataQueries.member.1.MetricStat.Metric.MetricName": "m",
      "MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name": "a",
      "MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value": "b",
      "MetricDataQueries.member.1.MetricStat.Period": "60",
      "MetricDataQueries.member.1.MetricStat.Stat": "Average",
    });
    expect(body).toMatch(/<Values>\s*<member>2(?:\.0)?<\/member>\s*<\/Values>/);
    expect(body).toContain("<StatusCode>Complete</StatusCode>");
  });

  it("errors have the query's codes", async () => {
    const set = { Action: "SetAlarmState", AlarmName: "nobody", StateReason: "x" };
    const invalid = await query({ ...set, StateValue: "INVALID" });
    expect(invalid.body).toContain("<Code>ValidationError</Code>");
    expect(invalid.body).toContain("Member must satisfy enum value set: [");
    const absent = await query({ ...set, StateValue: "OK" });
    expect([absent.status, absent.body]).toEqual([
      404,
      expect.stringContaining("<Code>ResourceNotFound</Code>"),
    ]);
    const both = await query({
      Action: "PutMetricData",
      Namespace: "query",
      "MetricData.member.1.MetricName": "m",
      "MetricData.member.1.Value": "1",
      "MetricData.member.1.Values.member.1": "1",
    });
    expect(both.body).toContain("<Code>InvalidParameterCombination</Code>");
  });
});
