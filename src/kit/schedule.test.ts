import { describe, expect, it } from "vitest";
import { nextRun, parseSchedule, type Schedule } from "./schedule.ts";

const at = (text: string) => Date.parse(text);

/** The next runs of an expression after a time, as texts. */
function runs(expression: string, after: string, count: number, timeZone = "UTC"): string[] {
  const schedule = parseSchedule(expression) as Schedule;
  const found: string[] = [];
  let afterMs = at(after);
  while (found.length < count) {
    const next = nextRun(schedule, { afterMs, startMs: at(after), timeZone });
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(".000Z", "Z"));
    afterMs = next;
  }
  return found;
}

describe("schedule expressions", () => {
  it.each([
    "rate(1 minute)",
    "rate(5 minutes)",
    "rate(12 hours)",
    "cron(0 18 ? * MON-FRI *)",
    "cron(0/15 * * * ? *)",
    "cron(*/15 * * * ? *)",
    "cron(5,35 14 * * ? *)",
    "cron(15 10 ? * 6L 2002-2005)",
    "cron(0 2 ? * SAT#3 *)",
    "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
    "cron(30 9 LW * ? *)",
    "at(2026-12-31T23:59:59)",
  ])("%s is one", (expression) => expect(parseSchedule(expression)).toBeDefined());

  it.each([
    "cron()",
    "cron(INVALID)",
    "cron(0 dummy ? * MON-FRI *)",
    "cron(7 20 * * NOT *)",
    "cron(71 8 1 * ? *)",
    "cron(0 1 * * * *)",
    "rate(10 seconds)",
    "rate(10 years)",
    "rate()",
    "rate(10)",
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(0 minutes)",
    "rate(-10 minutes)",
    "rate( 10 minutes )",
    " rate(10 minutes)",
    "at(2021-12-31T23:59:59Z)",
    "at(2021-12-31)",
    "at(2021-13-31T00:00:00)",
    "whenever",
  ])("%s is none", (expression) => expect(parseSchedule(expression)).toBeUndefined());

  it.each([
    ["rate(5 minutes)", "2026-11-25T10:00:30Z", ["2026-11-25T10:05:30Z", "2026-11-25T10:10:30Z"]],
    ["cron(0 18 ? * MON-FRI *)", "2026-11-27T18:00:00Z", ["2026-11-30T18:00:00Z", "2026-12-01T18:00:00Z"]],
    ["cron(0/20 8 ? * 2 *)", "2026-11-25T00:00:00Z", ["2026-11-30T08:00:00Z", "2026-11-30T08:20:00Z"]],
    ["cron(0 2 ? * SAT#3 *)", "2026-11-25T00:00:00Z", ["2026-12-19T02:00:00Z", "2027-01-16T02:00:00Z"]],
    ["cron(15 10 ? * 6L *)", "2026-11-25T00:00:00Z", ["2026-11-27T10:15:00Z", "2026-12-25T10:15:00Z"]],
    ["cron(0 0 L * ? *)", "2026-11-25T00:00:00Z", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"]],
    ["cron(0 12 1W 8 ? *)", "2026-11-25T00:00:00Z", ["2027-08-02T12:00:00Z", "2028-08-01T12:00:00Z"]],
    ["cron(0 5 1 JAN ? 2027)", "2026-11-25T00:00:00Z", ["2027-01-01T05:00:00Z"]],
  ])("%s after %s", (expression, after, expected) => {
    expect(runs(expression, after, 2)).toEqual(expected);
  });

  it("follows a time zone over daylight saving", () => {
    // Berlin goes back an hour on 2026-10-25 and forward on 2027-03-28.
    expect(runs("cron(30 2 * * ? *)", "2026-10-24T12:00:00Z", 2, "Europe/Berlin")).toEqual([
      "2026-10-25T00:30:00Z",
      "2026-10-26T01:30:00Z",
    ]);
    expect(runs("cron(30 2 * * ? *)", "2027-03-27T12:00:00Z", 2, "Europe/Berlin")).toEqual([
      "2027-03-28T01:00:00Z",
      "2027-03-29T00:30:00Z",
    ]);
    expect(runs("at(2026-12-01T09:00:00)", "2026-11-25T00:00:00Z", 2, "America/New_York")).toEqual([
      "2026-12-01T14:00:00Z",
    ]);
  });
});
