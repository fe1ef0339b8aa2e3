import { credentials } from "./identifiers/credentials.ts";
import { type Detector, detect, type Range } from "./identifiers/detector.ts";
import { documents } from "./identifiers/documents.ts";
import { financial } from "./identifiers/financial.ts";
import { health } from "./identifiers/health.ts";
import { personal } from "./identifiers/personal.ts";

/**
 * Sensitive data in texts, as the data protection policies of SNS and CloudWatch Logs name it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL-managed-data-identifiers.html
 *
 * What has a form is found by it, with check digits where there are some, and with a keyword within 30 characters
 * where AWS asks for one. Names and addresses have no form: `undetected` lists what may be named and is not found.
 */

export const identifierPrefix = "arn:aws:dataprotection::aws:data-identifier/";

const detectors = new Map<string, Detector>(
  Object.entries({ ...credentials, ...documents, ...financial, ...health, ...personal }),
);

const unformed = ["Address", "Name"];
const unknownLicenses = "AT AU BE BG CY CZ DK EE FI GR HR HU IE LT LU LV MT NL PL PT RO SE SI SK"
  .split(" ")
  .map((country) => `DriversLicense-${country}`);

/** ARNs of what a policy may name and nothing is found for: names, addresses, and licenses of some countries. */
export const undetected: ReadonlySet<string> = new Set(
  [...unformed, ...unknownLicenses].map((name) => identifierPrefix + name),
);

/** ARNs of all managed data identifiers of AWS, in the order of their names. */
export const managedIdentifiers: readonly string[] = [
  ...[...detectors.keys()].map((name) => identifierPrefix + name),
  ...undetected,
].sort();

const managed = new Set(managedIdentifiers);

export function isManagedIdentifier(arn: string): boolean {
  return managed.has(arn);
}

/** What a customer looks for: an expression of his own, by a name. */
export interface CustomIdentifier {
  name: string;
  findAll(text: string): Range[];
}

export interface Finding extends Range {
  /** The ARN of a managed identifier, or the name of a custom one. */
  identifier: string;
}

/**
 * All that is found of the given identifiers (ARNs, or custom ones), in the order of the text; those of several
 * identifiers may overlap. Positions are those of JavaScript's characters. Time is linear in the text's length.
 */
export function find(text: string, identifiers: readonly (string | CustomIdentifier)[]): Finding[] {
  const found: Finding[] = [];
  for (const identifier of new Set(identifiers)) {
    const name = typeof identifier === "string" ? identifier : identifier.name;
    for (const range of rangesOf(text, identifier)) found.push({ identifier: name, ...range });
  }
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

function rangesOf(text: string, identifier: string | CustomIdentifier): Range[] {
  if (typeof identifier !== "string") return identifier.findAll(text);
  const detector = identifier.startsWith(identifierPrefix)
    ? detectors.get(identifier.slice(identifierPrefix.length))
    : undefined;
  return detector === undefined ? [] : detect(text, detector);
}

/** The text, with each finding replaced: by as many masks as it has characters, or by nothing. */
export function withoutFindings(text: string, findings: readonly Range[], mask = ""): string {
  let result = "";
  let at = 0;
  for (const { start, end } of findings) {
    if (end <= at) continue;
    const from = Math.max(start, at);
    result += text.slice(at, from) + mask.repeat(end - from);
    at = end;
  }
  return result + text.slice(at);
}

/** Compiled expressions that are kept. */
const maxKept = 500;
const kept = new Map<string, Promise<CustomIdentifier | undefined>>();

/**
 * A custom identifier; undefined where its expression is none. Rust's engine runs it, in linear time whatever it says.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL-custom-data-identifiers.html
 */
export async function customIdentifier(name: string, source: string): Promise<CustomIdentifier | undefined> {
  const key = `${name}\n${source}`;
  const known = kept.get(key) ?? compileCustom(name, source);
  if (kept.size >= maxKept) kept.delete(kept.keys().next().value as string);
  kept.set(key, known);
  return await known;
}

async function compileCustom(name: string, source: string): Promise<CustomIdentifier | undefined> {
  const { RRegex } = await import("rregex");
  try {
    const engine = new RRegex(source);
    return { name, findAll: (text) => inCharacters(text, engine.findAll(text)) };
  } catch {
    return undefined;
  }
}

/** The engine counts bytes of UTF-8. */
function inCharacters(text: string, matches: readonly Range[]): Range[] {
  const found = matches.filter(({ start, end }) => end > start);
  const bytes = Buffer.from(text);
  if (bytes.length === text.length) return found.map(({ start, end }) => ({ start, end }));
  let byte = 0;
  let character = 0;
  const to = (target: number) => {
    character += bytes.toString("utf8", byte, target).length;
    byte = target;
    return character;
  };
  return found.map(({ start, end }) => ({ start: to(start), end: to(end) }));
}
