import { describe, expect, it } from "vitest";
import { effectivePolicy, problemOf } from "./effective.ts";

const tags = (settings: object) => JSON.stringify({ tags: settings });
const merged = (...levels: object[]) => {
  const text = effectivePolicy(levels.map((level) => [tags(level)]));
  return text === undefined ? undefined : (JSON.parse(text) as { tags: Record<string, unknown> }).tags;
};

const center = (value: object, rest: object = {}) => ({
  costcenter: { tag_key: { "@@assign": "CostCenter" }, tag_value: value, ...rest },
});
const values = (tag_value: string[]) => ({ costcenter: { tag_key: "CostCenter", tag_value } });

describe("an effective policy", () => {
  it("takes what the levels below assign, append and remove", () => {
    const top = center({ "@@assign": ["100", "200"] });
    expect(merged(top)).toEqual(values(["100", "200"]));
    expect(merged(top, center({ "@@append": ["200", "300"] }))).toEqual(values(["100", "200", "300"]));
    expect(merged(top, center({ "@@remove": ["100", "900"] }))).toEqual(values(["200"]));
    expect(merged(top, center({ "@@assign": ["500"] }))).toEqual(values(["500"]));
    expect(merged(top, { costcenter: { tag_key: { "@@assign": "Costcenter" } } })).toEqual({
      costcenter: { tag_key: "Costcenter", tag_value: ["100", "200"] },
    });
  });

  it("leaves out what the levels above have forbidden, which none below gives back", () => {
    const locked = { "@@operators_allowed_for_child_policies": ["@@none"] };
    const open = { "@@operators_allowed_for_child_policies": ["@@all"] };
    const onlyMore = { "@@assign": ["100"], "@@operators_allowed_for_child_policies": ["@@append"] };
    expect(merged(center(onlyMore), center({ "@@assign": ["9"] }), center({ "@@append": ["200"] }))).toEqual(
      values(["100", "200"]),
    );
    const closed = center({ "@@assign": ["100"], ...locked });
    expect(merged(closed, center(open), center({ "@@append": ["200"] }))).toEqual(values(["100"]));
    expect(
      merged({ ...locked, ...center({ "@@assign": ["100"] }) }, { team: { tag_key: { "@@assign": "T" } } }),
    ).toEqual(values(["100"]));
  });

  it("does not bind the level that forbids", () => {
    const first = tags(center({ "@@assign": ["1"], "@@operators_allowed_for_child_policies": ["@@none"] }));
    const second = tags({ costcenter: { tag_value: { "@@append": ["2"] } } });
    expect(JSON.parse(effectivePolicy([[first, second]]) ?? "")).toEqual({ tags: values(["1", "2"]) });
  });

  it("is none where nothing is set", () => {
    expect(effectivePolicy([[], []])).toBeUndefined();
    expect(merged({})).toBeUndefined();
  });

  it("takes names for what they are", () => {
    const text =
      '{"tags":{"__proto__":{"tag_key":{"@@assign":"x"}},"constructor":{"tag_key":{"@@assign":"y"}}}}';
    expect(effectivePolicy([[text]])).toBe(
      '{"tags":{"__proto__":{"tag_key":"x"},"constructor":{"tag_key":"y"}}}',
    );
  });
});

describe("a document", () => {
  it.each([
    ["{", "it is no JSON"],
    ["[]", "it is no object"],
    ['{"plans":{}}', "it has plans, where only tags belongs"],
    ['{"tags":[]}', "tags is no object"],
    ['{"tags":{"a":{"tag_key":"x"}}}', "tag_key has a value without an operator"],
    ['{"tags":{"a":{"tag_value":{"@@append":"x"}}}}', "@@append takes a list"],
    ['{"tags":{"a":{"tag_value":{"@@merge":["x"]}}}}', "there is no operator @@merge"],
    [
      '{"tags":{"@@operators_allowed_for_child_policies":"@@none"}}',
      "@@operators_allowed_for_child_policies is no list of operators",
    ],
    [`{"tags":${'{"a":'.repeat(50)}{}${"}".repeat(50)}}`, "it is nested too deeply"],
  ])("%s: %s", (content, problem) => {
    expect(problemOf(content, "tags")).toBe(problem);
  });

  it("may set nothing", () => {
    expect(problemOf('{"tags":{}}', "tags")).toBeUndefined();
  });
});
