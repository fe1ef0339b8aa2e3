import { describe, expect, it } from "vitest";
import { codeAt, fromBase32, isCode, stepAt, toBase32 } from "./totp.ts";

/** https://www.rfc-editor.org/rfc/rfc6238#appendix-B, SHA-1 */
const vectors: [seconds: number, code: string][] = [
  [59, "94287082"],
  [1111111109, "07081804"],
  [1111111111, "14050471"],
  [1234567890, "89005924"],
  [2000000000, "69279037"],
  [20000000000, "65353130"],
];
const secret = Buffer.from("12345678901234567890");

describe("one-time passwords", () => {
  it.each(vectors)("at %d seconds", (seconds, code) => {
    const step = stepAt(seconds * 1000);
    expect(codeAt(secret, step, 8)).toBe(code);
    expect(isCode(secret, step, code.slice(2))).toBe(true);
    expect(isCode(secret, step + 1, code.slice(2))).toBe(false);
  });

  it("travel in Base32", () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 37 + length) & 0xff));
      expect(fromBase32(toBase32(bytes))).toEqual(bytes);
    }
    expect(toBase32(Buffer.from("foobar"))).toBe("MZXW6YTBOI");
    expect(() => fromBase32("1")).toThrow();
  });
});
