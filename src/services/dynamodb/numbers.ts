import { validation } from "./words.ts";

/**
 * Numbers: up to 38 significant digits, magnitudes from 1E-130 to 9.99…E+125, exact.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
 */

const maxDigits = 38;
const maxMagnitude = 125;
const minMagnitude = -130;

/** digits × 10^(magnitude - digits.length + 1): "12.5" is 125 with magnitude 1. Zero has no digits. */
export interface Decimal {
  negative: boolean;
  /** Without leading or trailing zeros. */
  digits: string;
  /** Power of ten of the first digit. */
  magnitude: number;
}

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** Most numbers: already as they are answered. */
const plainInteger = /^(?:0|-?[1-9]\d{0,36})$/;

function notNumeric(text: string): Error {
  return validation(`The parameter cannot be converted to a numeric value${text === "" ? "" : `: ${text}`}`);
}

export function parseNumber(text: string): Decimal {
  const match = form.exec(text);
  const [, sign, whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || whole.length + fraction.length === 0) throw notNumeric(text);
  return checked(decimal(sign === "-", whole + fraction, whole.length - 1 + Number(exponent)));
}

/** From digits with zeros around them; `magnitude` is that of the first. */
function decimal(negative: boolean, written: string, magnitude: number): Decimal {
  const leading = /^0*/.exec(written)?.[0].length ?? 0;
  const digits = written.slice(leading).replace(/0+$/, "");
  if (digits === "") return { negative: false, digits, magnitude: 0 };
  return { negative, digits, magnitude: magnitude - leading };
}

const overflow = "Number overflow. Attempting to store a number with magnitude larger than supported range";

function checked(number: Decimal): Decimal {
  const { digits, magnitude } = number;
  if (magnitude > maxMagnitude) {
    throw validation(overflow);
  }
  if (magnitude < minMagnitude) {
    throw validation(
      "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    );
  }
  if (digits.length > maxDigits)
    throw validation("Attempting to store more than 38 significant digits in a Number");
  return number;
}

/** As AWS answers it: no exponent, no zeros that say nothing. */
export function formatNumber({ negative, digits, magnitude }: Decimal): string {
  if (digits === "") return "0";
  const sign = negative ? "-" : "";
  if (magnitude < 0) return `${sign}0.${"0".repeat(-magnitude - 1)}${digits}`;
  if (magnitude >= digits.length - 1) return `${sign}${digits.padEnd(magnitude + 1, "0")}`;
  return `${sign}${digits.slice(0, magnitude + 1)}.${digits.slice(magnitude + 1)}`;
}

export function normalNumber(text: string): string {
  return plainInteger.test(text) ? text : formatNumber(parseNumber(text));
}

export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [orderOf(a), orderOf(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Exact sum of two numbers; `sign` -1 subtracts the second. */
export function addNumbers(a: string, b: string, sign: 1 | -1 = 1): string {
  if (isSmall(a) && isSmall(b)) return String(Number(a) + sign * Number(b));
  const [x, y] = [parseNumber(a), parseNumber(b)];
  const scale = Math.min(scaleOf(x), scaleOf(y));
  const sum = scaled(x, scale) + BigInt(sign) * scaled(y, scale);
  const written = (sum < 0n ? -sum : sum).toString();
  const result = decimal(sum < 0n, written, written.length - 1 + scale);
  // AWS says so of a sum that cannot be exact.
  if (result.digits.length > maxDigits) throw validation(overflow);
  return formatNumber(checked(result));
}

/** Whole numbers whose sum a double holds exactly. */
function isSmall(text: string): boolean {
  return text.length <= 15 && plainInteger.test(text);
}

/** Power of ten of the last digit. */
function scaleOf({ digits, magnitude }: Decimal): number {
  return digits === "" ? 0 : magnitude - digits.length + 1;
}

function scaled(number: Decimal, scale: number): bigint {
  if (number.digits === "") return 0n;
  const value = BigInt(number.digits) * 10n ** BigInt(scaleOf(number) - scale);
  return number.negative ? -value : value;
}

const magnitudeOffset = 200;

/** A text whose order, by code points, is the order of the numbers. */
export function orderOf(text: string): string {
  const { negative, digits, magnitude } = parseNumber(text);
  if (digits === "") return "1";
  const body = String(magnitude + magnitudeOffset).padStart(3, "0") + digits;
  if (!negative) return `2${body}`;
  // Complemented, and ended by what is more than any digit: of two with a common start the longer is the lesser.
  return `0${body.replace(/\d/g, (digit) => String(9 - Number(digit)))}~`;
}
