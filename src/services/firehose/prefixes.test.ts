import { describe, expect, it } from "vitest";
import { isTimeZone, patternTime } from "./patternTime.ts";
import { deliveredPrefix, failedPrefix, keysNamed, parsePrefix, prefixProblem } from "./prefixes.ts";

/** 10:30 UTC on Aug 27, 2018, as in AWS's own examples. */
const timeMs = Date.UTC(2018, 7, 27, 10, 30, 5, 678);
const facts = { timeMs, zone: "UTC" };
const failedFacts = { ...facts, errorType: "processing-failed" as const };

describe("prefixes", () => {
  it.each([
    ["", "2018/08/27/10/"],
    ["myFirehosePrefix/", "myFirehosePrefix/2018/08/27/10/"],
    ["!{timestamp:yyyy/MM/dd}", "2018/08/27"],
    ["y=!{timestamp:yyyy}/m=!{timestamp:MM}/d=!{timestamp:dd}/h=!{timestamp:HH}/", "y=2018/m=08/d=27/h=10/"],
    ["!{timestamp:'year='yyyy'/day='DDD}/", "year=2018/day=239/"],
    ["!{timestamp:EEE d MMM yy, h:mm a}/", "Mon 27 Aug 18, 10:30 AM/"],
  ])("%s is delivered to %s", (prefix, expected) => {
    expect(deliveredPrefix(prefix, facts)).toBe(expected);
  });

  it.each([
    ["", undefined, "processing-failed/2018/08/27/10/"],
    ["mine/", undefined, "mine/processing-failed/2018/08/27/10/"],
    ["", "failures/!{firehose:error-output-type}/", "failures/processing-failed/"],
    ["", "e/!{timestamp:yyyy}/!{firehose:error-output-type}", "e/2018/processing-failed"],
    ["", "failures/", "failures/processing-failed/2018/08/27/10/"],
  ])("of %s and %s, failures go to %s", (prefix, errorPrefix, expected) => {
    expect(failedPrefix(prefix, errorPrefix, failedFacts)).toBe(expected);
  });

  it("are in the time zone that is asked for", () => {
    expect(deliveredPrefix("", { timeMs, zone: "Asia/Tokyo" })).toBe("2018/08/27/19/");
    expect(patternTime("yyyy-MM-dd HH:mm:ss.SSS VV", timeMs, "America/New_York")).toBe(
      "2018-08-27 06:30:05.678 America/New_York",
    );
    expect([isTimeZone("Europe/Berlin"), isTimeZone("Middle/Earth")]).toEqual([true, false]);
  });

  it("have partition keys and random texts", () => {
    const prefix = "c=!{partitionKeyFromQuery:customer}/!{partitionKeyFromLambda:year}/";
    expect(keysNamed(prefix, "partitionKeyFromQuery")).toEqual(["customer"]);
    const keys = { fromQuery: { customer: "7" }, fromLambda: { year: "2018" } };
    expect(deliveredPrefix(prefix, { ...facts, ...keys })).toBe("c=7/2018/");
    const random = deliveredPrefix(
      "!{firehose:random-string}/!{firehose:random-string}/!{timestamp:yyyy}",
      facts,
    );
    const [, one, other] = /^([a-z0-9]{11})\/([a-z0-9]{11})\/2018$/.exec(random) ?? [];
    expect(one).toBeDefined();
    expect(one).not.toBe(other);
  });

  it.each([
    [{ prefix: "a/!{timestamp:yyyy}" }, /ErrorOutputPrefix can't be null/],
    [{ prefix: "a/!{firehose:error-output-type}", errorPrefix: "e/" }, /Prefix can't contain/],
    [
      { prefix: "", errorPrefix: "e/!{timestamp:yyyy}" },
      /at least one instance of !\{firehose:error-output-type\}/,
    ],
    [{ prefix: "a!{b" }, /can only appear in/],
    [{ prefix: "!{nothing:x}", errorPrefix: "e/" }, /namespace nothing is not valid/],
    [{ prefix: "!{firehose:x}", errorPrefix: "e/" }, /value x is not valid/],
    [{ prefix: "!{partitionKeyFromQuery:a}/", errorPrefix: "e/" }, /only when Dynamic Partitioning/],
    [{ prefix: "a/", partitioned: true }, /must contain partitionKeyFromLambda or/],
    [
      { errorPrefix: "!{firehose:error-output-type}/!{partitionKeyFromQuery:a}", partitioned: true },
      /ErrorOutputPrefix can't contain/,
    ],
  ])("%o are refused", (rules, words) => {
    const {
      prefix,
      errorPrefix,
      partitioned = false,
    } = rules as {
      prefix?: string;
      errorPrefix?: string;
      partitioned?: boolean;
    };
    expect(prefixProblem({ prefix, errorPrefix, partitioned })).toMatch(words);
  });

  it("are fine otherwise", () => {
    const errorPrefix = "e/!{firehose:error-output-type}/";
    expect(
      prefixProblem({ prefix: "a/!{timestamp:yyyy}/", errorPrefix, partitioned: false }),
    ).toBeUndefined();
    expect(parsePrefix("a/!{timestamp:'}'yyyy}/b")).toEqual([
      { text: "a/" },
      { namespace: "timestamp", value: "'}'yyyy" },
      { text: "/b" },
    ]);
  });
});
