import { randomInt, timingSafeEqual } from "node:crypto";

/** Codes that are sent to users. */

const shortDigits = 6;
/** Of one-time passwords that are a first factor. */
export const longDigits = 8;

export function newCode(digits = shortDigits): string {
  return String(randomInt(10 ** digits)).padStart(digits, "0");
}

export function isSameCode(wanted: string, given: string): boolean {
  const [a, b] = [Buffer.from(wanted), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
