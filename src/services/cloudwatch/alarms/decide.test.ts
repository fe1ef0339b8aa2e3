import { describe, expect, it } from "vitest";
import { decide, standsEarly } from "./decide.ts";
import { BadRule, parseRule } from "./rule.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, its tables row by row. */
const rows: [datapoints: string, datapointsToAlarm: number, states: [string, string, string, string]][] = [
  ["0 - X - X", 3, ["OK", "OK", "OK", "OK"]],
  ["0 - - - -", 3, ["OK", "OK", "OK", "OK"]],
  ["- - - - -", 3, ["INSUFFICIENT_DATA", "stays", "ALARM", "OK"]],
  ["0 X X - X", 3, ["ALARM", "ALARM", "ALARM", "ALARM"]],
  ["- - X - -", 3, ["ALARM", "stays", "ALARM", "OK"]],
  ["- - - - X", 3, ["OK", "stays", "ALARM", "OK"]],
  ["0 - X - X", 2, ["ALARM", "ALARM", "ALARM", "ALARM"]],
  ["0 0 X 0 X", 2, ["ALARM", "ALARM", "ALARM", "ALARM"]],
  ["0 - X - -", 2, ["OK", "OK", "ALARM", "OK"]],
  ["- - - - 0", 2, ["OK", "OK", "ALARM", "OK"]],
  ["- - - X -", 2, ["ALARM", "stays", "ALARM", "OK"]],
];

describe("datapoints", () => {
  it.each(rows)("%s, %i of 3", (text, datapointsToAlarm, states) => {
    const periods = text.split(" ").map((sign, i) => ({
      time: i * 60,
      value: sign === "-" ? undefined : sign === "X" ? 2 : 0,
    }));
    const found = ["missing", "ignore", "breaching", "notBreaching"].map((treatMissingData) => {
      const alarm = { evaluationPeriods: 3, datapointsToAlarm, threshold: 1, treatMissingData };
      return decide(periods, { ...alarm, operator: "GreaterThanThreshold" }).state ?? "stays";
    });
    expect(found).toEqual(states);
  });

  it.each([
    ["ALARM", "Sum", "GreaterThanThreshold", "OK", true],
    ["OK", "Sum", "GreaterThanThreshold", "ALARM", false],
    ["OK", "Sum", "GreaterThanThreshold", "INSUFFICIENT_DATA", true],
    ["ALARM", "SampleCount", "LessThanThreshold", "OK", false],
    ["OK", "SampleCount", "LessThanThreshold", "ALARM", true],
    ["ALARM", "Minimum", "LessThanThreshold", "OK", true],
    ["ALARM", "Minimum", "GreaterThanThreshold", "OK", false],
    ["OK", "Average", "GreaterThanThreshold", "ALARM", true],
    ["INSUFFICIENT_DATA", "Average", "GreaterThanThreshold", "ALARM", false],
  ] as const)("of a period that goes on: %s by %s %s, from %s", (state, statistic, operator, now, stands) => {
    expect(standsEarly(state, statistic, operator, now)).toBe(stands);
  });
});

describe("a rule", () => {
  const states = { a: "ALARM", b: "OK", "c d": "INSUFFICIENT_DATA" } as const;
  const stateOf = (name: string) => states[name as keyof typeof states];

  it.each([
    ["ALARM(a)", true],
    ["ALARM(a) AND OK(b)", true],
    ["ALARM(b) OR ALARM(a) AND OK(a)", false],
    ["NOT ALARM(b)", true],
    ['INSUFFICIENT_DATA("c d")', true],
    ["TRUE AND NOT (FALSE OR ALARM('b'))", true],
    ["AT_LEAST(2, ALARM, (a, b))", false],
    ["AT_LEAST(50%, ALARM, (a, b))", true],
    ["AT_LEAST(2, NOT ALARM, (b, 'c d'))", true],
  ])("%s", (text, holds) => {
    expect(parseRule(text).holds(stateOf)).toBe(holds);
  });

  it.each([
    "",
    "ALARM",
    "ALARM()",
    "ALARM(a",
    "a",
    "ALARM(a) OK(b)",
    "NOT",
    "ALARM(a,b)",
    `${"(".repeat(200)}TRUE`,
  ])("is none: %s", (text) => {
    expect(() => parseRule(text)).toThrow(BadRule);
  });
});
