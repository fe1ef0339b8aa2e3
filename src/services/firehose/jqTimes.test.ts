import { describe, expect, it } from "vitest";
import { strftime, strptime } from "./jqTimes.ts";
import { compileQuery } from "./partitioning.ts";

const run = (query: string, input: unknown) => [...(compileQuery(query)?.(input) ?? [])];

describe("times in queries", () => {
  it("are written as strftime does", () => {
    // Fri Aug 9 2019, 20:33:47 UTC: AWS's own example.
    expect(strftime("%Y-%m-%d %H:%M:%S %j %a %b %p %%", 1565382027)).toBe(
      "2019-08-09 20:20:27 221 Fri Aug PM %",
    );
  });

  it("are read as strptime does", () => {
    expect(strptime("%Y-%m-%dT%H:%M:%SZ", "2015-03-05T23:51:47Z")).toEqual([2015, 2, 5, 23, 51, 47, 4, 63]);
    expect(() => strptime("%Y", "nothing")).toThrow(TypeError);
  });

  it("work within queries", () => {
    expect(run('.t | strftime("%Y/%m")', { t: 1565382027 })).toEqual(["2019/08"]);
    expect(run('strptime("%Y-%m-%dT%H:%M:%SZ") | mktime', "2015-03-05T23:51:47Z")).toEqual([1425599507]);
    expect(run("gmtime | mktime", 1425599507)).toEqual([1425599507]);
    expect(
      run('{year: (.t | strftime("%Y")), device: .type.device}', { t: 0, type: { device: "d" } }),
    ).toEqual([{ year: "1970", device: "d" }]);
  });

  it("are not all that is checked: definitions, which would be everybody's, are refused", () => {
    expect(compileQuery("def tostring: 1; .")).toBeUndefined();
    expect(compileQuery("{a: .b")).toBeUndefined();
  });
});
