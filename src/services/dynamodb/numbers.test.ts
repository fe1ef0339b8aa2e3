import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addNumbers, compareNumbers, normalNumber, orderOf } from "./numbers.ts";

/** Numbers of up to 38 digits, as texts. */
const number = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 38n - 1n }), fc.integer({ min: -60, max: 60 }))
  .map(([negative, digits, exponent]) => `${negative ? "-" : ""}${digits}e${exponent}`);

describe("numbers", () => {
  it.each([
    ["0", "0"],
    ["-0", "0"],
    ["0.0", "0"],
    ["007", "7"],
    ["1.50", "1.5"],
    ["+3", "3"],
    [".5", "0.5"],
    ["5.", "5"],
    ["1e3", "1000"],
    ["1E-3", "0.001"],
    ["-12.340e1", "-123.4"],
    ["9.9999999999999999999999999999999999999E+125", `${"9".repeat(38)}${"0".repeat(88)}`],
    ["1E-130", `0.${"0".repeat(129)}1`],
  ])("%s is answered as %s", (given, shown) => {
    expect(normalNumber(given)).toBe(shown);
  });

  it.each([
    ["1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"],
    ["1e-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"],
    [`${"1".repeat(39)}`, "Attempting to store more than 38 significant digits in a Number"],
    ["dog", "The parameter cannot be converted to a numeric value: dog"],
    ["", "The parameter cannot be converted to a numeric value"],
    ["1 ", "The parameter cannot be converted to a numeric value: 1 "],
    ["NaN", "The parameter cannot be converted to a numeric value: NaN"],
  ])("%s is refused", (given, words) => {
    expect(() => normalNumber(given)).toThrow(words);
  });

  it("are added exactly", () => {
    expect(addNumbers("0.1", "0.2")).toBe("0.3");
    expect(addNumbers("99999999999999999999999999999999999999", "-1")).toBe(
      "99999999999999999999999999999999999998",
    );
    expect(addNumbers("1", "1", -1)).toBe("0");
    expect(() => addNumbers("1e50", "1")).toThrow("Number overflow");
  });

  it("have an order in keys that is theirs", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [x, y] = [normalNumber(a), normalNumber(b)];
        const scale = 10n ** 200n;
        const exact = (text: string) => {
          const [whole = "", fraction = ""] = text.replace("-", "").split(".");
          const value = (BigInt(whole + fraction) * scale) / 10n ** BigInt(fraction.length);
          return text.startsWith("-") ? -value : value;
        };
        const [m, n] = [exact(x), exact(y)];
        const order = m < n ? -1 : m > n ? 1 : 0;
        expect(compareNumbers(x, y)).toBe(order);
        expect(Math.sign(Buffer.compare(Buffer.from(orderOf(x)), Buffer.from(orderOf(y))))).toBe(order);
      }),
    );
  });
});
