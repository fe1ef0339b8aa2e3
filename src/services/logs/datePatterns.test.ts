import { describe, expect, it } from "vitest";
import { formatDate, isDatePattern, parseDate } from "./datePatterns.ts";

const at = Date.UTC(2026, 10, 25, 15, 4, 5, 60);

describe("patterns of dates", () => {
  it.each([
    ["yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "2026-11-25T15:04:05.060Z"],
    ["EEE, dd MMM yyyy HH:mm:ss.SSS Z", "Wed, 25 Nov 2026 15:04:05.060 +0000"],
    ["EEEE d MMMM yy h:mm:ss.SSSSSS a", "Wednesday 25 November 26 3:04:05.060000 PM"],
  ])("%s reads what it writes", (pattern, text) => {
    expect(isDatePattern(pattern)).toBe(true);
    expect(formatDate(at, pattern, "UTC")).toBe(text);
    expect(parseDate(text, pattern)).toBe(at);
  });

  it("are read in a time zone, and to as many digits as they say", () => {
    expect(parseDate("2026-11-25 15:04:05.5", "yyyy-MM-dd HH:mm:ss.S", "Europe/Berlin")).toBe(
      Date.UTC(2026, 10, 25, 14, 4, 5, 500),
    );
    expect(parseDate("2026-11-25 15:04", "yyyy-MM-dd HH:mm:ss")).toBeUndefined();
    expect(isDatePattern("yyyy-QQ")).toBe(false);
  });
});
