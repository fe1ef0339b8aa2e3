/**
 * The position of an entry in its log: its time and its number, each of fixed width, so that positions sort as
 * the entries do and a span of time is a range of keys.
 */

/** Milliseconds with 15 digits reach the year 33658. */
const timeDigits = 15;
/** Entries are numbered by log; 14 digits are more than any log holds. */
const numberDigits = 14;
export const positionLength = timeDigits + 1 + numberDigits;
export const maxTimeMs = 10 ** timeDigits - 1;

const shape = new RegExp(`^\\d{${timeDigits}}-\\d{${numberDigits}}$`);

export function formatPosition(atMs: number, number: number): string {
  return `${String(atMs).padStart(timeDigits, "0")}-${String(number).padStart(numberDigits, "0")}`;
}

/** The time in a position. Throws RangeError for what is not a position. */
export function positionAt(position: string): number {
  if (!shape.test(position)) throw new RangeError("This is not a position in a log.");
  return Number(position.slice(0, timeDigits));
}

export function positionNumber(position: string): number {
  return Number(position.slice(timeDigits + 1));
}

/** Time as it may stand in a position. Throws RangeError for what is not a time. */
export function wholeTime(atMs: number): number {
  const whole = Math.floor(atMs);
  if (!(whole >= 0 && whole <= maxTimeMs))
    throw new RangeError("An entry's time is milliseconds since the epoch.");
  return whole;
}
