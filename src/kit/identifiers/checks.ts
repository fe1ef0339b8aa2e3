/** Check digits of the numbers that states, banks and makers give out. */

export function digitsOf(value: string): string {
  return value.replace(/\D/g, "");
}

/** Letters and digits alone, in capitals. */
export function compact(value: string): string {
  return value.replace(/[^A-Za-z0-9]/g, "").toUpperCase();
}

/** ISO/IEC 7812-1, annex B. */
export function luhn(value: string): boolean {
  const digits = digitsOf(value);
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && /[1-9]/.test(digits);
}

/** ISO 13616: the country and check digits moved behind, letters as numbers, modulo 97. */
export function iban(value: string): boolean {
  const text = compact(value);
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    for (const digit of Number.parseInt(char, 36).toString()) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1;
}

/** The sum of digits by weights; the rest of its division. */
export function weighted(digits: string, weights: readonly number[], modulus: number): number {
  return weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0) % modulus;
}

/** Ten digits of the NHS, of a personal health number: the last one is 11 less the weighted rest. */
export function modulo11(digits: string, weights: readonly number[]): boolean {
  const check = (11 - weighted(digits, weights, 11)) % 11;
  return check === Number(digits.at(-1));
}

/** Brazil's numbers end in two check digits, each of all before it. */
export function brazilian(value: string, length: 11 | 14): boolean {
  const digits = digitsOf(value);
  if (digits.length !== length || /^(\d)\1*$/.test(digits)) return false;
  const top = length === 11 ? 11 : 9;
  return [length - 2, length - 1].every((at) => {
    const weights = Array.from({ length: at }, (_, i) => 2 + ((at - 1 - i) % (top - 1)));
    const rest = weighted(digits, weights, 11);
    return Number(digits[at]) === (rest < 2 ? 0 : 11 - rest);
  });
}

/** The letter of a Spanish DNI, NIE or NIF. */
export function spanishLetter(value: string): boolean {
  const text = compact(value);
  const number = text.slice(0, -1).replace(/^[XYZKLM]/, (c) => ({ X: "0", Y: "1", Z: "2" })[c] ?? "");
  return "TRWAGMYFPDXBNJZSQVHLCKE"[Number(number) % 23] === text.at(-1);
}

/** A Spanish company's CIF: a letter, seven digits, and a digit or letter of control. */
export function spanishCompany(value: string): boolean {
  const text = compact(value);
  let sum = 0;
  for (let i = 0; i < 7; i += 1) {
    const digit = Number(text[i + 1]) * (i % 2 === 0 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  const control = (10 - (sum % 10)) % 10;
  return text[8] === String(control) || text[8] === "JABCDEFGHI"[control];
}

const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** The last letter of an Italian codice fiscale. */
export function codiceFiscale(value: string): boolean {
  const text = compact(value);
  let sum = 0;
  for (let i = 0; i < 15; i += 1) {
    const char = text[i] as string;
    const at = /\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65;
    sum += i % 2 === 0 ? (oddValues[at] as number) : at;
  }
  return text.charCodeAt(15) === 65 + (sum % 26);
}

/** ISO 7064, MOD 11,10: the German tax number's last digit. */
export function germanTax(value: string): boolean {
  const digits = digitsOf(value);
  let product = 10;
  for (const digit of digits.slice(0, 10)) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === Number(digits[10]);
}

/** A French social security number: 13 digits, Corsica's letters among them, and 97 less their rest. */
export function insee(value: string): boolean {
  const text = compact(value);
  const number = BigInt(text.slice(0, 13).replace("2A", "19").replace("2B", "18"));
  return 97n - (number % 97n) === BigInt(text.slice(13));
}

/** A registration of the Drug Enforcement Agency: two letters and seven digits. */
export function dea(value: string): boolean {
  const d = [...digitsOf(value)].map(Number) as [number, number, number, number, number, number, number];
  return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 === d[6];
}
