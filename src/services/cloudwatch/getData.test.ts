import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

let cloudkeep: Cloudkeep;
let cloudwatch: ReturnType<typeof clients>["cloudwatch"];
/** The start of the first minute with values, ms. */
let start: number;

const minuteMs = 60_000;

/** One value a minute; a hole where there is none. */
const data: Record<string, (number | undefined)[]> = {
  a: [1, 2, 4, 8, 16],
  b: [10, undefined, 30, undefined, 50],
  zero: [0, 0, 0, 0, 0],
};

beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ cloudwatch } = clients(cloudkeep, cloudkeep.credentials));
  const now = cloudkeep.clock.now();
  start = now - (now % minuteMs) - 10 * minuteMs;
  for (const [MetricName, values] of Object.entries(data)) {
    const MetricData = values.flatMap((Value, i) =>
      Value === undefined
        ? []
        : [
            {
              MetricName,
              Value,
              Timestamp: new Date(start + i * minuteMs),
              Dimensions: [{ Name: "Host", Value: `${MetricName}-host` }],
            },
          ],
    );
    await cloudwatch.putMetricData({ Namespace: "Math", MetricData });
  }
});
afterAll(() => cloudkeep.stop());

const queries: MetricDataQuery[] = Object.keys(data).map((MetricName) => ({
  Id: MetricName,
  ReturnData: false,
  MetricStat: {
    Metric: { Namespace: "Math", MetricName, Dimensions: [{ Name: "Host", Value: `${MetricName}-host` }] },
    Period: 60,
    Stat: "Sum",
  },
}));

function ask(Expression: string, more: Partial<MetricDataQuery> = {}) {
  return cloudwatch.getMetricData({
    MetricDataQueries: [...queries, { Id: "e", Expression, ...more }],
    StartTime: new Date(start),
    EndTime: new Date(start + 5 * minuteMs),
    ScanBy: "TimestampAscending",
  });
}

async function valuesOf(expression: string) {
  const { MetricDataResults = [] } = await ask(expression);
  return MetricDataResults.map(({ Values }) => Values);
}

describe("metric math", () => {
  it.each<[expression: string, values: number[]]>([
    ["a + 1", [2, 3, 5, 9, 17]],
    ["a + b", [11, 34, 66]],
    ["-a ^ 2", [-1, -4, -16, -64, -256]],
    ["2 + 3 * a / 2", [3.5, 5, 8, 14, 26]],
    ["a / zero", []],
    ["a % 3", [1, 2, 1, 2, 1]],
    ["a >= 4", [0, 0, 1, 1, 1]],
    ["a > 1 AND a < 16", [0, 1, 1, 1, 0]],
    ["a == 1 || a == 16", [1, 0, 0, 0, 1]],
    ["SUM([a, b])", [11, 2, 34, 8, 66]],
    ["AVG(METRICS('b'))", [10, 30, 50]],
    ["a - AVG(a)", [-5.2, -4.2, -2.2, 1.8, 9.8]],
    ["FILL(b, 0)", [10, 0, 30, 0, 50]],
    ["FILL(b, REPEAT)", [10, 10, 30, 30, 50]],
    ["FILL(b, LINEAR)", [10, 20, 30, 40, 50]],
    ["DIFF(a)", [1, 2, 4, 8]],
    ["RATE(a) * PERIOD(a)", [1, 2, 4, 8]],
    ["RUNNING_SUM(a)", [1, 3, 7, 15, 31]],
    ["IF(a > 2, a, 0)", [0, 0, 4, 8, 16]],
    ["IF(a > 2, a)", [4, 8, 16]],
    ["CEIL(a / 3)", [1, 1, 2, 3, 6]],
    ["FLOOR(LOG10(a * 10))", [1, 1, 1, 1, 2]],
    ["ABS(a - 4)", [3, 2, 0, 4, 12]],
    ["TIME_SERIES(MAX(a))", [16, 16, 16, 16, 16]],
    ["TIME_SERIES(METRIC_COUNT(METRICS()))", [3, 3, 3, 3, 3]],
    ["STDDEV([a, zero])", [0.5, 1, 2, 4, 8]],
    ["SLICE(SORT(METRICS(), MAX, DESC), 1)", [1, 2, 4, 8, 16]],
    ["SUM(SEARCH('{Math,Host} MetricName=\"a\" OR MetricName=b', 'Sum', 60))", [11, 2, 34, 8, 66]],
    ["SUM(SEARCH('Host=\"a-host\"', 'Maximum', 300))", [16]],
  ])("%s", async (expression, values) => {
    const [found = []] = await valuesOf(expression);
    expect(found.map((value) => Math.round(value * 1e9) / 1e9)).toEqual(values);
  });

  it("gives several series of a search, each with its label", async () => {
    const { MetricDataResults } = await ask("SEARCH('{Math,Host}', 'Sum', 60)");
    expect(MetricDataResults?.map(({ Id, Label }) => [Id, Label])).toEqual([
      ["e", "a a-host"],
      ["e", "b b-host"],
      ["e", "zero zero-host"],
    ]);
  });

  it.each([
    ["a +", "Error in expression 'e': Unexpected end of expression."],
    ["nobody * 2", "Error in expression 'e': Unknown metric ID 'nobody'."],
    ["FFT(a)", "Error in expression 'e': Unsupported function 'FFT'."],
    ["SUM(a)", "Error in expression 'e': The expression must return a time series."],
    ["e + 1", "Error in expression 'e': Circular dependency."],
    ["SELECT AVG(a) FROM Math", "Cloudkeep does not build Metrics Insights queries."],
    [`${"(".repeat(500)}a`, "Error in expression 'e': The expression nests too deeply."],
  ])("refuses %s", async (expression, words) => {
    expect((await errorOf(ask(expression))).message).toBe(words);
  });
});

describe("GetMetricData", () => {
  it("pages by datapoints, newest first", async () => {
    const input = {
      MetricDataQueries: queries.map((query) => ({ ...query, ReturnData: true })),
      StartTime: new Date(start),
      EndTime: new Date(start + 5 * minuteMs),
      MaxDatapoints: 7,
    };
    const first = await cloudwatch.getMetricData(input);
    expect(first.MetricDataResults?.map(({ Values, StatusCode }) => [Values, StatusCode])).toEqual([
      [[16, 8, 4, 2, 1], "Complete"],
      [[50, 30], "PartialData"],
    ]);
    const second = await cloudwatch.getMetricData({ ...input, NextToken: first.NextToken });
    expect(second.MetricDataResults?.map(({ Values }) => Values)).toEqual([[10], [0, 0, 0, 0, 0]]);
    expect(second.NextToken).toBeUndefined();
    expect((await errorOf(cloudwatch.getMetricData({ ...input, NextToken: "x" }))).name).toBe(
      "InvalidNextToken",
    );
  });

  it("fills in labels", async () => {
    const [query] = queries;
    const Label = "${LABEL} of ${PROP('Dim.Host')}: ${MAX} at ${MAX_TIME}, ${DATAPOINT_COUNT} of ${SUM}";
    const { MetricDataResults } = await cloudwatch.getMetricData({
      MetricDataQueries: [{ ...query, Label, ReturnData: true } as MetricDataQuery],
      StartTime: new Date(start),
      EndTime: new Date(start + 5 * minuteMs),
      LabelOptions: { Timezone: "+0130" },
    });
    const at = new Date(start + 4 * minuteMs + 90 * minuteMs).toISOString().slice(0, 16).replace("T", " ");
    expect(MetricDataResults?.[0]?.Label).toBe(`a of a-host: 16 at ${at}, 5 of 31`);
  });
});
